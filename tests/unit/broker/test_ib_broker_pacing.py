"""Orders that wait for their turn: which go first, and what is told of those that never went."""

from __future__ import annotations

from typing import Any

import pytest

from ikbr.broker.pacing import SOON_S, WINDOW_S, Pacer
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import NAN, Order, OrderRequest, Side

SECOND = 1_000_000_000


class Queue:
    """A pacer of a desk whose time the test passes."""

    def __init__(self, desk: Any, rate: int) -> None:
        self.desk = desk
        client = desk.ib.client
        self.pacer = Pacer(
            rate,
            write=client.sendMsg,
            time_s=lambda: desk.clock.now_ns / SECOND,
            call_later=lambda delay, call: desk.clock.call_at(
                desk.clock.now_ns + round(delay * SECOND), call
            ),
        )
        client.sendMsg = self.pacer.send
        desk.broker.start()
        for _ in range(rate):
            client.reqIds(1)  # fills the second
        desk.connection.sent.clear()

    def send(self, quantity: int, *, closes: bool = False, **more: Any) -> Order:
        side = Side.BUY if quantity > 0 else Side.SELL
        request = OrderRequest("SPY", side, abs(quantity), reduce_only=closes, **more)
        if closes:
            self.desk.orders.on_intent = lambda order: setattr(order, "closes", True)
        order: Order = self.desk.orders.submit(request, self.desk.spy, "m", NAN, NAN)
        self.desk.orders.on_intent = lambda _order: None
        return order

    @property
    def sent(self) -> list[tuple[str, int]]:
        """Message numbers and order ids of what is about orders, in the order of the wire."""
        places = {"3": 1, "4": 2}
        return [(m[0], int(m[places[m[0]]])) for m in self.desk.connection.sent if m[0] in places]


@pytest.fixture
def queue(desk: Any) -> Queue:
    return Queue(desk, 5)


def test_what_closes_goes_before_what_opens_and_cancellations_before_both(queue: Queue) -> None:
    working = queue.send(10)
    queue.desk.later(WINDOW_S + SOON_S)
    queue.desk.connection.sent.clear()
    for _ in range(4):
        queue.desk.ib.client.reqIds(1)
    queue.desk.connection.sent.clear()
    opening, closing = queue.send(10), queue.send(-10, closes=True)
    queue.desk.orders.cancel(working.order_id)
    queue.desk.later(WINDOW_S + SOON_S)
    ids = [working.order_id, closing.order_id, opening.order_id]
    assert [number for _, number in queue.sent] == ids


def test_an_order_that_waited_when_the_link_broke_is_told_as_not_sent(queue: Queue) -> None:
    sent = queue.send(10)
    queue.desk.later(WINDOW_S + SOON_S)
    for _ in range(4):
        queue.desk.ib.client.reqIds(1)
    waiting = queue.send(20)
    family = queue.send(30, stop_loss=400.0)
    queue.desk.break_link()
    assert sent.state is OrderState.UNKNOWN
    for order in (waiting, family, *queue.desk.orders.children[family.order_id]):
        assert (order.state, order.message[:8]) == (OrderState.REJECTED, "not sent")
    assert list(queue.desk.follower.lines) == [sent.order_id]


def test_a_cancellation_takes_back_an_order_that_waits(queue: Queue) -> None:
    order = queue.send(10, stop_loss=400.0)
    (child,) = queue.desk.orders.children[order.order_id]
    assert queue.desk.orders.cancel(order.order_id)
    assert (order.state, child.state) == (OrderState.CANCELLED, OrderState.CANCELLED)
    queue.desk.later(5)
    assert queue.sent == []


def test_a_cancelled_order_takes_its_waiting_change_back(queue: Queue) -> None:
    order = queue.send(10)
    queue.desk.later(WINDOW_S + SOON_S)
    for _ in range(4):
        queue.desk.ib.client.reqIds(1)
    queue.desk.connection.sent.clear()
    queue.desk.status(order, "Submitted")
    queue.desk.orders.modify(order.order_id, quantity=20)
    queue.desk.orders.cancel(order.order_id)
    queue.desk.later(2)
    assert queue.sent == [("4", order.order_id)]
    assert order.quantity == 10
    queue.desk.status(order, "Cancelled")
    assert order.state is OrderState.CANCELLED


def test_a_child_that_is_cancelled_while_its_family_waits_follows_it(queue: Queue) -> None:
    order = queue.send(10, stop_loss=400.0)
    (child,) = queue.desk.orders.children[order.order_id]
    queue.desk.orders.cancel(child.order_id)
    queue.desk.later(WINDOW_S + SOON_S)
    both = [("3", order.order_id), ("3", child.order_id), ("4", child.order_id)]
    assert queue.sent == both


def test_a_change_of_a_part_of_a_bracket_goes_by_itself_and_holds_nothing_up(queue: Queue) -> None:
    entry = queue.send(10, take_profit=600.0, stop_loss=400.0)
    profit, _ = queue.desk.orders.children[entry.order_id]
    queue.desk.later(2)
    for order in (entry, profit):
        queue.desk.connection.sent.clear()
        queue.desk.orders.modify(order.order_id, quantity=20)
        next_one = queue.send(30)
        queue.desk.later(2)
        assert [number for _, number in queue.sent] == [order.order_id, next_one.order_id]
        assert queue.pacer.waiting == 0


def test_an_order_of_an_earlier_session_can_be_cancelled(queue: Queue) -> None:
    order = queue.send(10)
    queue.desk.later(2)
    queue.desk.follower.lines.clear()
    queue.desk.broker.adopt(order)
    queue.desk.connection.sent.clear()
    queue.desk.orders.cancel(order.order_id)
    queue.desk.later(2)
    assert queue.sent == [("4", order.order_id)]
