"""Risk and return per period: which periods, and what they say."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np

from ikbr.backtest.analytics import ratios, returns, tails
from ikbr.backtest.analytics.defined import Floats
from ikbr.backtest.analytics.drawdown import ulcer_index
from ikbr.backtest.analytics.inputs import SummaryInputs

Basis = Literal["sessions", "buckets", "none"]


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the numbers that come from returns per period; undefined ones are None.

    Attributes:
        basis: Which returns: those of "sessions" when there are at least two, of "buckets"
            (equal stretches of the one session), or "none".
        label: The same in words, to stand beside the numbers.
        periods: How many returns.
        periods_per_year: What they were annualised with.
        volatility, sharpe, sortino: Per year.
        omega: Gains over losses, per period.
        probabilistic_sharpe: Probability that the true Sharpe ratio is above 0.
        value_at_risk, expected_shortfall: Loss per period at 5 %, a positive fraction.
        tail_ratio: Size of good periods over that of bad ones.
        ulcer_index: Root of the mean squared drawdown, a fraction.
    """

    basis: Basis = "none"
    label: str = ""
    periods: int = 0
    periods_per_year: float | None = None
    volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    omega: float | None = None
    probabilistic_sharpe: float | None = None
    value_at_risk: float | None = None
    expected_shortfall: float | None = None
    tail_ratio: float | None = None
    ulcer_index: float | None = None


class Periods(msgspec.Struct, frozen=True):
    """Hold the equity series that ratios are computed from.

    Attributes:
        basis: Where it comes from.
        label: The same in words.
        equity: Values at equal steps, the capital first.
        per_year: Steps per year; None without steps.
    """

    basis: Basis
    label: str
    equity: Floats
    per_year: float | None


def periods_of(inputs: SummaryInputs) -> Periods:
    """Choose the returns that risk is measured with.

    Two sessions or more: one return per session, 252 a year. One session: equal stretches of
    the clock (5 minutes), as many a year as 252 sessions of that length hold; such numbers
    describe one day and are labelled so.

    Args:
        inputs: The record of the run.

    Returns:
        The equity series and how to annualise it.

    Source: sampling and annualisation, A. W. Lo, "The Statistics of Sharpe Ratios", Financial
    Analysts Journal 58 (2002).
    """
    ends = [equity for _, equity in inputs.session_end_equity if math.isfinite(equity)]
    if len(ends) >= 2:
        return Periods(
            "sessions",
            f"returns of {len(ends)} sessions, annualised with 252 a year",
            np.array([inputs.capital, *ends], dtype=np.float64),
            returns.SESSIONS_PER_YEAR,
        )
    times, values = inputs.path()
    minutes = inputs.bucket_s / 60
    sampled = returns.bucket_equity(
        times[1:], values[1:], inputs.capital, inputs.bucket_s * 1_000_000_000
    )
    if len(sampled) < 3:
        label = "none: less than two sessions and less than two equity samples"
        return Periods("none", label, np.array([inputs.capital]), None)
    seconds = inputs.session_hours * 3600
    if inputs.sessions:
        seconds = (inputs.sessions[0][1] - inputs.sessions[0][0]) / 1e9
    per_session = max(seconds / inputs.bucket_s, 1.0)
    return Periods(
        "buckets",
        f"{minutes:g}-minute equity samples of one session, annualised with 252 × "
        f"{per_session:g} a year; one day says little about a year",
        sampled,
        returns.SESSIONS_PER_YEAR * per_session,
    )


def risk_of(inputs: SummaryInputs) -> Risk:
    """Measure risk and return per period.

    Args:
        inputs: The record of the run.

    Returns:
        The numbers with the basis they stand on.

    Source: see `ratios`, `tails` and `drawdown`.
    """
    chosen = periods_of(inputs)
    if chosen.per_year is None:
        return Risk(label=chosen.label)
    per_year = chosen.per_year
    steps = returns.simple_returns(chosen.equity)
    return Risk(
        basis=chosen.basis,
        label=chosen.label,
        periods=len(steps),
        periods_per_year=per_year,
        volatility=returns.annual_volatility(steps, per_year),
        sharpe=ratios.sharpe(steps, per_year),
        sortino=ratios.sortino(steps, per_year),
        omega=ratios.omega(steps),
        probabilistic_sharpe=ratios.probabilistic_sharpe(steps),
        value_at_risk=tails.value_at_risk(steps),
        expected_shortfall=tails.expected_shortfall(steps),
        tail_ratio=tails.tail_ratio(steps),
        ulcer_index=ulcer_index(chosen.equity),
    )
