"""Quotes and prints around a hidden fair price: what an exchange would have shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ikbr.domain.session import Session
from ikbr.domain.tape import PrintFlag
from ikbr.sim.synthetic.draws import Draws, Ints
from ikbr.sim.synthetic.path import MINUTE_S, ONE, day_curve

SECOND_NS = 10**9
CENT = 10_000
"""Millionths in a cent."""
UNITS_PER_CENT = 100
"""Price units in a cent, at 10,000 units per 1.0."""

_LOTS = np.repeat(
    np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50]),
    np.array([82, 52, 34, 22, 17, 12, 10, 9, 6, 5, 4, 2, 1]),
)
"""Round lots of 100 by 8 random bits."""
_WIDER = np.repeat(np.array([0, 1, 2]), np.array([188, 54, 14]))
"""Cents added to the spread by 8 random bits."""
_ODD_SHARE = 92
"""Prints of 256 that are odd lots."""
_TURN_SHARE = 96
"""Prints of 256 on the other side of the market than the print before."""
_INSIDE_SHARE = 24
"""Prints of 256 that happen inside a spread that leaves room."""


@dataclass(frozen=True, slots=True)
class SyntheticTicks:
    """Hold one instrument's made-up day; prices in units of a hundredth of a cent."""

    quote_ts: Ints
    bid: NDArray[np.int32]
    ask: NDArray[np.int32]
    bid_size: NDArray[np.int32]
    ask_size: NDArray[np.int32]
    print_ts: Ints
    price: NDArray[np.int32]
    size: Ints
    flags: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Halt:
    """Say from when to when dealing stops, ns UTC (`[start, end)`)."""

    start: int
    end: int


def event_times(draws: Draws, session: Session, factor: Ints, count: int) -> Ints:
    """Scatter events over a session, more of them where the day is busy or volatile.

    Args:
        draws: Randomness.
        session: The trading day.
        factor: Volatility of each minute, 16 binary places.
        count: How many.

    Returns:
        Times in order, whole microseconds after the open.
    """
    weight = day_curve(len(factor)) * np.clip(factor, ONE // 2, 3 * ONE) >> 6
    ends = np.cumsum(weight)
    total = int(ends[-1])
    # The draw has 48 bits so that times do not pile up on few values.
    draw = (draws.words(count) >> np.uint64(16)).astype(np.int64)
    share = (draw >> 24) * total + ((draw & (1 << 24) - 1) * total >> 24)
    share.sort()
    at = np.searchsorted(ends << 24, share, side="right")
    within = share - ((ends[at] - weight[at]) << 24)
    micros = (within // weight[at]) * (MINUTE_S * 1_000_000) >> 24
    ts: Ints = session.open_ns + at * (MINUTE_S * SECOND_NS) + micros * 1000
    return ts


def make_ticks(
    draws: Draws,
    session: Session,
    path: Ints,
    factor: Ints,
    *,
    rows: int,
    spread: int,
    halt: Halt | None = None,
) -> SyntheticTicks:
    """Show a fair price as quotes and prints.

    The day starts and ends with an auction print; so does dealing after a halt.

    Args:
        draws: Randomness.
        session: The trading day.
        path: Fair price at the start of each second and at the end, millionths.
        factor: Volatility of each minute, 16 binary places.
        rows: About how many quotes and prints.
        spread: Smallest usual spread, cents.
        halt: When dealing stops, if it does.

    Returns:
        Quotes and prints in order of time.
    """
    quote_ts = event_times(draws, session, factor, rows * 11 // 20)
    print_ts = event_times(draws, session, factor, rows - len(quote_ts))
    print_ts = np.maximum(print_ts, session.open_ns + 1000)
    quote_ts = np.concatenate(([session.open_ns], quote_ts))
    special = [(session.open_ns, PrintFlag.AUCTION), (session.close_ns - 1, PrintFlag.AUCTION)]
    if halt is not None:
        again = halt.end + 1000
        quote_ts = _outside(quote_ts, halt.start, again, keep=again)
        print_ts = _outside(print_ts, halt.start, again)
        special += [
            (halt.start, PrintFlag.HALT),
            (halt.end, PrintFlag.RESUME),
            (again, PrintFlag.AUCTION),
        ]
    bid, width, bid_size, ask_size = _quotes(draws, session, path, factor, quote_ts, spread)
    print_ts = np.concatenate(([ts for ts, _ in special], print_ts))
    order = np.argsort(print_ts, kind="stable")
    flags = np.zeros(len(order), np.uint8)
    flags[: len(special)] = [flag for _, flag in special]
    print_ts, flags = print_ts[order], flags[order]
    standing = np.searchsorted(quote_ts, print_ts, side="right") - 1
    price, size = _prints(draws, bid[standing], width[standing])
    auction = flags == PrintFlag.AUCTION
    size[auction] = 100 * (rows // 50 + draws.below(rows // 50 + 1, int(auction.sum())))
    for at in np.flatnonzero(flags & (PrintFlag.HALT | PrintFlag.RESUME)).tolist():
        price[at], size[at] = price[at - 1], 0
    return SyntheticTicks(
        quote_ts,
        (bid * UNITS_PER_CENT).astype(np.int32),
        ((bid + width) * UNITS_PER_CENT).astype(np.int32),
        bid_size,
        ask_size,
        print_ts,
        (price * UNITS_PER_CENT).astype(np.int32),
        size,
        flags,
    )


def _outside(ts: Ints, start: int, end: int, keep: int | None = None) -> Ints:
    """Leave out `[start, end]`, putting one moment in its place."""
    before, after = ts[ts < start], ts[ts > end]
    return np.concatenate((before, [] if keep is None else [keep], after)).astype(np.int64)


def _quotes(
    draws: Draws, session: Session, path: Ints, factor: Ints, ts: Ints, spread: int
) -> tuple[Ints, Ints, NDArray[np.int32], NDArray[np.int32]]:
    """Give bids and spreads in cents and displayed sizes in shares."""
    micros = (ts - session.open_ns) // 1000
    second = micros // 1_000_000
    fair = path[second] + (path[second + 1] - path[second]) * (micros % 1_000_000) // 1_000_000
    word = draws.words(len(ts))
    excited = factor[second // MINUTE_S] > ONE * 3 // 2
    width = spread + _WIDER[_byte(word, 0)] + excited
    bid = np.maximum((2 * fair - (width - 1) * CENT) // (2 * CENT), 1)
    lots = (100 * _LOTS).astype(np.int32)
    return bid, width, lots[_byte(word, 1)], lots[_byte(word, 2)]


def _prints(draws: Draws, bid: Ints, width: Ints) -> tuple[Ints, Ints]:
    """Give prices in cents and sizes in shares of prints against standing quotes.

    Source: Lillo and Farmer, "The long memory of the efficient market" (2004), for the sides.
    """
    word = draws.words(len(bid))
    # Buyers follow buyers: the side of prints changes only now and then.
    side = np.cumsum(_byte(word, 0) < _TURN_SHARE) & 1
    room = np.maximum(width - 1, 1)
    inside = (_byte(word, 1) < _INSIDE_SHARE) & (width > 1)
    price = np.where(inside, bid + 1 + _byte(word, 2) % room, bid + side * width)
    odd = 1 + (_byte(word, 4) * 99 >> 8)
    size = np.where(_byte(word, 3) < _ODD_SHARE, odd, 100 * _LOTS[_byte(word, 5)])
    return price, size


def _byte(word: NDArray[np.uint64], number: int) -> Ints:
    return (word >> np.uint64(8 * number) & np.uint64(255)).astype(np.int64)
