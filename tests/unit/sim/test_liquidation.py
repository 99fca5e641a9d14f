import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ikbr.domain.contracts import parse_contract
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, OrderType, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.sim.liquidation import REASON, liquidation_orders
from ikbr.sim.margin import MarginBook

CALL = parse_contract("SPY   261218C00600000")
DEARER_CALL = parse_contract("SPY   261218C00700000")
LOTS = Instrument(symbol="LOTS", lot=100)
INSTRUMENTS = {
    i.symbol: i
    for i in (
        *(parse_contract(t) for t in ("SPY", "IBM", "ES 202612", "EUR.USD")),
        CALL,
        DEARER_CALL,
        LOTS,
    )
}


def holding(quantities, capital):
    portfolio = Portfolio(INSTRUMENTS, capital * MICRO)
    for number, (symbol, (quantity, mark)) in enumerate(quantities.items()):
        if quantity:
            side = Side.BUY if quantity > 0 else Side.SELL
            fill = Fill(number, 1, "s", symbol, side, abs(quantity), mark, 0, 0, 0.0)
            portfolio.apply_fill(fill)
    return portfolio, MarginBook(INSTRUMENTS, portfolio, "reg-t")


def carry_out(portfolio, orders):
    for order in orders:
        held = portfolio.quantity(order.symbol)
        mark = portfolio.position(order.symbol).mark_units
        assert order.order_type == OrderType.MARKET
        assert order.reduce_only
        assert order.reason == REASON
        assert 1 <= order.quantity <= abs(held)
        assert order.side * held < 0
        fill = Fill(9, 9, "", order.symbol, order.side, order.quantity, mark, 0, 0, 0.0)
        portfolio.apply_fill(fill)


def test_nothing_is_closed_while_the_margin_is_met():
    portfolio, margin = holding({"SPY": (100, 1_000_000)}, 2_500)
    assert liquidation_orders(portfolio, margin) == []


def test_only_as_much_is_closed_as_is_needed():
    portfolio, margin = holding({"SPY": (100, 1_000_000)}, 2_400)
    (order,) = liquidation_orders(portfolio, margin)
    assert (order.symbol, order.side, order.quantity) == ("SPY", Side.SELL, 4)


def test_the_largest_relief_comes_first():
    quantities = {"IBM": (10, 1_000_000), "SPY": (-100, 1_000_000)}
    portfolio, margin = holding(quantities, 3_000)
    (order,) = liquidation_orders(portfolio, margin)
    assert (order.symbol, order.side) == ("SPY", Side.BUY)
    portfolio, margin = holding(quantities, 100)
    assert [o.symbol for o in liquidation_orders(portfolio, margin)] == ["SPY", "IBM"]


def test_lots_are_closed_whole():
    portfolio, margin = holding({"LOTS": (1000, 1_000_000)}, 24_900)
    (order,) = liquidation_orders(portfolio, margin)
    assert order.quantity == 100


def test_an_odd_rest_of_a_lot_can_be_closed_too():
    portfolio, margin = holding({"LOTS": (150, 1_000_000)}, 100)
    (order,) = liquidation_orders(portfolio, margin)
    assert order.quantity == 150


def test_shares_that_cover_calls_are_closed_by_more_than_their_own_margin_says():
    # Each hundred shares sold uncover a call; the calls have to go with them.
    portfolio, margin = holding({"SPY": (1000, 6_000_000), CALL.symbol: (-10, 500)}, 140_000)
    carry_out(portfolio, liquidation_orders(portfolio, margin))
    assert portfolio.equity_micro() >= margin.maintenance_micro()


def test_calls_that_give_up_their_cover_are_closed_until_it_is_enough():
    # Of the five cheaper calls three are covered; closing these passes their cover on.
    quantities = {
        "SPY": (300, 6_000_000),
        CALL.symbol: (-5, 100),
        DEARER_CALL.symbol: (-3, 9_000),
    }
    portfolio, margin = holding(quantities, 0)
    portfolio.add_cash(margin.maintenance_micro() - portfolio.equity_micro() - 12_200 * MICRO)
    assert margin.maintenance_micro() - portfolio.equity_micro() == 12_200 * MICRO
    carry_out(portfolio, liquidation_orders(portfolio, margin))
    assert portfolio.equity_micro() >= margin.maintenance_micro()


def test_what_requires_nothing_is_not_closed():
    portfolio = Portfolio(INSTRUMENTS, -MICRO)
    portfolio.apply_fill(Fill(1, 1, "s", "SPY", Side.BUY, 10, 1_000_000, 0, 0, 0.0))
    portfolio.add_cash(-(10**12))
    assert liquidation_orders(portfolio, MarginBook(INSTRUMENTS, portfolio, "simple")) == []


QUANTITIES = st.fixed_dictionaries(
    {
        "SPY": st.tuples(st.integers(-3_000, 3_000), st.integers(1, 3_000_000)),
        "IBM": st.tuples(st.integers(-3_000, 3_000), st.integers(1, 300_000)),
        "LOTS": st.tuples(st.integers(-3_000, 3_000), st.integers(1, 300_000)),
        "ES 202612 CME": st.tuples(st.integers(-3, 3), st.integers(1, 600_000)),
        "EUR.USD": st.tuples(st.integers(-500_000, 500_000), st.integers(1, 130_000)),
        CALL.symbol: st.tuples(st.integers(-5, 5), st.integers(1, 5_000)),
    }
)


@settings(max_examples=200)
@given(QUANTITIES, st.integers(-10_000, 200_000))
def test_afterwards_the_margin_is_met_or_nothing_is_left_that_would_help(quantities, capital):
    portfolio, margin = holding(quantities, capital)
    carry_out(portfolio, liquidation_orders(portfolio, margin))
    left = margin.maintenance_micro()
    assert left <= max(portfolio.equity_micro(), 0) or left == 0
    assert liquidation_orders(portfolio, margin) == []


@pytest.mark.parametrize("quantity", [5, -5])
def test_a_hopeless_account_is_closed_whole(quantity):
    portfolio, margin = holding({"SPY": (quantity, 1_000_000)}, -1_000)
    (order,) = liquidation_orders(portfolio, margin)
    assert order.quantity == 5
