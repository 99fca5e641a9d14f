"""Indicators agree with TA-Lib, with fresh computations and with themselves after a reset."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from ikbr.domain.errors import StrategyError
from ikbr.strategies.indicators import (
    ATR,
    EMA,
    RSI,
    SMA,
    VWAP,
    Bollinger,
    Highest,
    Lowest,
    RollingBeta,
    RollingStd,
    ZScore,
)

SINGLE: dict[str, Callable[[int], object]] = {
    "SMA": SMA,
    "EMA": EMA,
    "RSI": RSI,
    "RollingStd": RollingStd,
    "ZScore": ZScore,
    "Bollinger": Bollinger,
    "Highest": Highest,
    "Lowest": Lowest,
}


def walk(count: int, seed: int = 7, offset: float = 100.0, step: float = 0.05) -> np.ndarray:
    """Make a seeded random walk."""
    return offset + np.cumsum(np.random.default_rng(seed).normal(0.0, step, count))


def run(indicator, values) -> np.ndarray:
    return np.array([indicator.update(float(value)) for value in values])


@pytest.mark.parametrize("period", [2, 3, 14, 50])
@pytest.mark.parametrize(
    ("make", "reference"),
    [
        (SMA, talib.SMA),
        (EMA, talib.EMA),
        (RSI, talib.RSI),
        (RollingStd, lambda x, n: talib.STDDEV(x, n, 1.0)),
        (Highest, talib.MAX),
        (Lowest, talib.MIN),
        (Bollinger, lambda x, n: talib.BBANDS(x, n, 2.0, 2.0)[1]),
    ],
)
def test_values_and_warm_up_are_those_of_talib(make, reference, period: int) -> None:
    prices = walk(500)
    np.testing.assert_allclose(run(make(period), prices), reference(prices, period), rtol=1e-7)


def test_bollinger_bands_are_those_of_talib() -> None:
    prices = walk(500)
    bands = Bollinger(20, width=1.5)
    upper, lower = [], []
    for price in prices:
        bands.update(float(price))
        upper.append(bands.upper)
        lower.append(bands.lower)
    expected = talib.BBANDS(prices, 20, 1.5, 1.5)
    np.testing.assert_allclose(upper, expected[0], rtol=1e-9)
    np.testing.assert_allclose(lower, expected[2], rtol=1e-9)


@pytest.mark.parametrize("period", [1, 2, 14])
def test_the_average_true_range_is_that_of_talib(period: int) -> None:
    close = walk(400)
    rng = np.random.default_rng(3)
    high, low = close + rng.random(400), close - rng.random(400)
    atr = ATR(period)
    got = [atr.update(*map(float, bar)) for bar in zip(high, low, close, strict=True)]
    np.testing.assert_allclose(got, talib.ATR(high, low, close, period), rtol=1e-9)


@pytest.mark.parametrize("period", [3, 20])
def test_the_rolling_slope_and_intercept_are_those_of_talib_over_time(period: int) -> None:
    # TA-Lib regresses on 0..n-1; feeding time itself as x must give its slope.
    prices = walk(300)
    beta = RollingBeta(period)
    slopes, intercepts = [], []
    for time, price in enumerate(prices):
        slopes.append(beta.update(float(price), float(time)))
        intercepts.append(beta.intercept + beta.value * (time - period + 1))
    np.testing.assert_allclose(slopes, talib.LINEARREG_SLOPE(prices, period), atol=1e-9)
    expected = talib.LINEARREG_INTERCEPT(prices, period)
    np.testing.assert_allclose(intercepts, expected, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=80),
    st.integers(2, 12),
)
def test_windows_equal_a_fresh_computation_at_every_step(values: list[float], period: int) -> None:
    sma, std, score = SMA(period), RollingStd(period, ddof=1), ZScore(period)
    highest, lowest = Highest(period), Lowest(period)
    for end, value in enumerate(values, start=1):
        got = [i.update(value) for i in (sma, std, score, highest, lowest)]
        if end < period:
            assert all(math.isnan(x) for x in got)
            continue
        window = np.array(values[end - period : end])
        scale = max(1.0, float(np.abs(values).max()))
        assert got[0] == pytest.approx(math.fsum(window) / period, abs=1e-11 * scale)
        assert got[1] == pytest.approx(window.std(ddof=1), rel=1e-3, abs=1e-7 * scale)
        assert got[3] == window.max()
        assert got[4] == window.min()
        if window.std() > 1e-4 * scale:
            expected = (value - window.mean()) / window.std()
            assert got[2] == pytest.approx(expected, rel=1e-4, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30))
def test_the_rolling_regression_equals_a_fresh_fit_at_every_step(seed: int, period: int) -> None:
    xs = walk(120, seed)
    ys = 2.5 * xs - 40.0 + np.random.default_rng(seed).normal(0.0, 0.3, 120)
    beta = RollingBeta(period)
    for end in range(1, 121):
        got = beta.update(float(ys[end - 1]), float(xs[end - 1]))
        if end < period:
            assert math.isnan(got)
            assert not beta.ready
            continue
        x, y = xs[end - period : end], ys[end - period : end]
        slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
        assert got == pytest.approx(slope, rel=1e-6, abs=1e-7)
        assert beta.intercept == pytest.approx(y.mean() - slope * x.mean(), rel=1e-6, abs=1e-5)
        fitted = y[-1] - y.mean() - slope * (x[-1] - x.mean())
        assert beta.residual == pytest.approx(fitted, rel=1e-6, abs=1e-7)


@pytest.mark.slow
def test_a_million_updates_on_a_large_offset_do_not_drift() -> None:
    offset = 1e9
    values = (np.round(walk(1_000_000, offset=0.0, step=0.01), 2) + offset).tolist()
    other = (np.array(values) * 0.5 + np.random.default_rng(1).normal(0, 1, 1_000_000)).tolist()
    period = 100
    sma, std, score, bands = SMA(period), RollingStd(period), ZScore(period), Bollinger(period)
    beta = RollingBeta(period)
    for value, y in zip(values, other, strict=True):
        sma.update(value)
        std.update(value)
        score.update(value)
        bands.update(value)
        beta.update(y, value)
    window = np.array(values[-period:]) - offset
    assert sma.value - offset == pytest.approx(window.mean(), abs=3e-7)
    assert std.value == pytest.approx(window.std(), rel=1e-6)
    assert score.value == pytest.approx((window[-1] - window.mean()) / window.std(), rel=1e-4)
    assert bands.upper - offset == pytest.approx(window.mean() + 2 * window.std(), abs=1e-6)
    y = np.array(other[-period:])
    expected = np.polyfit(window - window.mean(), y - y.mean(), 1)[0]
    assert beta.value == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_the_volume_weighted_price_keeps_its_digits_over_a_million_prints() -> None:
    rng = np.random.default_rng(5)
    prices = 1e7 + np.round(rng.normal(0.0, 1.0, 1_000_000), 2)
    sizes = rng.integers(1, 5_000, 1_000_000)
    vwap = VWAP()
    for price, size in zip(prices.tolist(), sizes.tolist(), strict=True):
        vwap.update(price, size)
    expected = math.fsum((prices - 1e7) * sizes) / int(sizes.sum())
    assert vwap.value - 1e7 == pytest.approx(expected, abs=1e-8)
    assert vwap.volume == sizes.sum()


@pytest.mark.parametrize("spike", [1e6, 1e12])
def test_an_outlier_that_has_left_the_window_leaves_nothing_behind(spike: float) -> None:
    quiet = np.round(walk(60, step=0.01), 2).tolist()
    std, score = RollingStd(10), ZScore(10)
    for value in [*quiet[:20], spike, *quiet[20:]]:
        std.update(value)
        score.update(value)
    window = np.array(quiet[-10:])
    assert std.value == pytest.approx(window.std(), rel=1e-6)
    assert score.value == pytest.approx((window[-1] - window.mean()) / window.std(), rel=1e-5)


def test_equal_prices_after_a_move_have_exactly_no_deviation() -> None:
    std, score, bands = RollingStd(5), ZScore(5), Bollinger(5)
    for value in (100.1, 100.3, 99.7, 100.2, 100.01) + (100.07,) * 5:
        std.update(value)
        score.update(value)
        bands.update(value)
    assert (std.value, score.value, score.std) == (0.0, 0.0, 0.0)
    assert bands.upper == bands.lower == bands.value == 100.07
    assert math.isnan(bands.percent_b(100.0))
    std.update(100.12)
    assert std.value == pytest.approx(np.std([100.07] * 4 + [100.12]), rel=1e-9)


def test_a_price_that_does_not_move_is_neither_overbought_nor_oversold() -> None:
    rsi = RSI(3)
    assert [rsi.update(5.0) for _ in range(6)][3:] == [50.0, 50.0, 50.0]


def test_the_slope_is_undefined_while_x_stands_still_and_comes_back_when_it_moves() -> None:
    beta = RollingBeta(3)
    for y in (1.0, 2.0, 3.0):
        beta.update(y, 7.0)
    assert math.isnan(beta.value)
    assert not beta.ready
    assert math.isnan(beta.residual)
    beta.update(5.0, 8.0)
    assert beta.ready
    assert beta.value == pytest.approx(2.5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", SINGLE)
def test_a_value_that_is_no_number_is_ignored(name: str, bad: float) -> None:
    values = walk(40).tolist()
    clean, dirty = SINGLE[name](5), SINGLE[name](5)
    expected = [clean.update(value) for value in values]
    got = []
    for place, value in enumerate(values):
        if place % 3 == 0:
            before = dirty.value
            after = dirty.update(bad)
            assert after == before or (math.isnan(after) and math.isnan(before))
        got.append(dirty.update(value))
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_bars_pairs_and_prints_with_a_part_that_is_no_number_are_ignored(bad: float) -> None:
    atr, beta, vwap = ATR(1), RollingBeta(2), VWAP()
    atr.update(2.0, 1.0, 1.5)
    for bar in ((bad, 1.0, 1.0), (1.0, bad, 1.0), (1.0, 1.0, bad)):
        assert math.isnan(atr.update(*bar))
    assert atr.update(3.0, 2.0, 2.5) == 1.5
    beta.update(1.0, 1.0)
    for pair in ((bad, 2.0), (2.0, bad)):
        assert math.isnan(beta.update(*pair))
    assert beta.update(3.0, 2.0) == 2.0
    for part in ((bad, 1.0), (1.0, bad), (1.0, 0.0), (1.0, -5.0)):
        vwap.update(*part)
    assert not vwap.ready
    assert vwap.update(10.0, 3) == 10.0


@pytest.mark.parametrize("name", SINGLE)
def test_reset_makes_an_indicator_as_good_as_new(name: str) -> None:
    used = SINGLE[name](5)
    run(used, walk(100, seed=1))
    used.reset()
    assert math.isnan(used.value)
    assert not used.ready
    values = walk(50, seed=2)
    np.testing.assert_array_equal(run(used, values), run(SINGLE[name](5), values))


def test_reset_forgets_bars_pairs_and_prints_too() -> None:
    atr, beta, vwap = ATR(2), RollingBeta(2), VWAP()
    for value in range(5):
        atr.update(value + 1.0, value, value + 0.5)
        beta.update(value * 2.0, float(value))
        vwap.update(100.0 + value, 10)
    for indicator in (atr, beta, vwap):
        indicator.reset()
        assert math.isnan(indicator.value)
        assert not indicator.ready
    assert vwap.update(7.0, 2) == 7.0
    assert math.isnan(beta.update(1.0, 1.0))
    assert math.isnan(atr.update(2.0, 1.0, 1.5))


@pytest.mark.parametrize("name", SINGLE)
def test_ready_turns_true_with_the_first_value(name: str) -> None:
    indicator = SINGLE[name](4)
    for value in walk(20).tolist():
        result = indicator.update(value)
        assert indicator.ready is not math.isnan(result)
        assert result == indicator.value or math.isnan(result)


@pytest.mark.parametrize("make", [*SINGLE.values(), ATR, RollingBeta])
@pytest.mark.parametrize("period", [0, -3, 2.5, True])
def test_a_window_that_means_nothing_is_refused(make, period) -> None:
    with pytest.raises(StrategyError, match="period"):
        make(period)


def test_a_wrong_divisor_or_band_width_is_refused() -> None:
    with pytest.raises(StrategyError, match="ddof"):
        RollingStd(5, ddof=2)
    with pytest.raises(StrategyError, match="ddof"):
        ZScore(5, ddof=-1)
    with pytest.raises(StrategyError, match="width"):
        Bollinger(5, width=0.0)


@pytest.mark.parametrize("make", [*SINGLE.values(), ATR, RollingBeta])
def test_no_indicator_carries_a_dictionary(make) -> None:
    assert not hasattr(make(5), "__dict__")
