import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.errors import DataError
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.tape import CorporateAction
from ikbr.sim.actions import apply_action, split_ratio

SPY = Instrument(symbol="SPY")


def holding(quantity, price=1_000_000):
    portfolio = Portfolio({"SPY": SPY}, 10**6 * MICRO)
    side = Side.BUY if quantity > 0 else Side.SELL
    portfolio.apply_fill(Fill(1, 1, "s", "SPY", side, abs(quantity), price, 0, 0, price / 10_000))
    return portfolio


QUANTITIES = st.integers(-5_000, 5_000).filter(bool)


@given(QUANTITIES, st.integers(1, 10**6))
def test_a_split_with_the_mark_halved_changes_nothing(quantity, half):
    portfolio = holding(quantity, 2 * half)
    equity = portfolio.equity_micro()
    apply_action(portfolio, CorporateAction("SPY", 0, split=2.0))
    assert portfolio.position("SPY").mark_units == half
    portfolio.mark("SPY", half)
    assert portfolio.quantity("SPY") == 2 * quantity
    assert portfolio.equity_micro() == equity


@given(QUANTITIES, st.integers(1, 500), st.integers(501, 100_000))
def test_a_dividend_with_the_mark_dropped_by_it_changes_nothing(quantity, cents, price_cents):
    portfolio = holding(quantity, price_cents * 100)
    equity = portfolio.equity_micro()
    apply_action(portfolio, CorporateAction("SPY", 0, dividend=cents / 100))
    assert portfolio.position("SPY").mark_units == (price_cents - cents) * 100
    assert portfolio.cash_micro["USD"] == (
        10**6 * MICRO - quantity * price_cents * 10_000 + quantity * cents * 10_000
    )
    assert portfolio.equity_micro() == equity


def test_a_short_position_pays_the_dividend():
    portfolio = holding(-100)
    apply_action(portfolio, CorporateAction("SPY", 0, dividend=1.5))
    assert portfolio.cash == 10**6 + 10_000 - 150


def test_a_fraction_of_a_share_is_paid_out():
    portfolio = holding(25)
    apply_action(portfolio, CorporateAction("SPY", 0, split=0.1))
    assert portfolio.quantity("SPY") == 2
    assert portfolio.cash == 10**6 - 2500 + 500
    assert portfolio.equity == 10**6


def test_a_dividend_counts_on_the_shares_before_the_split():
    portfolio = holding(100)
    apply_action(portfolio, CorporateAction("SPY", 0, split=2.0, dividend=1.0))
    assert portfolio.cash == 10**6 - 10_000 + 100


def test_the_average_cost_is_split_and_keeps_the_dividend_out():
    portfolio = holding(100)
    apply_action(portfolio, CorporateAction("SPY", 0, split=4.0))
    apply_action(portfolio, CorporateAction("SPY", 1, dividend=1.0))
    assert portfolio.position("SPY").average_price == 25.0


def test_a_mark_never_falls_to_nothing():
    portfolio = holding(100, 10_000)
    apply_action(portfolio, CorporateAction("SPY", 0, dividend=3.0))
    assert portfolio.position("SPY").mark_units == 1


def test_what_is_not_held_is_not_paid():
    portfolio = Portfolio({"SPY": SPY}, 0)
    apply_action(portfolio, CorporateAction("SPY", 0, split=2.0, dividend=1.0))
    assert portfolio.positions == {}
    portfolio.position("SPY")
    apply_action(portfolio, CorporateAction("SPY", 0, split=2.0, dividend=1.0))
    assert portfolio.cash_micro == {"USD": 0}


@pytest.mark.parametrize(
    ("split", "ratio"), [(2.0, (2, 1)), (0.05, (1, 20)), (1.5, (3, 2)), (0.0333333, (1, 30))]
)
def test_a_ratio_is_taken_in_lowest_terms(split, ratio):
    assert split_ratio(split) == ratio


@pytest.mark.parametrize("split", [0.0, -2.0, float("nan"), float("inf"), 1e-9])
def test_a_ratio_that_is_none_is_refused(split):
    with pytest.raises(DataError, match="split"):
        split_ratio(split)
