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


def excursions_from_prices(
    trips: Sequence[RoundTrip],
    ts_ns: Nanos,
    prices: Floats,
    multiplier: float = 1.0,
    splits: Sequence[Split] = (),
) -> list[Excursion]:
    """Measure round trips in one instrument along its prices.

    The largest quantity held is taken for the whole trip; the average entry and exit prices
    belong to the path, so prices may be a sample.

    Args:
        trips: Closed round trips.
        ts_ns: Times of the prices, never decreasing, ns UTC.
        prices: Prices from then on.
        multiplier: Money per price point and unit of quantity.
        splits: Splits; prices before one are turned into those of the new shares.

    Returns:
        The excursions of each.

    Source: J. Sweeney, "Campaign Trading" (1996), maximum adverse and favourable excursion.
    """
    lows, highs = _extremes(trips, ts_ns, prices, splits)
    found = []
    for trip, low, high in zip(trips, lows, highs, strict=True):
        ends = min(low, trip.exit_price), max(high, trip.exit_price)
        worst, best = ends if trip.direction > 0 else ends[::-1]
        scale = trip.max_quantity * multiplier
        lost = trip.direction * (trip.entry_price - worst) * scale
        won = trip.direction * (best - trip.entry_price) * scale
        found.append(_excursion(lost, won, trip.entry_price * scale))
    return found


def _extremes(
    trips: Sequence[RoundTrip], ts_ns: Nanos, prices: Floats, splits: Sequence[Split]
) -> tuple[list[float], list[float]]:
    """Find the lowest and highest price during each trip; infinite where none is known."""
    entries = np.array([trip.entry_ts_ns for trip in trips], dtype=np.int64)
    exits = np.array([trip.exit_ts_ns for trip in trips], dtype=np.int64)
    firsts = np.searchsorted(ts_ns, entries)
    lasts = np.searchsorted(ts_ns, exits + 1)
    own = [split for split in splits if trips and split.symbol == trips[0].symbol]
    if own:
        spans = zip(trips, firsts.tolist(), lasts.tolist(), strict=True)
        windows = [_in_new_shares(trip, ts_ns[a:b], prices[a:b], own) for trip, a, b in spans]
        lows = [float(np.min(window, initial=np.inf)) for window in windows]
        return lows, [float(np.max(window, initial=-np.inf)) for window in windows]
    known, none = np.isfinite(prices), firsts >= lasts
    # Even places begin a trip's prices, odd ones end them; one more price ends the last.
    bounds = np.column_stack((firsts, lasts)).ravel()
    low = np.minimum.reduceat(np.append(np.where(known, prices, np.inf), np.inf), bounds)[::2]
    high = np.maximum.reduceat(np.append(np.where(known, prices, -np.inf), -np.inf), bounds)[::2]
    low[none], high[none] = np.inf, -np.inf
    return low.tolist(), high.tolist()


def _in_new_shares(
    trip: RoundTrip, ts_ns: Nanos, prices: Floats, splits: Sequence[Split]
) -> Floats:
    window = np.array(prices, dtype=np.float64)
    for split in splits:
        if split.ts_ns <= trip.exit_ts_ns:
            window[: int(np.searchsorted(ts_ns, split.ts_ns))] *= split.old / split.new
    return window[np.isfinite(window)]


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

    Source: see `excursions_from_prices`.
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
    found: dict[int, Excursion] = {}
    by_symbol: dict[str, list[int]] = {}
    for number, trip in enumerate(trips):
        by_symbol.setdefault(trip.symbol, []).append(number)
    for symbol, numbers in by_symbol.items():
        scale = money.get(symbol, 1.0)
        own = [trips[number] for number in numbers]
        series = prices.get(symbol)
        if series is not None:
            measured = excursions_from_prices(own, *series, scale, splits)
            found.update(zip(numbers, measured, strict=True))
            continue
        for number, trip in zip(numbers, own, strict=True):
            begun = int(np.searchsorted(starts, trip.exit_ts_ns, side="left"))
            over = int(np.searchsorted(ends, trip.entry_ts_ns, side="right"))
            if begun - over == 1:
                found[number] = excursion_from_equity(trip, *path, scale)
    return [found.get(number) for number in range(len(trips))]


def _excursion(adverse: float, favourable: float, notional: float) -> Excursion:
    adverse, favourable = max(0.0, adverse), max(0.0, favourable)
    return Excursion(
        adverse,
        favourable,
        ratio(adverse, abs(notional)),
        ratio(favourable, abs(notional)),
    )
