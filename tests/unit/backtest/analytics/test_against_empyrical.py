"""Ratios agree with empyrical-reloaded on any returns."""

from __future__ import annotations

import math
import warnings

import empyrical
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ikbr.backtest.analytics import drawdown, ratios, returns, tails

RETURNS = st.lists(st.floats(-0.2, 0.25), min_size=3, max_size=60).map(
    lambda values: np.array([round(value, 5) for value in values])
)


def reference(function, *args, **kwargs) -> float:
    """Call empyrical, which warns of its own about pandas and about dividing by zero."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(function(*args, **kwargs))


def same(ours: float | None, theirs: float) -> None:
    if ours is None:
        assert not math.isfinite(theirs)
    else:
        assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-10)


@given(RETURNS)
def test_volatility_sharpe_and_sortino_are_the_same(values: np.ndarray) -> None:
    assume(np.ptp(values) > 1e-4)
    same(returns.annual_volatility(values), reference(empyrical.annual_volatility, values))
    same(ratios.sharpe(values), reference(empyrical.sharpe_ratio, values))
    same(ratios.sortino(values), reference(empyrical.sortino_ratio, values))


@given(RETURNS, st.sampled_from([0.0, 0.0001]))
def test_sharpe_and_sortino_over_a_target_are_the_same(values: np.ndarray, target: float) -> None:
    assume(np.ptp(values) > 1e-4)
    same(
        ratios.sharpe(values, risk_free=target),
        reference(empyrical.sharpe_ratio, values, risk_free=target),
    )
    same(
        ratios.sortino(values, target=target),
        reference(empyrical.sortino_ratio, values, required_return=target),
    )


@given(RETURNS)
def test_omega_is_the_same(values: np.ndarray) -> None:
    theirs = reference(empyrical.omega_ratio, values)
    same(ratios.omega(values), theirs)


@given(RETURNS, st.sampled_from([0.01, 0.05, 0.25]))
def test_value_at_risk_and_expected_shortfall_are_the_same_losses(
    values: np.ndarray, level: float
) -> None:
    ours = tails.value_at_risk(values, level)
    assert ours == pytest.approx(-reference(empyrical.value_at_risk, values, level), abs=1e-12)
    ours = tails.expected_shortfall(values, level)
    theirs = reference(empyrical.conditional_value_at_risk, values, level)
    assert ours == pytest.approx(-theirs, abs=1e-12)


@given(RETURNS)
def test_the_tail_ratio_is_the_same(values: np.ndarray) -> None:
    assume(abs(np.percentile(values, 5)) > 1e-6)
    same(tails.tail_ratio(values), reference(empyrical.tail_ratio, values))


@given(RETURNS)
def test_growth_drawdown_and_calmar_are_the_same(values: np.ndarray) -> None:
    equity = 100.0 * np.concatenate(([1.0], np.cumprod(1.0 + values)))
    depth = drawdown.max_drawdown(equity)
    growth = returns.cagr(100.0, equity[-1], len(values) / 252)
    total = returns.total_return(100.0, equity[-1])
    same(total, reference(empyrical.cum_returns_final, values))
    same(depth, -reference(empyrical.max_drawdown, values))
    same(growth, reference(empyrical.annual_return, values))
    assume(depth > 1e-6)
    same(ratios.calmar(growth, depth), reference(empyrical.calmar_ratio, values))


@given(RETURNS)
def test_returns_of_an_equity_series_are_those_it_was_made_of(values: np.ndarray) -> None:
    equity = 100.0 * np.concatenate(([1.0], np.cumprod(1.0 + values)))
    np.testing.assert_allclose(returns.simple_returns(equity), values, atol=1e-10)
