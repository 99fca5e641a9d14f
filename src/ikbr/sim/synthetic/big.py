"""A large tape at once, for measuring speed."""

from __future__ import annotations

import numpy as np

from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import Kind, Tape
from ikbr.sim.synthetic.draws import NORMAL_SCALE, Draws, key_of

_LOWEST = 50_000
START_NS = 1_772_461_800 * 10**9
"""2026-03-02 09:30 in New York."""
DAY_NS = 23_400 * 10**9


def big_tape(rows: int, symbols: int = 1, seed: int = 7) -> Tape:
    """Make one session of random quotes and prints, half and half.

    Prices walk on a cent grid with a spread of one cent; prints happen at the bid or the ask.

    Args:
        rows: How many rows.
        symbols: How many instruments, dealt at random.
        seed: Which of many possible tapes.

    Returns:
        A tape of exactly so many rows.
    """
    draws = Draws(key_of(seed, "big"))
    word = draws.words(rows)
    step = max(DAY_NS // max(rows, 1), 1)
    jitter = (word >> np.uint64(40)).astype(np.int64) % step
    ts = START_NS + np.arange(rows, dtype=np.int64) * step + jitter
    sym = ((word & np.uint64(0xFFFF)) * np.uint64(symbols) >> np.uint64(16)).astype(np.int16)
    is_print = (word >> np.uint64(16) & np.uint64(1)).astype(np.bool_)
    side = (word >> np.uint64(17) & np.uint64(1)).astype(np.int32)
    move = draws.normals(rows) * 30 // NORMAL_SCALE
    bid = np.empty(rows, np.int32)
    last = np.empty(rows, np.int32)
    for number in range(symbols):
        own = np.flatnonzero(sym == number) if symbols > 1 else slice(None)
        moves = np.where(is_print[own], 0, move[own])
        level = (1_000_000 * (number + 1) + np.cumsum(moves)) // 100
        bid[own] = np.maximum(level, _LOWEST // 100) * 100
        last[own] = _carry(bid[own] + 100 * side[own], is_print[own])
    lot = np.full(rows, 500, np.int32)
    return Tape(
        tuple(Instrument(symbol=f"SYN{number}") for number in range(symbols)),
        ts=ts,
        sym=sym,
        kind=np.where(is_print, np.uint8(Kind.PRINT), np.uint8(Kind.QUOTE)),
        bid=bid,
        ask=bid + np.int32(100),
        last=last,
        bid_size=lot,
        ask_size=lot,
        size=np.where(is_print, 100, 0),
    )


def _carry(
    price: np.ndarray[tuple[int], np.dtype[np.int32]],
    is_print: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Show the newest print on every row; before the first, the price of row 0."""
    newest = np.where(is_print, np.arange(len(price)), 0)
    return price[np.maximum.accumulate(newest)]
