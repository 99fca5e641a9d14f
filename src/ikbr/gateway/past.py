"""The past: what was played lately, for bars and ticks of history. The future is never looked at.

Source: IBKR, "Historical bars": whatToShow; BID_ASK bars open and close with time-average bid and
ask, here with the first and last of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.gateway.player import Player

PRICES = ("TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST")
"""What can be shown."""

Ints = NDArray[np.int64]


class Rows(NamedTuple):
    """Hold rows of one instrument: times, kinds, prices in price units, sizes."""

    ts: Ints
    kind: Ints
    bid: Ints
    ask: Ints
    last: Ints
    bid_size: Ints
    ask_size: Ints
    size: Ints

    def prints(self) -> Rows:
        """Keep what was traded."""
        kept = (self.kind >= Kind.PRINT) & (self.kind <= Kind.AUCTION) & (self.last != NO_PRICE)
        return Rows(*(column[kept] for column in self))

    def quotes(self, *, sizes: bool = True) -> Rows:
        """Keep where a quote with both sides changed.

        Args:
            sizes: Whether a change of its sizes alone counts.
        """
        there = (self.bid != NO_PRICE) & (self.ask != NO_PRICE)
        rows = Rows(*(column[there] for column in self))
        if not len(rows.ts):
            return rows
        state = np.stack((rows.bid, rows.ask, rows.bid_size, rows.ask_size)[: 4 if sizes else 2])
        changed = np.ones(len(rows.ts), bool)
        changed[1:] = (state[:, 1:] != state[:, :-1]).any(axis=0)
        return Rows(*(column[changed] for column in rows))


class PastBar(NamedTuple):
    """Hold one bar over `[start_ns, start_ns + span)`; prices in price units (may be halves)."""

    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    wap: float
    prints: int


def rows_of(player: Player, number: int, start_ns: int, end_ns: int) -> Rows:
    """Cut out what was played of an instrument in `[start_ns, end_ns)`, as far as it is kept."""
    return joined([rows_in(*piece, number, start_ns, end_ns) for piece in player.past()])


def rows_in(tape: Tape, stop: int, number: int, start_ns: int, end_ns: int) -> Rows:
    """Cut rows of an instrument in `[start_ns, end_ns)` out of the first `stop` of a tape."""
    first, last = np.searchsorted(tape.ts[:stop], (start_ns, end_ns)).tolist()
    kept = np.flatnonzero(tape.sym[first:last] == number) + first
    columns = (tape.ts, tape.kind, tape.bid, tape.ask, tape.last, tape.bid_size,
               tape.ask_size, tape.size)  # fmt: skip
    return Rows(*(column[kept].astype(np.int64) for column in columns))


def joined(parts: Sequence[Rows]) -> Rows:
    """Put rows behind each other."""
    if not parts:
        return Rows(*(np.zeros(0, np.int64) for _ in Rows._fields))
    return Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def bars_of(rows: Rows, span_ns: int, show: str) -> list[PastBar]:
    """Put rows together to bars on the grid of their length; empty ones are left out.

    Args:
        rows: Of one instrument.
        span_ns: Length of a bar.
        show: One of `PRICES`.
    """
    if show in {"TRADES", "ADJUSTED_LAST"}:
        rows = rows.prints()
        low = high = rows.last.astype(np.float64)
        volume = rows.size
    else:
        rows = rows.quotes()
        bid, ask = rows.bid.astype(np.float64), rows.ask.astype(np.float64)
        middle = (bid + ask) / 2
        low, high = {"BID": (bid, bid), "ASK": (ask, ask), "BID_ASK": (bid, ask)}.get(
            show, (middle, middle)
        )
        volume = np.zeros(len(rows.ts), np.int64)
    if not len(rows.ts):
        return []
    # The rows of a bar on the tape stand at its end, which is the start of the next.
    inner = (rows.kind > Kind.BAR_OPEN) & (rows.kind <= Kind.BAR_CLOSE)
    bucket = (rows.ts - inner) // span_ns
    starts = np.flatnonzero(np.concatenate(([True], bucket[1:] != bucket[:-1])))
    stops = np.concatenate((starts[1:], [len(bucket)]))
    value = np.add.reduceat(high * volume, starts)
    volumes = np.add.reduceat(volume, starts)
    highs, lows = np.maximum.reduceat(high, starts), np.minimum.reduceat(low, starts)
    bars = []
    for n, (a, b) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        total = int(volumes[n])
        close = float(high[b - 1])
        bars.append(
            PastBar(
                int(bucket[a]) * span_ns,
                float(low[a]),
                float(highs[n]),
                float(lows[n]),
                close,
                total,
                float(value[n]) / total if total else close,
                b - a if total else 0,
            )
        )
    return bars
