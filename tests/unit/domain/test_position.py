import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.contracts import parse_contract
from ikbr.domain.position import Position

INSTRUMENTS = [parse_contract(t) for t in ("SPY", "ES 202612 CME", "EUR.USD", "USD.JPY")]
FILLS = st.lists(
    st.tuples(
        st.integers(-500, 500).filter(bool),
        st.integers(1, 5_000_000),
    ),
    max_size=40,
)


def position(symbol="SPY"):
    return Position(parse_contract(symbol))


@given(st.sampled_from(INSTRUMENTS), FILLS, st.integers(0, 5_000_000))
def test_realised_and_unrealised_profit_are_the_value_less_what_was_paid(instrument, fills, mark):
    held = Position(instrument)
    paid = 0
    for change, price in fills:
        held.apply(change, price)
        paid += change * price * instrument.unit_value_micro
        held.mark_units = mark
        value = held.quantity * mark * instrument.unit_value_micro
        assert held.value_micro == value
        assert held.realised_micro + held.unrealised_micro == value - paid
    assert held.quantity == sum(change for change, _ in fills)


@given(st.sampled_from(INSTRUMENTS), FILLS)
def test_what_a_fill_realises_adds_up(instrument, fills):
    held = Position(instrument)
    assert sum(held.apply(*fill) for fill in fills) == held.realised_micro


@given(FILLS)
def test_a_flat_position_cost_nothing(fills):
    held = position()
    for fill in fills:
        held.apply(*fill)
    held.apply(-held.quantity, 100) if held.quantity else None
    assert (held.quantity, held.cost_micro, held.unrealised_micro) == (0, 0, 0)
    assert held.average_price == 0.0


@pytest.mark.parametrize(
    ("fills", "quantity", "average", "realised"),
    [
        ([(100, 1_000_000)], 100, 100.0, 0),
        ([(100, 1_000_000), (100, 1_100_000)], 200, 105.0, 0),
        ([(100, 1_000_000), (-40, 1_100_000)], 60, 100.0, 400_000_000),
        ([(100, 1_000_000), (-150, 1_100_000)], -50, 110.0, 1_000_000_000),
        ([(-100, 1_000_000), (100, 900_000)], 0, 0.0, 1_000_000_000),
    ],
)
def test_the_average_price_is_that_of_what_is_open(fills, quantity, average, realised):
    held = position()
    for fill in fills:
        held.apply(*fill)
    assert (held.quantity, held.average_price, held.realised_micro) == (quantity, average, realised)


@given(
    st.integers(-10_000, 10_000),
    st.integers(1, 1000),
    st.sampled_from([(2, 1), (3, 1), (3, 2), (1, 10), (7, 3)]),
)
def test_a_split_keeps_value_and_profit(quantity, mark, ratio):
    new, old = ratio
    held = position()
    # A mark that the ratio divides, so that no part of a price unit is lost.
    mark_units = mark * new
    if quantity:
        held.apply(quantity, 50_000)
    held.mark_units = mark_units
    value, profit = held.value_micro, held.realised_micro + held.unrealised_micro
    cash = held.split(new, old)
    # Less than a millionth per currency unit is lost to rounding the cash.
    assert 0 <= value - (held.value_micro + cash) <= 1
    assert 0 <= profit - (held.realised_micro + held.unrealised_micro) <= 1
    assert abs(held.quantity) == abs(quantity) * new // old
    assert held.quantity * quantity >= 0


def test_a_split_halves_the_average_price():
    held = position()
    held.apply(100, 1_000_000)
    held.mark_units = 1_000_000
    assert held.split(2, 1) == 0
    assert (held.quantity, held.average_price, held.mark_units) == (200, 50.0, 500_000)


def test_a_reverse_split_of_less_than_a_share_leaves_only_cash():
    held = position()
    held.apply(3, 10_000)
    held.mark_units = 20_000
    assert held.split(1, 10) == 6_000_000
    assert (held.quantity, held.cost_micro, held.realised_micro) == (0, 0, 3_000_000)


def test_the_average_price_of_a_future_is_a_price_and_not_a_value():
    held = position("ES 202612 CME")
    held.apply(2, 600_025)
    assert held.average_price == 6000.25


def test_a_position_shows_itself_in_a_line():
    held = position()
    held.apply(-7, 12_345)
    assert repr(held) == "Position(-7 SPY @ 1.2345)"
