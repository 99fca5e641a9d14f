import pytest
from tests.unit.strategies.context import FakeContext

from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import OrderType, Side
from ikbr.strategies.examples.market_making import MarketMakingStrategy


def context_of(**parameters):
    values = {"size": 100, "half_spread_ticks": 3.0, "skew_ticks": 2.0, "max_inventory": 2}
    context = FakeContext(MarketMakingStrategy(**{**values, **parameters}), "BAC")
    context.tick("BAC", bid=19.99, ask=20.01)
    return context


def quotes(context):
    return {order.side.name: order.request.limit_price for order in context.orders}


def test_it_rests_a_bid_and_an_ask_around_the_mid():
    context = context_of()
    assert quotes(context) == {"BUY": 19.97, "SELL": 20.03}
    assert all(o.request.order_type is OrderType.LIMIT for o in context.orders)


def test_the_quotes_follow_the_mid_in_place():
    context = context_of()
    ids = [o.order_id for o in context.orders]
    context.tick("BAC", bid=20.01, ask=20.03)
    assert quotes(context) == {"BUY": 19.99, "SELL": 20.05}
    assert [o.order_id for o in context.orders] == ids
    many = len(context.modified)
    context.tick("BAC", bid=20.01, ask=20.03)
    assert len(context.modified) == many  # nothing changed, nothing is sent


def test_inventory_shifts_both_quotes_against_it():
    context = context_of()
    context.tick("BAC", bid=19.95, ask=19.97)
    assert context.position("BAC") == 100
    # mid 19.96, shifted down by two ticks
    assert quotes(context) == {"BUY": 19.91, "SELL": 19.97}


def test_a_round_of_both_sides_earns_the_spread():
    context = context_of(skew_ticks=0.0)
    buy, sell = context.orders
    context.fill(buy, buy.request.limit_price)
    context.fill(sell, sell.request.limit_price)
    assert context.position("BAC") == 0
    assert context.equity == pytest.approx(100_000 + 100 * 0.06)


@pytest.mark.parametrize("side", list(Side))
def test_the_side_that_would_hold_too_much_is_withdrawn(side):
    context = context_of(skew_ticks=0.0)
    both = {"BUY": 19.97, "SELL": 20.03}
    for _ in range(2):
        assert quotes(context) == both
        (order,) = [o for o in context.orders if o.side is side]
        context.fill(order, order.request.limit_price)
    assert context.position("BAC") == side * 200
    assert quotes(context) == {n: p for n, p in both.items() if n != side.name}
    (other,) = context.orders
    context.fill(other, other.request.limit_price)
    assert quotes(context) == both


@pytest.mark.parametrize(
    ("side", "other", "price"), [(Side.BUY, "SELL", 20.0), (Side.SELL, "BUY", 20.0)]
)
def test_the_quotes_never_cross_the_market(side, other, price):
    context = context_of(half_spread_ticks=0.5, skew_ticks=50.0)
    (order,) = [o for o in context.orders if o.side is side]
    context.fill(order, order.request.limit_price)
    # one tick inside the other side of the market, however much it holds
    assert quotes(context)[other] == price


@pytest.mark.parametrize(
    "fields", [{"halted": True}, {"bid": float("nan")}, {"ask": 19.0}, {"bid": None}]
)
def test_without_a_sound_quote_everything_is_withdrawn(fields):
    context = context_of()
    ticker = context.tickers["BAC"]
    for name, value in fields.items():
        setattr(ticker, name, value)
    context.carry_out(context.strategy.on_market_data(ticker))
    assert not context.orders


def test_after_a_fill_in_a_halt_the_other_side_is_withdrawn():
    context = context_of()
    context.tickers["BAC"].halted = True
    context.fill(context.orders[0], 19.97)
    assert not context.orders


def test_an_order_that_expired_is_quoted_again():
    context = context_of()
    context._end(context.orders[0], OrderState.CANCELLED)
    context.tick("BAC")
    assert quotes(context) == {"BUY": 19.97, "SELL": 20.03}


def test_an_order_that_was_rejected_waits_until_the_quote_moves():
    context = context_of()
    context._end(context.orders[0], OrderState.REJECTED)
    context.tick("BAC")
    assert quotes(context) == {"SELL": 20.03}
    context.tick("BAC", bid=20.00, ask=20.02)
    assert quotes(context) == {"BUY": 19.98, "SELL": 20.04}


def test_an_order_whose_cancellation_is_under_way_is_not_touched():
    context = context_of()
    context.orders[0].cancel_requested = True
    context.tick("BAC", bid=20.00, ask=20.02)
    assert quotes(context) == {"BUY": 19.97, "SELL": 20.04}


def test_a_part_fill_keeps_the_rest_working():
    context = context_of(skew_ticks=0.0)
    context.fill(context.orders[0], 19.97, quantity=40)
    assert [o.remaining for o in context.orders] == [60, 100]


def test_at_the_end_everything_is_withdrawn():
    context = context_of()
    context.strategy.on_stop()
    assert not context.orders


def test_it_reports_how_often_it_changed_its_mind():
    context = context_of()
    context.tick("BAC", bid=20.00, ask=20.02)
    assert context.strategy.describe() == {"changes of the quotes": 2}
