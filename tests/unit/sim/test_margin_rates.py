import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.contracts import FUTURES, parse_contract
from ikbr.domain.instrument import MICRO
from ikbr.sim.margin_rates import FUTURES_MAINTENANCE, rate_of, required_micro, short_floor_micro


@pytest.mark.parametrize(
    ("text", "account", "rates"),
    [
        ("SPY", "reg-t", (500_000, 250_000, 500_000, 300_000)),
        ("SPY", "cash", (MICRO, MICRO, MICRO, MICRO)),
        ("SPY", "simple", (0, 0, 0, 0)),
        ("EUR.USD", "reg-t", (20_000,) * 4),
        ("EUR.GBP", "reg-t", (20_000,) * 4),
        ("USD.MXN", "reg-t", (50_000,) * 4),
        ("EUR.USD", "cash", (MICRO,) * 4),
        ("ES 202612", "reg-t", (82_500, 75_000, 82_500, 75_000)),
        ("ES 202612", "cash", (82_500, 75_000, 82_500, 75_000)),
        ("SPY   261218C00600000", "reg-t", (MICRO,) * 4),
    ],
)
def test_the_rate_is_that_of_product_and_account(text, account, rates):
    rate = rate_of(parse_contract(text), account)
    assert (
        rate.long_initial,
        rate.long_maintenance,
        rate.short_initial,
        rate.short_maintenance,
    ) == rates


def test_every_known_future_has_a_margin():
    assert set(FUTURES_MAINTENANCE) == set(FUTURES)


@pytest.mark.parametrize(
    ("price", "dollars"),
    [(1.0, 2.5), (2.5, 2.5), (4.0, 4.0), (5.0, 5.0), (12.0, 5.0), (16.67, 5.001), (20.0, 6.0)],
)
def test_cheap_short_stock_needs_what_ib_asks_per_share(price, dollars):
    unit = round(price * MICRO)
    assert required_micro(300_000, True, -100, unit) == round(dollars * 100 * MICRO)


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_the_floor_never_falls_as_the_price_rises(price, more):
    assert short_floor_micro(price) <= short_floor_micro(price + more)


@pytest.mark.parametrize(("quantity", "floored"), [(100, True), (-100, False)])
def test_the_floor_is_for_short_stock_alone(quantity, floored):
    assert required_micro(300_000, floored, quantity, MICRO) == 30 * MICRO


def test_a_requirement_is_rounded_up():
    assert required_micro(250_000, False, 1, 3) == 1
