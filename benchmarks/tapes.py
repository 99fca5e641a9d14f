"""Synthetic tapes of any length whose statistics do not change with it.

A price that wanders off makes a threshold in per cent mean something else every million rows. So
here each price is pulled back to 100 dollars: orders and signals per 1,000 rows are the same on
1 M, 5 M, 20 M and 100 M rows, and the first rows of a long tape are the rows of a short one.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from case import COLUMNS

from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import CorporateAction, Tape, TapeSource

TYPES = ("i8", "i2", "u1", "i4", "i4", "i4", "i4", "i4", "i8")

STEP_NS = 4_680_000
DAY_ROWS = 5_000_000
"""So many rows of that step make a session of six and a half hours."""
FIRST_DAY = dt.date(2026, 3, 2)
CENT = 100
"""A cent in price units (1/10,000 dollar)."""

MEAN_CENTS = 10_000.0
MOVE_CENTS = 0.33
"""Standard deviation of the move that a quote brings."""
CALM_CENTS = 0.05
"""The same on a calm tape, for a market maker: most quotes change the displayed size only."""
CALM_LOTS = 400
"""Lots displayed on a calm tape besides the 1 to 9 that change; BAC shows about as many."""
PULL = 1e-4
"""Share of the distance to the mean that a quote takes back."""

THRESHOLDS = {"some": 0.00035, "dense": 0.00025, "none": 0.5}
"""Momentum over 20 prices that gives about 1, about 6 and no orders per 1,000 rows. Half a cent
of a price near 100 dollars: no price of the tape stands just at it."""


def sessions(rows: int) -> tuple[Session, ...]:
    """List the sessions that so many rows take: weekdays, 5 M rows each.

    Args:
        rows: How many.
    """
    zone = ZoneInfo("America/New_York")
    found: list[Session] = []
    day = FIRST_DAY
    while len(found) * DAY_ROWS < rows:
        if day.weekday() < 5:
            start = dt.datetime.combine(day, dt.time(9, 30), zone)
            open_ns = int(start.timestamp()) * 10**9
            found.append(Session(day, open_ns, open_ns + DAY_ROWS * STEP_NS))
        day += dt.timedelta(days=1)
    return tuple(found)


class SteadySource:
    """Deliver a steady tape piece by piece, one session each; it is a `TapeSource`."""

    synthetic = True
    has_quotes = True
    resolution = "tick"

    def __init__(self, rows: int, symbols: int = 1, *, seed: int = 7, calm: bool = False) -> None:
        """Describe a tape; nothing is made yet.

        Args:
            rows: How many.
            symbols: How many instruments, dealt at random.
            seed: Which of many possible tapes.
            calm: Whether prices move little and displayed sizes are large.
        """
        self.move, self.lots = (CALM_CENTS, CALM_LOTS) if calm else (MOVE_CENTS, 0)
        self.rows = rows
        self.seed = seed
        self.instruments = tuple(Instrument(symbol=f"SYN{n}") for n in range(symbols))
        self.sessions = sessions(rows)
        self.actions: tuple[CorporateAction, ...] = ()

    def chunks(self) -> Iterator[Tape]:
        """Make the sessions, one after the other."""
        fill = _fill()
        symbols = len(self.instruments)
        words = np.array([self.seed * 2_654_435_761 + 88_172_645_463_325_252], np.uint64)
        level = np.full(symbols, MEAN_CENTS)
        standing = np.zeros((symbols, 5), np.int64)
        standing[:] = (MEAN_CENTS * CENT, MEAN_CENTS * CENT + CENT, MEAN_CENTS * CENT, 500, 500)
        for number, session in enumerate(self.sessions):
            count = min(DAY_ROWS, self.rows - number * DAY_ROWS)
            columns = {n: np.empty(count, kind) for n, kind in zip(COLUMNS, TYPES, strict=True)}
            fill(words, level, standing, self.move, self.lots, session.open_ns, *columns.values())
            yield Tape(self.instruments, **columns)


def make_tape(rows: int, folder: Path, symbols: int = 1, *, calm: bool = False) -> Path:
    """Write a steady tape as plain arrays, which every peer can read without ikbr.

    Args:
        rows: How many.
        folder: Where to put it.
        symbols: How many instruments.
        calm: Whether prices move little and displayed sizes are large.

    Returns:
        The folder of the tape: one `.npy` per column and `tape.json`.
    """
    place = folder / f"tape-{rows}-{symbols}"
    place.mkdir()
    source = SteadySource(rows, symbols, calm=calm)
    write_pieces(place, rows, source.chunks())
    describe(place, source, rows=rows, thresholds=THRESHOLDS, digits=2)
    return place


def write_pieces(place: Path, rows: int, pieces: Iterator[Tape]) -> None:
    """Write the columns of a tape; memory holds one piece at a time."""
    files = {
        name: np.lib.format.open_memmap(place / f"{name}.npy", "w+", np.dtype(kind), (rows,))
        for name, kind in zip(COLUMNS, TYPES, strict=True)
    }
    start = 0
    for piece in pieces:
        for name, file in files.items():
            file[start : start + len(piece)] = getattr(piece, name)
        start += len(piece)
    for file in files.values():
        file.flush()


def describe(place: Path, source: TapeSource, **about: Any) -> None:
    """Write what the columns do not say."""
    about["symbols"] = [one.symbol for one in source.instruments]
    about["price_scale"] = source.instruments[0].price_scale
    about["sessions"] = [(str(s.date), s.open_ns, s.close_ns) for s in source.sessions]
    about["synthetic"] = source.synthetic
    about["bytes"] = sum((place / f"{name}.npy").stat().st_size for name in COLUMNS)
    (place / "tape.json").write_text(json.dumps(about))


@functools.cache
def _fill() -> Callable[..., None]:
    from numba import njit

    @njit
    def word(words: Any) -> Any:
        x = words[0]
        x ^= x << np.uint64(13)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
        words[0] = x
        return x * np.uint64(2_685_821_657_736_338_717)

    @njit
    def normal(words: Any) -> Any:
        # Twelve sums of a uniform number, from three words.
        total = 0
        for _ in range(3):
            w = word(words)
            for shift in (0, 16, 32, 48):
                total += np.int64((w >> np.uint64(shift)) & np.uint64(0xFFFF))
        return total / 65_536.0 - 6.0

    @njit
    def fill(  # noqa: PLR0913, PLR0917
        words: Any, level: Any, standing: Any, move: Any, lots: Any, start: Any, ts: Any, sym: Any,
        kind: Any,
        bid: Any, ask: Any, last: Any, bid_size: Any, ask_size: Any, size: Any,
    ) -> None:  # fmt: skip
        for row in range(len(ts)):
            w = word(words)
            s = np.int64((w & np.uint64(0xFFFF)) * np.uint64(len(level)) >> np.uint64(16))
            is_print = np.int64(w >> np.uint64(16)) & 1
            now = standing[s]
            if is_print:
                now[2] = now[np.int64(w >> np.uint64(17)) & 1]
                size[row] = 100 * (1 + np.int64(w >> np.uint64(20)) % 3)
            else:
                level[s] += move * normal(words) + PULL * (MEAN_CENTS - level[s])
                now[0] = np.int64(np.floor(level[s])) * CENT
                now[1] = now[0] + CENT
                now[3] = 100 * (1 + lots + np.int64(w >> np.uint64(20)) % 9)
                now[4] = 100 * (1 + lots + np.int64(w >> np.uint64(30)) % 9)
                size[row] = 0
            jitter = np.int64(w >> np.uint64(40)) % (STEP_NS - 1)
            ts[row] = start + row * STEP_NS + jitter
            sym[row] = s
            kind[row] = is_print
            bid[row], ask[row], last[row] = now[0], now[1], now[2]
            bid_size[row], ask_size[row] = now[3], now[4]

    return fill
