"""The result per symbol and per strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec
import numpy as np

from ikbr.backtest.analytics.costs import Costs, costs_of
from ikbr.backtest.analytics.inputs import SummaryInputs
from ikbr.backtest.analytics.trip_stats import TripStats, trip_stats
from ikbr.domain.order import Fill
from ikbr.domain.round_trips import OpenTrip, RoundTrip, RoundTrips

Item = TypeVar("Item")


class Breakdown(msgspec.Struct, frozen=True):
    """Hold the part of one symbol or one strategy; money in the account's currency.

    Attributes:
        name: Of the symbol or strategy.
        fills: How many.
        net_pnl: Profit after commissions, open positions at their last mark.
        gross_pnl: Profit before commissions.
        costs: What its fills cost.
        trips: Statistics of its closed round trips.
        open_position: Whether anything was held at the end.
    """

    name: str
    fills: int
    net_pnl: float
    gross_pnl: float
    costs: Costs
    trips: TripStats
    open_position: bool


def last_marks(inputs: SummaryInputs) -> dict[str, float]:
    """Give the price at which open positions are valued.

    Args:
        inputs: The record of the run.

    Returns:
        The mark per symbol; where none was passed, the price of the symbol's last fill.
    """
    marks = {fill.symbol: fill.price for fill in inputs.fills}
    marks.update({symbol: mark for symbol, mark in inputs.marks.items() if np.isfinite(mark)})
    return marks


def breakdown(
    inputs: SummaryInputs,
    trips: RoundTrips,
    name_of: Callable[[Fill | RoundTrip | OpenTrip], str],
) -> tuple[Breakdown, ...]:
    """Split a run by something that fills and round trips have in common.

    Args:
        inputs: The record of the run.
        trips: Its round trips.
        name_of: What to split by: the symbol or the strategy of each.

    Returns:
        One part per name, in order of the names.
    """
    marks = last_marks(inputs)
    fills = _grouped(inputs.fills, name_of)
    closed = _grouped(trips.closed, name_of)
    still_open = _grouped(trips.open, name_of)
    return tuple(
        _part(inputs, name, fills[name], closed.get(name, []), still_open.get(name, []), marks)
        for name in sorted(fills)
    )


def _grouped(items: Iterable[Item], name_of: Callable[[Item], str]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(name_of(item), []).append(item)
    return groups


def _part(
    inputs: SummaryInputs,
    name: str,
    fills: Sequence[Fill],
    closed: Sequence[RoundTrip],
    still_open: Sequence[OpenTrip],
    marks: dict[str, float],
) -> Breakdown:
    fx = inputs.fx
    profits = np.array([t.net_pnl * fx.get(t.symbol, 1.0) for t in closed], dtype=np.float64)
    held = np.array([trip.held_ns for trip in closed], dtype=np.float64)
    open_pnl = sum(t.net_pnl(marks[t.symbol]) * fx.get(t.symbol, 1.0) for t in still_open)
    net = float(np.sum(profits)) + open_pnl
    costs = costs_of(fills, inputs.multipliers, fx)
    return Breakdown(
        name=name,
        fills=len(fills),
        net_pnl=net,
        gross_pnl=net + costs.fees,
        costs=costs,
        trips=trip_stats(profits, held),
        open_position=bool(still_open),
    )
