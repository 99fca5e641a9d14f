"""Answers of IB that come late, lack something, or cross what is sent meanwhile."""

from __future__ import annotations

from typing import Any

from ikbr.broker.follower import SECOND
from ikbr.domain.lifecycle import OrderState


def test_a_change_that_was_sent_after_the_lists_were_asked_for_may_have_brought_the_order(
    desk: Any,
) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.broker.ask_again()
    desk.orders.modify(order.order_id, quantity=60)
    desk.answer()
    assert not order.is_done
    desk.open(order)
    desk.answer()
    assert (order.state, order.quantity) == (OrderState.SUBMITTED, 60)


def test_a_question_about_one_order_does_not_spoil_the_answer_about_the_next(desk: Any) -> None:
    first, second = (desk.send(100, "LMT", limit_price=price) for price in (500.0, 501.0))
    desk.broker.ask_again()
    desk.orders.modify(first.order_id, quantity=60)
    desk.open(first, totalQuantity=100.0)
    desk.open(second)
    desk.answer()
    assert second.state is OrderState.SUBMITTED
    desk.open(first)
    desk.open(second)
    desk.answer()
    assert [order.state for order in (first, second)] == [OrderState.SUBMITTED] * 2


def test_the_late_answer_to_an_old_question_says_nothing_of_an_order_that_was_sent_since(
    desk: Any,
) -> None:
    desk.send(100, "LMT", limit_price=500.0)
    desk.broker.ask_again()
    desk.later(1)
    order = desk.send(100, "LMT", limit_price=501.0)
    desk.later(4.5)
    desk.broker.ask_again()
    # What the first question brings at last.
    desk.ib.wrapper.openOrderEnd()
    desk.ib.wrapper.completedOrdersEnd()
    desk.ib.wrapper.execDetailsEnd(int(desk.sent(7)[-2][2]))
    desk.open(order)
    desk.ib.wrapper.openOrderEnd()
    desk.ib.wrapper.completedOrdersEnd()
    assert desk.broker.is_asking
    desk.ib.wrapper.execDetailsEnd(int(desk.sent(7)[-1][2]))
    assert order.state is OrderState.SUBMITTED


def test_an_answer_counts_though_the_question_before_it_never_had_one(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.broker.ask_again()
    desk.later(6)
    desk.broker.ask_again()
    desk.open(order)
    desk.ib.wrapper.openOrderEnd()
    desk.ib.wrapper.completedOrdersEnd()
    desk.ib.wrapper.execDetailsEnd(int(desk.sent(7)[-1][2]))
    assert not desk.broker.is_asking
    assert order.state is OrderState.SUBMITTED


def test_an_end_does_not_wait_for_ever_for_executions_that_no_list_has(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Cancelled", 40)
    desk.execute(order, 10, exec_id="a.b.01.02")
    desk.charge(exec_id="a.b.01.02")
    for _ in range(2):
        assert not order.is_done
        desk.later(3)
        desk.answer()
    assert (order.state, order.filled) == (OrderState.CANCELLED, 10)
    assert "40 are filled, and lists 10" in desk.notices[-1].words


def test_what_was_taken_back_and_counts_again_is_not_executed_twice(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    for revision, shares in ((1, 50), (2, 0), (3, 50)):
        desk.execute(order, shares, exec_id=f"a.b.01.0{revision}")
        desk.charge(exec_id=f"a.b.01.0{revision}")
    assert (order.filled, order.state) == (50, OrderState.SUBMITTED)
    assert list(desk.follower.lines) == [order.order_id]


def test_the_refusal_of_a_change_is_no_answer_to_a_cancellation(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.orders.modify(order.order_id, limit_price=501.0)
    desk.orders.cancel(order.order_id)
    desk.error(order, 105)
    assert (order.request.limit_price, order.cancel_requested) == (500.0, True)
    desk.later(desk.broker.silence_ns / SECOND)
    desk.open(order)
    desk.answer()
    assert (order.state, order.cancel_requested) == (OrderState.SUBMITTED, False)
