"""What IB says an order would do to margin, before it is sent."""

from __future__ import annotations

from typing import Any

from ib_async import Order as IbOrder
from ib_async import OrderState as IbOrderState
from tests.unit.broker.conftest import CLIENT

from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Order, OrderRequest, Side


def asked(desk: Any, **more: Any) -> tuple[Order, list[Any]]:
    """Ask what an order would do, without sending it."""
    request = OrderRequest("SPY", Side.BUY, 100, oca_group="exit", **more)
    order, answers = Order(desk.orders.next_id, request, desk.spy, "m"), []
    desk.broker.preview(order, answers.append)
    return order, answers


def previewed(desk: Any, order: Order, **amounts: Any) -> None:
    """Let IB answer a preview."""
    known: dict[str, Any] = {
        "initMarginBefore": "10.5", "initMarginAfter": "20000.25", "maintMarginBefore": "9",
        "maintMarginAfter": "15000", "equityWithLoanBefore": "100000",
        "equityWithLoanAfter": "99999.5", "commission": 1.7976931348623157e308,
        "initMarginChange": "1",
    }  # fmt: skip
    ib = IbOrder(orderId=order.order_id, clientId=CLIENT, whatIf=True)
    state = IbOrderState(status="PreSubmitted", **{**known, **amounts})
    desk.ib.wrapper.openOrder(order.order_id, desk.contract, ib, state)


def test_a_preview_asks_with_the_id_of_the_order_and_reads_the_amounts(desk: Any) -> None:
    order, answers = asked(desk)
    [sent] = desk.sent(3)
    assert sent[1] == str(order.order_id)
    previewed(desk, order)
    previewed(desk, order)
    assert answers == [
        MarginPreview(10_500_000, 20_000_250_000, 9_000_000, 15_000_000_000, 100_000_000_000,
                      99_999_500_000, 0)
    ]  # fmt: skip
    assert answers[0].excess_after_micro == 79_999_250_000
    assert (desk.updates, desk.follower.lines) == ([], {})


def test_a_preview_that_says_nothing_or_is_refused_says_why(desk: Any) -> None:
    order, answers = asked(desk)
    previewed(desk, order, initMarginAfter="1.7976931348623157E308")
    assert answers == []
    previewed(desk, order, initMarginAfter="", warningText="no data")
    order, answers_two = asked(desk)
    desk.error(order, 399, "held")
    assert answers_two == []
    desk.error(order, 201, "margin is short")
    order, answers_three = asked(desk)
    desk.break_link()
    assert answers == ["no data"]
    assert answers_two == ["code 201: margin is short"]
    assert answers_three == ["the connection was lost"]
    assert asked(desk)[1] == ["not connected"]
    assert desk.updates == []


def test_a_preview_that_comes_after_its_order_was_sent_is_nobodys(desk: Any) -> None:
    order, answers = asked(desk)
    sent = desk.send()
    assert sent.order_id == order.order_id
    previewed(desk, order)
    desk.error(sent, 201, "rejected")
    assert answers == []
    assert desk.follower.lines[sent.order_id].verdict is not None
