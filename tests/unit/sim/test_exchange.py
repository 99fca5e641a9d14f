"""Rejections, cancellations and modifications."""

import pytest

from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderEvent as E
from ikbr.domain.order import Order, OrderRequest, Side


@pytest.mark.parametrize(
    ("quantity", "kind", "limit", "stop", "more", "code"),
    [
        (0, "MKT", None, None, {}, 434),
        (10, "LMT", 100.005, None, {}, 110),
        (10, "LMT", None, None, {}, 321),
        (10, "LMT", float("inf"), None, {}, 321),
        (10, "STP", None, 100.001, {}, 110),
        (10, "STP", None, None, {}, 321),
        (10, "STP LMT", 100.001, 100.00, {}, 110),
        (10, "LOC", 100.001, None, {}, 110),
        (10, "MIDPRICE", 100.001, None, {}, 110),
        (10, "TRAIL", None, 100.001, {"trail_amount": 1.0}, 110),
        (10, "TRAIL", None, None, {}, 321),
        (10, "TRAIL", None, None, {"trail_amount": 0.0, "trail_percent": 100.0}, 321),
        (10, "STP", None, 100.00, {"tif": "IOC"}, 201),
        (10, "MOO", None, None, {"tif": "FOK"}, 201),
        (10, "MKT", None, None, {"symbol": "XYZ"}, 200),
    ],
)
def test_an_order_that_makes_no_sense_is_rejected(
    open_room, quantity, kind, limit, stop, more, code
):
    room = open_room()
    room.quote(100.00, 100.02)
    order = room.me.send(quantity, kind, limit, stop, **more)
    assert room.me.events(order) == [(E.REJECT, code)]
    assert room.me.books.checked == []


def test_a_quantity_below_the_lot_is_rejected(open_room):
    room = open_room()
    order = Order(1, OrderRequest("SPY", Side.BUY, 9), Instrument(symbol="SPY", lot=10), "test")
    room.me.broker.submit(order)
    assert room.me.events(order) == [(E.REJECT, 388)]


def test_the_account_s_refusal_is_passed_on_in_its_own_words(open_room):
    room = open_room(refusal="Order rejected - reason: no cash.")
    room.quote(100.00, 100.02)
    order = room.me.send(10)
    assert room.me.events(order) == [(E.REJECT, 201)]
    assert room.me.updates[0].message == "Order rejected - reason: no cash."
    assert room.me.got == []


@pytest.mark.parametrize(
    ("quantity", "kind", "limit", "stop", "price"),
    [
        (10, "MKT", None, None, 1_000_200),
        (-10, "MKT", None, None, 1_000_000),
        (10, "LMT", 99.00, None, 990_000),
        (10, "STP", None, 101.00, 1_010_000),
        (10, "STP LMT", 102.00, 101.00, 1_020_000),
        (10, "MKT", 50.00, None, 1_000_200),
        (10, "STP", 50.00, 101.00, 1_010_000),
    ],
)
def test_the_account_is_asked_at_the_price_the_order_may_expect(
    open_room, quantity, kind, limit, stop, price
):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(quantity, kind, limit, stop)
    assert room.me.books.checked[0][3] == price


def test_before_any_price_the_account_is_asked_at_zero(open_room):
    room = open_room()
    room.me.send(10)
    assert room.me.books.checked[0][3] == 0


def test_the_exchange_refreshes_a_symbol_before_it_looks(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.market.refresh = lambda sym: room.market.ask.__setitem__(sym, 1_000_500)
    room.me.send(10)
    assert room.me.got == [(10, 100.05)]


def test_a_cancelled_order_ends_with_202_and_frees_the_account(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    order = room.me.send(10, "LMT", 99.00)
    room.me.broker.cancel(order)
    room.quote(98.00, 98.02)
    assert room.me.events(order) == [(E.ACK, 0), (E.CANCEL, 202)]
    assert (room.me.got, room.me.books.released) == ([], [order.order_id])


def test_what_cannot_be_cancelled_or_modified_says_why(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    done = room.me.send(10)
    unknown = room.me.make(10)
    for order, cancel_code, modify_code in ((done, 161, 104), (unknown, 10147, 10147)):
        room.me.updates.clear()
        room.me.broker.cancel(order)
        room.me.broker.modify(order, order.request)
        assert room.me.events(order) == [
            (E.CANCEL_REFUSED, cancel_code),
            (E.CANCEL_REFUSED, modify_code),
        ]


def change(order, **what):
    request = order.request
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    return OrderRequest(**{**fields, **what})


def test_a_smaller_quantity_keeps_the_place_in_the_queue(open_room):
    room = open_room()
    room.quote(100.00, 100.02, 100, 100)
    order = room.me.send(50, "LMT", 100.00)
    room.print(100.00, 90)
    room.me.broker.modify(order, change(order, quantity=20))
    room.print(100.00, 100)
    assert room.me.got == [(20, 100.00)]
    assert room.me.events(order) == [(E.ACK, 0), (E.MODIFY, 0)]


@pytest.mark.parametrize("what", [{"quantity": 60}, {"limit_price": 100.01}])
def test_any_other_change_goes_to_the_end_of_the_queue(open_room, what):
    room = open_room()
    room.quote(100.00, 100.02, 100, 100)
    order = room.me.send(50, "LMT", 100.00)
    second = room.me.send(50, "LMT", 100.00)
    room.print(100.00, 90)
    room.me.broker.modify(order, change(order, **what))
    room.me.broker.modify(order, change(order, quantity=60, limit_price=100.00))
    room.print(100.00, 70)
    assert [fill.order_id for fill in room.me.fills] == [second.order_id]


def test_a_limit_modified_to_be_marketable_trades_at_once(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    order = room.me.send(50, "LMT", 99.00)
    room.me.broker.modify(order, change(order, limit_price=100.05))
    assert room.me.got == [(50, 100.02)]


def test_a_stop_can_be_moved_and_a_triggered_one_stays_triggered(open_room):
    room = open_room()
    room.print(100.00)
    order = room.me.send(10, "STP LMT", 100.05, 100.10)
    room.me.broker.modify(order, change(order, stop_price=100.02))
    room.print(100.02)
    room.me.broker.modify(order, change(order, limit_price=100.01))
    room.print(100.00)
    assert room.me.got == [(10, 100.01)]


def test_a_trail_starts_anew_when_its_distance_changes(open_room):
    room = open_room(fill="last")
    room.print(100.00)
    order = room.me.send(-10, "TRAIL", trail_amount=1.0)
    room.me.broker.modify(order, change(order, trail_amount=0.5))
    room.print(99.50)
    assert room.me.got == [(-10, 99.50)]


def test_a_modification_counts_what_is_filled_already(open_room):
    room = open_room(volume_cap=0.5)
    room.quote(100.00, 100.02, 20, 20)
    order = room.me.send(30, "LMT", 100.02)
    assert room.me.got == [(10, 100.02)]
    room.me.broker.modify(order, change(order, quantity=10))
    assert room.me.events(order)[-1] == (E.CANCEL_REFUSED, 105)
    room.me.broker.modify(order, change(order, quantity=15))
    room.print(100.00, 100)
    assert room.me.got == [(10, 100.02), (5, 100.02)]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"side": Side.SELL}, 105),
        ({"symbol": "BAC"}, 105),
        ({"limit_price": 99.001}, 110),
        ({"quantity": 0}, 434),
    ],
)
def test_a_modification_that_makes_no_sense_leaves_the_order_as_it_was(open_room, what, code):
    room = open_room()
    room.quote(100.00, 100.02)
    order = room.me.send(10, "LMT", 99.00)
    room.me.broker.modify(order, change(order, **what))
    assert room.me.events(order)[-1] == (E.CANCEL_REFUSED, code)
    room.print(98.99)
    assert room.me.got == [(10, 99.00)]


def test_the_account_has_its_say_on_a_modification(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    order = room.me.send(10, "LMT", 99.00)
    room.me.books.refusal = "no"
    room.me.broker.modify(order, change(order, quantity=1000))
    assert room.me.events(order)[-1] == (E.CANCEL_REFUSED, 201)


def test_a_child_can_be_modified_while_it_waits_and_never_beyond_its_bracket(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    parent = room.me.send(10, "LMT", 99.50)
    child = room.me.send(-10, "LMT", 101.00, parent=parent.order_id)
    room.me.broker.modify(child, change(child, limit_price=100.50))
    room.quote(99.40, 99.50)
    room.me.broker.modify(child, change(child, quantity=40, limit_price=100.40))
    room.quote(100.40, 100.42)
    assert room.me.got == [(10, 99.50), (-10, 100.40)]
    assert room.me.events(child)[-1] == (E.CANCEL, 202)


def test_an_order_cancelled_as_its_modification_is_confirmed_is_gone(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    order = room.me.send(10, "LMT", 99.00)
    room.me.on_update = lambda u: u.event is E.MODIFY and room.me.broker.cancel(order)
    room.me.broker.modify(order, change(order, limit_price=100.05))
    assert room.me.got == []
    assert not room.exchange.watch(0).active


def test_a_held_order_can_be_modified_outside_regular_hours(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.exchange.hours.regular = False
    order = room.me.send(10, "LMT", 99.00)
    room.me.broker.modify(order, change(order, limit_price=100.05))
    assert room.me.got == []
    assert room.me.events(order)[-1] == (E.ACK_PRE, 399)


def test_a_split_cancels_the_orders_in_the_stock(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    waiting = [room.me.send(10, "LMT", 99.00, tif="GTC"), room.me.send(10, "STP", stop=101.00)]
    room.exchange.split(waiting[0].symbol, 2, 1)
    assert (room.market.bid[0], room.market.ask[0]) == (500_000, 500_100)
    assert [room.me.events(order)[-1] for order in waiting] == [(E.CANCEL, 202)] * 2
    room.quote(98.00, 98.02)
    room.print(102.00)
    assert room.me.got == []
