import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.errors import ContractError
from ikbr.domain.instrument import Instrument, SecType

SPY = Instrument(symbol="SPY")
OPTION = Instrument(
    symbol="SPY   261218C00600000",
    sec_type=SecType.OPTION,
    multiplier=100,
    price_scale=100,
    tick_bands=((0, 1), (300, 5)),
)


@pytest.mark.parametrize(
    ("multiplier", "scale", "unit_value"),
    [(1, 10_000, 100), (50, 100, 500_000), (1, 1_000_000, 1), (100, 100, 1_000_000)],
)
def test_a_price_unit_is_worth_a_whole_number_of_millionths(multiplier, scale, unit_value):
    instrument = Instrument(symbol="X", multiplier=multiplier, price_scale=scale)
    assert instrument.unit_value_micro == unit_value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"multiplier": 0}, "multiplier 0"),
        ({"price_scale": 0}, "price_scale 0"),
        ({"price_scale": 3}, "price_scale 3"),
        ({"price_scale": 10_000_000}, "price_scale 10000000"),
    ],
)
def test_a_grid_on_which_money_is_not_exact_is_refused(changes, words):
    with pytest.raises(ContractError, match=words):
        Instrument(symbol="X", **changes)


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf])
def test_a_price_that_is_no_number_has_no_units(price):
    with pytest.raises(ContractError, match="not a number"):
        SPY.to_units(price)


@given(st.integers(-(2**31) + 1, 2**31 - 1))
def test_units_survive_the_way_through_a_float(units):
    assert SPY.to_units(SPY.to_price(units)) == units


@pytest.mark.parametrize(
    ("instrument", "units", "step"),
    [(SPY, 9_999, 1), (SPY, 10_000, 100), (SPY, -20_000, 100), (OPTION, 299, 1), (OPTION, 300, 5)],
)
def test_the_increment_is_that_of_the_price_band(instrument, units, step):
    assert instrument.increment(units) == step


@given(st.integers(-(10**7), 10**7))
def test_rounding_to_the_grid_brackets_the_price(units):
    down, up = SPY.on_grid(units, "down"), SPY.on_grid(units, "up")
    nearest = SPY.on_grid(units)
    step = SPY.increment(units)
    assert down <= units <= up
    assert up - down in (0, step)
    assert nearest in (down, up)
    assert abs(nearest - units) * 2 <= step


def test_a_price_half_way_goes_up():
    assert SPY.on_grid(1_674_150) == 1_674_200


def test_the_smallest_increment_is_the_minimum_tick():
    assert SPY.min_tick == 0.0001
    assert OPTION.min_tick == 0.01
