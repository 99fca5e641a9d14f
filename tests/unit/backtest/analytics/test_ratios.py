"""Ratios where they are undefined, and how far to believe them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.backtest.analytics import ratios, returns, tails
from ikbr.backtest.analytics.returns import bucket_equity, values_at

NOTHING = np.array([])
ONE = np.array([0.01])
CONSTANT = np.array([0.1, 0.1, 0.1])


@pytest.mark.parametrize("values", [NOTHING, ONE, CONSTANT])
def test_a_sharpe_ratio_needs_variation(values: np.ndarray) -> None:
    assert ratios.sharpe(values) is None
    assert ratios.probabilistic_sharpe(values) is None


def test_ratios_without_losses_are_undefined_rather_than_infinite() -> None:
    gains = np.array([0.01, 0.02, 0.015])
    assert ratios.sortino(gains) is None
    assert ratios.omega(gains) is None
    assert ratios.calmar(0.1, 0.0) is None
    assert ratios.calmar(None, 0.2) is None
    assert tails.tail_ratio(np.zeros(5)) is None


@pytest.mark.parametrize(
    "function", [tails.value_at_risk, tails.expected_shortfall, tails.tail_ratio, ratios.omega]
)
def test_nothing_has_no_tails(function) -> None:
    assert function(NOTHING) is None


def test_volatility_of_constant_returns_is_zero_and_of_one_return_undefined() -> None:
    assert returns.annual_volatility(CONSTANT) == 0.0
    assert returns.annual_volatility(ONE) is None


def test_the_probabilistic_sharpe_ratio_doubts_crashes_and_fat_tails() -> None:
    # Bailey and López de Prado (2012), equation 11, with moments counted by hand: nine gains
    # of 2 and one loss of 8 have mean 1, squares 90, cubes 9 - 729 and fourth powers 9 + 6561.
    values = np.array([0.02] * 9 + [-0.08])
    second, third, fourth = 90 / 10, (9 - 729) / 10, (9 + 6561) / 10
    skewness, kurtosis = third / second**1.5, fourth / second**2
    estimate = 1 / math.sqrt(90 / 9)
    variance = 1 - skewness * estimate + (kurtosis - 1) / 4 * estimate**2
    score = estimate * math.sqrt(9 / variance)
    expected = 0.5 * (1 + math.erf(score / math.sqrt(2)))
    assert ratios.probabilistic_sharpe(values) == pytest.approx(expected)
    normal = 0.5 * (1 + math.erf(estimate * math.sqrt(9) / math.sqrt(2)))
    assert expected < normal


def test_more_of_the_same_returns_make_a_positive_sharpe_more_believable() -> None:
    values = np.array([0.01, -0.005, 0.012, -0.004])
    short, long = (
        ratios.probabilistic_sharpe(values),
        ratios.probabilistic_sharpe(np.tile(values, 20)),
    )
    assert short is not None
    assert long is not None
    assert 0.5 < short < long <= 1.0
    harder = ratios.probabilistic_sharpe(values, benchmark=0.2)
    assert harder is not None
    assert harder < short


@given(st.lists(st.floats(-0.5, 0.5), max_size=30))
def test_no_ratio_is_ever_nan_or_infinite(values: list[float]) -> None:
    array = np.array(values)
    for function in (
        ratios.sharpe,
        ratios.sortino,
        ratios.omega,
        ratios.probabilistic_sharpe,
        returns.annual_volatility,
        tails.value_at_risk,
        tails.expected_shortfall,
        tails.tail_ratio,
    ):
        result = function(array)
        assert result is None or math.isfinite(result)


@pytest.mark.parametrize(
    ("final", "years", "expected"),
    [(0.0, 1.0, -1.0), (-5.0, 1.0, None), (100.0, 0.0, None), (1e300, 1e-9, None)],
)
def test_growth_per_year_at_the_edges(final: float, years: float, expected) -> None:
    assert returns.cagr(100.0, final, years) == expected


def test_without_capital_there_is_no_return() -> None:
    assert returns.total_return(0.0, 10.0) is None
    assert returns.cagr(0.0, 10.0, 1.0) is None


def test_returns_end_where_the_account_is_broke() -> None:
    equity = np.array([100.0, 50.0, 0.0, 80.0, 90.0])
    assert returns.simple_returns(equity).tolist() == [-0.5, -1.0]
    assert returns.simple_returns(np.array([5.0])).tolist() == []


def test_a_step_function_is_read_at_the_last_value_known() -> None:
    got = values_at(np.array([10, 20, 20]), np.array([1.0, 2.0, 3.0]), np.array([9, 20, 30]), 7.0)
    assert got.tolist() == [7.0, 3.0, 3.0]


def test_buckets_end_on_the_clock_and_carry_values_over_gaps() -> None:
    times = np.array([101, 109, 110, 145], dtype=np.int64)
    got = bucket_equity(times, np.array([1.0, 2.0, 3.0, 4.0]), 0.5, 10)
    assert got.tolist() == [0.5, 2.0, 3.0, 3.0, 3.0, 4.0]
    assert bucket_equity(np.array([], dtype=np.int64), np.array([]), 0.5, 10).tolist() == [0.5]
