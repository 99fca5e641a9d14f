"""All numbers of a run in one value."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from ikbr.backtest.analytics import drawdown as dd
from ikbr.backtest.analytics import ratios, returns
from ikbr.backtest.analytics.breakdown import Breakdown, breakdown
from ikbr.backtest.analytics.by_algorithm import AlgorithmCosts, by_algorithm
from ikbr.backtest.analytics.costs import Costs, costs_of
from ikbr.backtest.analytics.defined import BROKE, Floats, Nanos, finite, ratio
from ikbr.backtest.analytics.excursions import Excursion, excursions_of
from ikbr.backtest.analytics.exposure import exposure, market_intervals, traded_notional
from ikbr.backtest.analytics.inputs import SummaryInputs
from ikbr.backtest.analytics.monthly import MonthlyRow, monthly_table
from ikbr.backtest.analytics.risk import Risk, risk_of
from ikbr.backtest.analytics.trip_stats import TripStats, trip_stats
from ikbr.domain.round_trips import RoundTrip, RoundTrips, round_trips


class TripRecord(msgspec.Struct, frozen=True):
    """Show one closed round trip in a report; money in the account's currency.

    Attributes:
        trip: The round trip, in its instrument's currency.
        net_pnl: Profit after commissions.
        held_s: Time held, seconds.
        return_fraction: Net profit over the notional of its entries.
        excursion: How far it went; None where the record does not tell.
    """

    trip: RoundTrip
    net_pnl: float
    held_s: float
    return_fraction: float | None
    excursion: Excursion | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a run was worth. Undefined numbers are None; money in the account's currency.

    Attributes:
        capital, final_equity, net_pnl: Account value at start and end, and the difference.
        gross_pnl: Net profit before commissions.
        commission: All fees.
        total_return, cagr: Fractions; CAGR needs two sessions (252 a year).
        risk: Volatility, Sharpe and what else comes from returns per period, with its basis.
        calmar: CAGR over the deepest drawdown.
        max_drawdown: Of the whole equity path, a positive fraction.
        drawdown: When it was and how long it lasted.
        exposure: Share of the time in the market.
        turnover: Bought and sold notional over the average equity.
        average_mae, average_mfe: Mean excursions, fractions of the notional at entry.
        costs, trips, round_trips, by_symbol, by_strategy, by_algorithm, monthly: See their types.
        sessions, fill_count, open_positions: Counts.
    """

    capital: float
    final_equity: float
    net_pnl: float
    gross_pnl: float
    commission: float
    total_return: float | None
    cagr: float | None
    risk: Risk
    calmar: float | None
    max_drawdown: float
    drawdown: dd.Drawdown
    exposure: float | None
    turnover: float | None
    average_mae: float | None
    average_mfe: float | None
    costs: Costs
    trips: TripStats
    round_trips: tuple[TripRecord, ...]
    by_symbol: tuple[Breakdown, ...]
    by_strategy: tuple[Breakdown, ...]
    by_algorithm: tuple[AlgorithmCosts, ...]
    monthly: tuple[MonthlyRow, ...]
    sessions: int
    fill_count: int
    open_positions: int

    @property
    def sharpe(self) -> float | None:
        """The annualised Sharpe ratio; `risk.label` says of which returns."""
        return self.risk.sharpe


def summarise(inputs: SummaryInputs) -> Summary:
    """Compute all numbers of a run.

    Args:
        inputs: The record of the run.

    Returns:
        The numbers, each finite or None, ready for JSON.

    Source: see the functions that compute each number.
    """
    times, values = inputs.path()
    final = _final_equity(inputs, values)
    trips = round_trips(inputs.fills, inputs.multipliers, inputs.splits)
    costs = costs_of(inputs.fills, inputs.multipliers, inputs.fx)
    fallen = dd.deepest(times, values)
    sessions = len(inputs.session_end_equity)
    growth = (
        returns.cagr(inputs.capital, final, sessions / returns.SESSIONS_PER_YEAR)
        if sessions >= 2
        else None
    )
    records = _records(inputs, trips, (times, values))
    spans = inputs.sessions or ((inputs.first_ts, inputs.last_ts),)
    notional = traded_notional(inputs.fills, inputs.multipliers, inputs.fx)
    mean_equity = finite(float(np.mean(values)))
    found = [record.excursion for record in records if record.excursion is not None]
    return Summary(
        capital=inputs.capital,
        final_equity=final,
        net_pnl=final - inputs.capital,
        gross_pnl=final - inputs.capital + costs.fees,
        commission=costs.fees,
        total_return=returns.total_return(inputs.capital, final),
        cagr=growth,
        calmar=ratios.calmar(growth, fallen.depth),
        max_drawdown=fallen.depth,
        drawdown=fallen,
        exposure=exposure(market_intervals(trips, inputs.last_ts), spans),
        turnover=ratio(notional, mean_equity if mean_equity and mean_equity > BROKE else None),
        average_mae=_mean([e.adverse_fraction for e in found]),
        average_mfe=_mean([e.favourable_fraction for e in found]),
        costs=costs,
        trips=trip_stats(
            np.array([record.net_pnl for record in records], dtype=np.float64),
            np.array([record.trip.held_ns for record in records], dtype=np.float64),
        ),
        round_trips=records,
        by_symbol=breakdown(inputs, trips, lambda item: item.symbol),
        by_strategy=breakdown(inputs, trips, lambda item: item.strategy),
        by_algorithm=by_algorithm(inputs.fills, inputs.algorithms, inputs.multipliers, inputs.fx),
        monthly=monthly_table(inputs.capital, inputs.session_end_equity),
        sessions=sessions,
        fill_count=len(inputs.fills),
        open_positions=len(trips.open),
        risk=risk_of(inputs),
    )


def _final_equity(inputs: SummaryInputs, values: Floats) -> float:
    """Take the end of the path; of the sessions where no path was recorded."""
    ends = [equity for _, equity in inputs.session_end_equity if math.isfinite(equity)]
    if len(values) == 1 and ends:
        return ends[-1]
    return float(values[-1])


def _records(
    inputs: SummaryInputs, trips: RoundTrips, path: tuple[Nanos, Floats]
) -> tuple[TripRecord, ...]:
    intervals = [(trip.entry_ts_ns, trip.exit_ts_ns) for trip in trips.closed]
    intervals += [(trip.entry_ts_ns, inputs.last_ts) for trip in trips.open]
    money = {
        trip.symbol: inputs.multipliers.get(trip.symbol, 1) * inputs.fx.get(trip.symbol, 1.0)
        for trip in trips.closed
    }
    measured = excursions_of(trips.closed, intervals, path, inputs.prices, money, inputs.splits)
    return tuple(
        _record(trip, inputs.fx.get(trip.symbol, 1.0), excursion)
        for trip, excursion in zip(trips.closed, measured, strict=True)
    )


def _record(trip: RoundTrip, fx: float, excursion: Excursion | None) -> TripRecord:
    return TripRecord(
        trip=trip,
        net_pnl=trip.net_pnl * fx,
        held_s=trip.held_ns / 1e9,
        return_fraction=trip.return_fraction,
        excursion=excursion,
    )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return ratio(sum(known), len(known))
