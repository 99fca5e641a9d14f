"""The moments for kernels are those of the indicators, to the last digit."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.strategies.indicators import RollingBeta, ZScore
from ikbr.strategies.kernel_moments import (
    BETA,
    BETAS,
    INTERCEPT,
    MOMENTS,
    hedge_ratio,
    is_full,
    z_score,
)

# From 3.12 on `sum` of floats compensates for rounding, which no loop does.
EXACT = pytest.mark.skipif(sys.version_info >= (3, 12), reason="sum() rounds differently")
PRICES = st.lists(
    st.one_of(st.integers(9_990, 10_010).map(lambda n: n / 100), st.sampled_from([1e6, 1e-3])),
    max_size=60,
)


@EXACT
@given(PRICES, st.integers(2, 8))
def test_the_score_is_that_of_the_indicator(prices: list[float], period: int) -> None:
    indicator, window, sums = ZScore(period), [0.0] * period, [0.0] * MOMENTS
    for price in prices * 20:
        assert repr(z_score(window, sums, price)) == repr(indicator.update(price))
        assert is_full(window, sums) == indicator.ready


@EXACT
@given(PRICES, st.integers(2, 8), st.randoms())
def test_the_hedge_ratio_is_that_of_the_indicator(prices, period, random) -> None:
    indicator, sums = RollingBeta(period), [0.0] * BETAS
    xs, ys = [0.0] * period, [0.0] * period
    for price in prices * 20:
        other = price + random.choice([0.0, 0.01, 0.02])
        assert repr(hedge_ratio(ys, xs, sums, price, other)) == repr(indicator.update(price, other))
        assert repr((sums[BETA], sums[INTERCEPT])) == repr((indicator.value, indicator.intercept))
