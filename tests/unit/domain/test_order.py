import datetime as dt
import math

import pytest

from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.domain.session import Session

SPY = Instrument(symbol="SPY")


def order(quantity=100, side=Side.BUY):
    return Order(7, OrderRequest("SPY", side, quantity), SPY, "momentum", created_ns=3)


def test_a_new_order_has_nothing_filled():
    made = order()
    assert (made.symbol, made.side, made.quantity, made.remaining) == ("SPY", Side.BUY, 100, 100)
    assert math.isnan(made.average_price)
    assert made.state is OrderState.CREATED
    assert not made.is_done


def test_the_average_price_weighs_fills_by_quantity():
    made = order()
    made.filled, made.fill_value_units = 40, 30 * 1_000_000 + 10 * 1_040_000
    assert made.remaining == 60
    assert made.average_price == 101.0


@pytest.mark.parametrize("state", list(OrderState))
def test_an_order_is_done_in_a_final_state(state):
    made = order()
    made.state = state
    assert made.is_done is state.is_final


def test_an_order_shows_itself_in_a_line():
    assert repr(order()) == "Order(7 BUY 100 SPY MKT Created 0/100)"


@pytest.mark.parametrize(("side", "change"), [(Side.BUY, 5), (Side.SELL, -5)])
def test_a_fill_knows_its_sign_and_its_fee(side, change):
    fill = Fill(1, 7, "s", "SPY", side, 5, 1_000_000, 0, 1_005_000, 100.0)
    assert fill.signed_quantity == change
    assert fill.commission == 1.005


def test_a_session_holds_its_open_and_not_its_close():
    session = Session(dt.date(2025, 6, 2), 10, 20)
    assert [session.holds(t) for t in (9, 10, 19, 20)] == [False, True, True, False]
