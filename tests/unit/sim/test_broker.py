"""The door between the pipeline and the exchange."""

import inspect

from ikbr.core.ports import Broker
from ikbr.domain.lifecycle import OrderEvent as E
from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.sim.broker import SimBroker

MS = 1_000_000


def test_an_order_trades_against_what_stands_when_it_arrives(open_room):
    room = open_room(latency_ms=5)
    room.quote(100.00, 100.02)
    room.me.send(10)
    assert room.me.log == []
    room.quote(101.00, 101.02)
    room.timers.advance(room.timers.now_ns + 5 * MS)
    assert room.me.got == [(10, 101.02)]
    assert room.me.fills[0].arrival_price == 101.02


def test_answers_come_back_later_and_in_order(open_room):
    room = open_room(response_latency_ms=3)
    room.quote(100.00, 100.02)
    room.me.send(10)
    sent = room.timers.now_ns
    assert room.me.log == []
    assert len(room.me.books.booked) == 1, "the account knows at once"
    room.timers.advance(sent + 3 * MS - 1)
    assert room.me.log == []
    room.timers.advance(sent + 3 * MS)
    assert room.me.log == [(1, "ack", 0), (1, "fill", 10, 100.02)]
    assert room.me.fills[0].ts_ns == sent


def test_cancellations_and_modifications_travel_as_long_as_orders(open_room):
    room = open_room(latency_ms=5)
    room.quote(100.00, 100.02)
    order = room.me.send(10, "LMT", 99.00)
    other = room.me.send(10, "LMT", 99.00)
    room.timers.advance(room.timers.now_ns + 5 * MS)
    room.me.broker.cancel(order)
    room.me.broker.modify(
        other, OrderRequest("SPY", Side.BUY, 20, OrderType.LIMIT, limit_price=98.00)
    )
    room.timers.advance(room.timers.now_ns + 5 * MS - 1)
    assert room.me.events(order) == room.me.events(other) == [(E.ACK, 0)]
    room.timers.advance(room.timers.now_ns + 1)
    assert room.me.events(order)[-1] == (E.CANCEL, 202)
    room.print(97.00)
    assert room.me.got == [(20, 98.00)]


def test_a_cancellation_sent_right_behind_its_order_finds_it(open_room):
    room = open_room(latency_ms=5)
    room.quote(100.00, 100.02)
    order = room.me.send(10, "LMT", 99.00)
    room.me.broker.cancel(order)
    room.timers.advance(room.timers.now_ns + 5 * MS)
    assert room.me.events(order) == [(E.ACK, 0), (E.CANCEL, 202)]


def test_the_broker_fits_the_port():
    for name in ("attach", "submit", "modify", "cancel"):
        wanted = inspect.signature(getattr(Broker, name))
        assert inspect.signature(getattr(SimBroker, name)).parameters.keys() == (
            wanted.parameters.keys()
        )


def test_an_order_arrives_as_it_was_sent_though_its_modification_is_on_the_way(open_room):
    room = open_room(latency_ms=5)
    room.quote(100.00, 100.02)
    order = room.me.send(10, "LMT", 100.02)
    room.timers.advance(room.timers.now_ns + MS)
    order.request = OrderRequest("SPY", Side.BUY, 10, OrderType.LIMIT, limit_price=99.00)
    room.me.broker.modify(order, order.request)
    room.timers.advance(room.timers.now_ns + 10 * MS)
    assert room.me.got == [(10, 100.02)]
    assert room.me.events(order)[-1] == (E.CANCEL_REFUSED, 104)
