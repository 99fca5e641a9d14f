"""The raw feed: what IB says of orders, taken before ib_async interprets it.

ib_async's own view of an order is not used: it marks orders cancelled that still work, lets a
late status undo a fill, and counts corrected executions twice. The messages it decodes are right,
so they are taken between its decoder and its wrapper.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from ib_async import IB, CommissionReport, Contract, Execution
from ib_async import Order as IbOrder
from ib_async import OrderState as IbOrderState


class RawFeed(Protocol):
    """Listen to what IB says, message by message, in the order of the wire."""

    def on_order_status(self, order_id: int, status: str, filled: float, client_id: int) -> None:
        """Take an order's status."""

    def on_open_order(self, order_id: int, order: IbOrder, state: IbOrderState) -> None:
        """Take an order as IB has it."""

    def on_preview(self, order_id: int, state: IbOrderState) -> None:
        """Take what an order would do to margin."""

    def on_open_order_end(self) -> None:
        """Take the end of the list of open orders."""

    def on_execution(self, contract: Contract, execution: Execution) -> None:
        """Take an execution, one that happens now or one that was asked for."""

    def on_execution_end(self, request_id: int) -> None:
        """Take the end of a list of executions."""

    def on_commission(self, report: CommissionReport) -> None:
        """Take the commission of an execution."""

    def on_completed_order(self, order: IbOrder, state: IbOrderState) -> None:
        """Take an order that has ended."""

    def on_completed_order_end(self) -> None:
        """Take the end of the list of orders that have ended."""

    def on_error(self, request_id: int, code: int, message: str) -> None:
        """Take a code with its text; the id is that of a request or an order, or -1."""


class Wire(Protocol):
    """Name what ikbr uses of ib_async's client, which is not typed."""

    def isReady(self) -> bool:  # noqa: N802 - the names are ib_async's
        """Say whether messages can be sent."""

    def getReqId(self) -> int:  # noqa: N802
        """Give a request id."""

    def updateReqId(self, minReqId: int) -> None:  # noqa: N802, N803
        """Make request ids at least this large."""

    def placeOrder(self, orderId: int, contract: Contract, order: IbOrder) -> None:  # noqa: N802, N803
        """Send an order, or change one that was sent."""

    def cancelOrder(self, orderId: int, manualCancelOrderTime: str = "") -> None:  # noqa: N802, N803
        """Ask for a cancellation."""

    def serverVersion(self) -> int:  # noqa: N802
        """Give the version that the gateway speaks."""

    def sendMsg(self, msg: str) -> None:  # noqa: N802
        """Send a message that is written already."""

    def reqOpenOrders(self) -> None:  # noqa: N802
        """Ask for this client's open orders."""

    def reqExecutions(self, reqId: int, execFilter: Any) -> None:  # noqa: N802, N803
        """Ask for the executions of the day."""

    def reqCompletedOrders(self, apiOnly: bool) -> None:  # noqa: N802, N803
        """Ask for the orders of the day that have ended."""


def wire_of(ib: IB) -> Wire:
    """Give the part of ib_async that sends."""
    return cast("Wire", ib.client)


def tap(ib: IB, feed: RawFeed, on_fault: Callable[[Exception], None]) -> None:
    """Let a feed hear each message before ib_async does.

    Args:
        ib: The connection; it may be connected or not, and reconnect.
        feed: The listener. It is kept for as long as the connection is.
        on_fault: Told of an error of the feed, which ib_async would swallow; ib_async then gets
            the message all the same.
    """
    wrapper: Any = ib.wrapper

    def status(*fields: Any) -> None:
        feed.on_order_status(fields[0], fields[1], fields[2], fields[8])

    def open_order(order_id: int, _contract: Contract, order: IbOrder, state: IbOrderState) -> None:
        if order.whatIf:
            feed.on_preview(order_id, state)
        else:
            feed.on_open_order(order_id, order, state)

    def execution(_request_id: int, contract: Contract, details: Execution) -> None:
        feed.on_execution(contract, details)

    def error(request_id: int, code: int, message: str, _reject: str) -> None:
        feed.on_error(request_id, code, message)

    def completed(_contract: Contract, order: IbOrder, state: IbOrderState) -> None:
        feed.on_completed_order(order, state)

    def told() -> bool:
        return getattr(ib.client, "tells_ib_async", True)

    def first(
        name: str, listen: Callable[..., None], wanted: Callable[..., bool] = _always
    ) -> None:
        inner = getattr(wrapper, name)

        def both(*args: Any) -> None:
            try:
                listen(*args)
            except Exception as fault:  # noqa: BLE001 - ib_async would log it and go on
                on_fault(fault)
            if wanted(*args):
                inner(*args)

        setattr(wrapper, name, both)

    # Where nobody needs ib_async's own view of orders it is not told of any, except what it asked
    # for itself: it would keep each of them for as long as it is connected.
    first("orderStatus", status, lambda *_status: told())
    first(
        "openOrder",
        open_order,
        lambda _id, _contract, order, _state: (
            told() or order.whatIf or "openOrders" in wrapper._results
        ),
    )
    first("openOrderEnd", feed.on_open_order_end)
    first("execDetails", execution, lambda request, *_done: told() or request in wrapper._futures)
    first("execDetailsEnd", feed.on_execution_end)
    first(
        "commissionReport",
        feed.on_commission,
        lambda report: told() or report.execId in wrapper.fills,
    )
    # ib_async fails on completed orders that it did not ask for itself.
    first("completedOrder", completed, lambda *_order: "completedOrders" in wrapper._results)
    first("completedOrdersEnd", feed.on_completed_order_end)
    first("error", error)


def _always(*_args: Any) -> bool:
    return True
