"""How far round trips went against and in favour of the position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from ikbr.backtest.analytics.defined import Floats, Nanos, ratio
from ikbr.domain.round_trips import RoundTrip, Split


class Excursion(msgspec.Struct, frozen=True):
    """Hold the extremes of one round trip.

    Attributes:
        adverse: Maximum adverse excursion (MAE): the largest open loss, money, 0 or more.
        favourable: Maximum favourable excursion (MFE): the largest open profit, 0 or more.
        adverse_fraction, favourable_fraction: The same over the notional at entry.
    """

    adverse: float
    favourable: float
    adverse_fraction: float | None
    favourable_fraction: float | None


def excursion_from_prices(
    trip: RoundTrip,
    ts_ns: Nanos,
    prices: Floats,
    multiplier: float = 1.0,
    splits: Sequence[Split] = (),
) -> Excursion:
    """Measure a round trip along the prices of its instrument.

    The largest quantity held is taken for the whole trip; the average entry and exit prices
    belong to the path, so prices may be a sample.

    Args:
        trip: A closed round trip.
        ts_ns: Times of the prices, never decreasing, ns UTC.
        prices: Prices from then on.
        multiplier: Money per price point and unit of quantity.
        splits: Splits; prices before one are turned into those of the new shares.

    Returns:
        Its excursions.

    Source: J. Sweeney, "Campaign Trading" (1996), maximum adverse and favourable excursion.
    """
    first, last = np.searchsorted(ts_ns, (trip.entry_ts_ns, trip.exit_ts_ns + 1))
    window = np.array(prices[first:last], dtype=np.float64)
    for split in splits:
        if split.symbol == trip.symbol and split.ts_ns <= trip.exit_ts_ns:
            before = int(np.searchsorted(ts_ns[first:last], split.ts_ns))
            window[:before] *= split.old / split.new
    window = np.append(window[np.isfinite(window)], trip.exit_price)
    moves = trip.direction * (window - trip.entry_price)
    scale = trip.max_quantity * multiplier
    return _excursion(
        -float(np.min(moves)) * scale,
        float(np.max(moves)) * scale,
        trip.entry_price * scale,
    )


def excursion_from_equity(
    trip: RoundTrip, ts_ns: Nanos, equity: Floats, multiplier: float = 1.0
) -> Excursion:
    """Measure a round trip that was alone in the market along the account's equity.

    Args:
        trip: A closed round trip during which nothing else was held.
        ts_ns: Times of the equity path, never decreasing, ns UTC.
        equity: Account value from then on; what it was before the trip is the zero.
        multiplier: Money per price point and unit of quantity.

    Returns:
        Its excursions, commissions included.

    Source: see `excursion_from_prices`.
    """
    first, last = np.searchsorted(ts_ns, (trip.entry_ts_ns, trip.exit_ts_ns + 1))
    start = float(equity[max(int(first) - 1, 0)])
    moves = np.append(np.asarray(equity[first:last], dtype=np.float64) - start, 0.0)
    notional = trip.entry_price * trip.max_quantity * multiplier
    return _excursion(-float(np.min(moves)), float(np.max(moves)), notional)


def excursions_of(
    trips: Sequence[RoundTrip],
    intervals: Sequence[tuple[int, int]],
    path: tuple[Nanos, Floats],
    prices: Mapping[str, tuple[Nanos, Floats]],
    money: Mapping[str, float],
    splits: Sequence[Split] = (),
) -> list[Excursion | None]:
    """Measure every round trip as well as the record allows.

    Args:
        trips: Closed round trips.
        intervals: Beginnings and ends of every trip, open ones too.
        path: Times and values of the account's equity.
        prices: Times and prices per symbol; may be empty.
        money: Account currency per price point and unit of quantity, by symbol; 1 if missing.
        splits: Splits that were booked.

    Returns:
        One per trip: from prices if there are any, else from equity if nothing else was held
        meanwhile, else None.
    """
    starts = np.sort(np.array([start for start, _ in intervals], dtype=np.int64))
    ends = np.sort(np.array([end for _, end in intervals], dtype=np.int64))
    found: list[Excursion | None] = []
    for trip in trips:
        scale = money.get(trip.symbol, 1.0)
        series = prices.get(trip.symbol)
        if series is not None:
            found.append(excursion_from_prices(trip, *series, scale, splits))
            continue
        begun = int(np.searchsorted(starts, trip.exit_ts_ns, side="left"))
        over = int(np.searchsorted(ends, trip.entry_ts_ns, side="right"))
        alone = begun - over == 1
        found.append(excursion_from_equity(trip, *path, scale) if alone else None)
    return found


def _excursion(adverse: float, favourable: float, notional: float) -> Excursion:
    adverse, favourable = max(adverse, 0.0), max(favourable, 0.0)
    return Excursion(
        adverse,
        favourable,
        ratio(adverse, abs(notional)),
        ratio(favourable, abs(notional)),
    )
