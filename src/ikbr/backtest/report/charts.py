"""The series that the report's charts draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ikbr.backtest.analytics.drawdown import drawdowns
from ikbr.backtest.report.sampling import Floats, Nanos, keep_extremes, wall_ms
from ikbr.backtest.report.wording import Words, decimals
from ikbr.domain.order import Fill

if TYPE_CHECKING:
    from ikbr.backtest.result import BacktestResult

POINTS = 3_500
"""Most points of a series, before those at fills are added."""

MARKERS = 1_500
"""Most markers on one price chart."""


def chart_data(result: BacktestResult, words: Words) -> dict[str, Any]:
    """Collect what the charts draw.

    Args:
        result: What a backtest gave.
        words: For the time zone.

    Returns:
        Plain values: `equity` and `drawdown` (percent, 0 or below) as packed series, None with
        fewer than two points; `prices` by symbol with `series`, `markers` and `decimals`.
    """
    known = np.isfinite(result.equity)
    times = np.asarray(result.equity_ts, dtype=np.int64)[known]
    values = np.asarray(result.equity, dtype=np.float64)[known]
    fallen = -100.0 * drawdowns(np.concatenate(([result.capital], values)))[1:]
    return {
        "zone": words.zone,
        "currency": words.currency,
        "capital": round(result.capital, 2),
        "equity": packed(times, values, words.zone, 2),
        "drawdown": packed(times, fallen, words.zone, 4),
        "prices": [
            drawn
            for symbol in result.symbols
            if (drawn := _price_chart(result, symbol, words)) is not None
        ],
    }


def packed(ts_ns: Nanos, values: Floats, zone: str, digits: int) -> dict[str, Any] | None:
    """Pack a series: the first time and the steps between times, ms on the wall clock.

    Args:
        ts_ns: Times, never decreasing, ns UTC.
        values: Finite values.
        zone: Of the wall clock.
        digits: Decimal places to keep.

    Returns:
        `first`, `steps` and `values`; None with fewer than two different times.
    """
    return _pack(*_thinned(ts_ns, values), zone, digits)


def _thinned(ts_ns: Nanos, values: Floats) -> tuple[Nanos, Floats]:
    places = keep_extremes(values, POINTS)
    return ts_ns[places], values[places]


def _pack(ts_ns: Nanos, values: Floats, zone: str, digits: int) -> dict[str, Any] | None:
    clock = wall_ms(ts_ns, zone)
    if not len(clock):
        return None
    # A chart wants rising times: the last value of a millisecond stands for it, and the hour
    # that autumn's clock shows twice is drawn once.
    last = np.append(clock[1:] != clock[:-1], True)
    clock, values = clock[last], values[last]
    rising = clock >= np.maximum.accumulate(clock)
    clock, values = clock[rising], values[rising]
    clock, first = np.unique(clock, return_index=True)
    if len(clock) < 2:
        return None
    return {
        "first": int(clock[0]),
        "steps": np.diff(clock).tolist(),
        "values": np.round(values[first], digits).tolist(),
    }


def _price_chart(result: BacktestResult, symbol: str, words: Words) -> dict[str, Any] | None:
    path = result.prices.get(symbol)
    if path is None:
        return None
    known = np.isfinite(path.price)
    times, prices = path.ts_ns[known], path.price[known]
    fills = [fill for fill in result.fills if fill.symbol == symbol]
    shown = fills if len(fills) <= MARKERS else _spread(fills, MARKERS)
    scale = result.instruments[symbol].price_scale
    places = decimals([*prices[:2000].tolist(), *(f.price for f in shown)], 2, len(str(scale)) - 1)
    series = _pack(*_with_fills(times, prices, shown), words.zone, places)
    if series is None:
        return None
    return {
        "symbol": symbol,
        "decimals": places,
        "series": series,
        "markers": _markers(shown, words.zone),
        "fills": len(fills),
    }


def _spread(fills: Sequence[Fill], count: int) -> list[Fill]:
    places = np.linspace(0, len(fills) - 1, count).astype(np.int64)
    return [fills[place] for place in places]


def _with_fills(times: Nanos, prices: Floats, fills: Sequence[Fill]) -> tuple[Nanos, Floats]:
    """Thin the prices out and add a point at every fill, so that its marker stands right."""
    thin_times, thin_prices = _thinned(times, prices)
    if not fills:
        return thin_times, thin_prices
    at = np.array([fill.ts_ns for fill in fills], dtype=np.int64)
    before = np.searchsorted(times, at, side="right") - 1
    paid = np.array([fill.price for fill in fills], dtype=np.float64)
    there = prices[np.maximum(before, 0)] if len(prices) else paid
    there = np.where(before >= 0, there, paid)
    all_times = np.concatenate((thin_times, at))
    order = np.argsort(all_times, kind="stable")
    return all_times[order], np.concatenate((thin_prices, there))[order]


def _markers(fills: Sequence[Fill], zone: str) -> list[list[float]]:
    """Give time (ms on the wall clock), side, quantity and price of each fill."""
    clock = wall_ms(np.array([fill.ts_ns for fill in fills], dtype=np.int64), zone)
    return [
        [int(at), int(fill.side), fill.quantity, fill.price]
        for at, fill in zip(clock.tolist(), fills, strict=True)
    ]
