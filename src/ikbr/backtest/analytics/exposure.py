"""How long the money was at work and how often it was turned over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ikbr.backtest.analytics.defined import Nanos, ratio
from ikbr.domain.order import Fill
from ikbr.domain.round_trips import RoundTrips


def market_intervals(trips: RoundTrips, last_ts: int) -> list[tuple[int, int]]:
    """List the stretches during which any strategy held anything.

    Args:
        trips: What was held, from flat to flat.
        last_ts: Where an open position is cut off, ns UTC.

    Returns:
        Beginnings and ends in order, without overlaps.
    """
    spans = [(trip.entry_ts_ns, trip.exit_ts_ns) for trip in trips.closed]
    spans += [(trip.entry_ts_ns, max(trip.entry_ts_ns, last_ts)) for trip in trips.open]
    intervals: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if intervals and start <= intervals[-1][1]:
            intervals[-1] = (intervals[-1][0], max(end, intervals[-1][1]))
        else:
            intervals.append((start, end))
    return intervals


def exposure(
    intervals: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]
) -> float | None:
    """Give the share of the time during which a position was held.

    Args:
        intervals: When something was held, in order, without overlaps, ns.
        spans: The time that counts (the sessions), ns.

    Returns:
        A fraction of the time; None if no time counts.

    Source: time in market, weighted by time.

    >>> exposure([(0, 10), (50, 70)], [(0, 40), (60, 100)])
    0.25
    """
    total = sum(end - start for start, end in spans)
    if not intervals:
        return 0.0 if total > 0 else None
    starts = np.array([start for start, _ in intervals], dtype=np.int64)
    ends = np.array([end for _, end in intervals], dtype=np.int64)
    before = np.concatenate(([0], np.cumsum(ends - starts)))

    def held_until(at: Nanos) -> Nanos:
        place = np.searchsorted(starts, at, side="right")
        running = np.where(place > 0, np.maximum(ends[place - 1] - at, 0), 0)
        held: Nanos = before[place] - running
        return held

    opens = np.array([start for start, _ in spans], dtype=np.int64)
    closes = np.array([end for _, end in spans], dtype=np.int64)
    return ratio(float(np.sum(held_until(closes) - held_until(opens))), total)


def traded_notional(
    fills: Sequence[Fill], multipliers: Mapping[str, float], fx: Mapping[str, float]
) -> float:
    """Add up what was bought and sold.

    Args:
        fills: Any fills.
        multipliers: Units of the underlying per contract by symbol; 1 where missing.
        fx: Account currency per unit of the symbol's currency; 1 where missing.

    Returns:
        Money in the account's currency; turnover is this over the average equity.
    """
    return float(
        sum(
            abs(fill.price)
            * fill.quantity
            * multipliers.get(fill.symbol, 1)
            * fx.get(fill.symbol, 1.0)
            for fill in fills
        )
    )
