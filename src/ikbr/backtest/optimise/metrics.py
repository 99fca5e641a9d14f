"""The figures of a run that a sweep compares, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from ikbr.backtest.analytics.summary import Summary
    from ikbr.backtest.result import BacktestResult

_WHOLE = (
    "net_pnl",
    "gross_pnl",
    "commission",
    "final_equity",
    "total_return",
    "cagr",
    "calmar",
    "max_drawdown",
    "exposure",
    "turnover",
    "average_mae",
    "average_mfe",
    "sessions",
    "fill_count",
    "open_positions",
)
_RISK = (
    "volatility",
    "sharpe",
    "sortino",
    "omega",
    "probabilistic_sharpe",
    "value_at_risk",
    "expected_shortfall",
    "tail_ratio",
    "ulcer_index",
)
_COSTS = ("spread", "latency", "slippage", "total")

LOWER_IS_BETTER = frozenset(
    {
        "commission",
        "max_drawdown",
        "volatility",
        "value_at_risk",
        "expected_shortfall",
        "ulcer_index",
        "turnover",
        "longest_losing_streak",
        *(f"cost_{name}" for name in _COSTS),
    }
)
"""Figures of which less is better (all are positive numbers)."""


def metric_names() -> tuple[str, ...]:
    """Name all figures, in the order of `metrics_of`."""
    from ikbr.backtest.analytics.trip_stats import TripStats

    trips = ("trips" if name == "count" else name for name in TripStats.__struct_fields__)
    return (*_WHOLE, *_RISK, *trips, *(f"cost_{name}" for name in _COSTS), "orders", "refused")


def metrics_of(result: BacktestResult) -> dict[str, float | None]:
    """Take the figures out of a result.

    Args:
        result: What a backtest gave.

    Returns:
        Every figure that is a number, by name; undefined ones are None. Money is in the
        account's currency, fractions are fractions, `max_drawdown` is positive.
    """
    assert result.summary is not None
    orders, refused = len(result.orders), sum(result.refused.values())
    return summary_metrics(result.summary) | {"orders": orders, "refused": refused}


def summary_metrics(summary: Summary) -> dict[str, float | None]:
    """Take the figures out of a summary; `metrics_of` adds what only the engine counts."""
    found: dict[str, float | None] = {name: getattr(summary, name) for name in _WHOLE}
    found |= {name: getattr(summary.risk, name) for name in _RISK}
    trips = msgspec.structs.asdict(summary.trips)
    found |= {"trips" if name == "count" else name: value for name, value in trips.items()}
    return found | {f"cost_{name}": getattr(summary.costs, name) for name in _COSTS}
