"""Order statuses: IB's words for where an order stands, as events of our lifecycle."""

from __future__ import annotations

from ikbr.domain.lifecycle import OrderEvent

STATUS_EVENTS: dict[str, OrderEvent | None] = {
    "ApiPending": OrderEvent.HOLD,
    "PendingSubmit": OrderEvent.ACK_PENDING,
    "PreSubmitted": OrderEvent.ACK_PRE,
    "Submitted": OrderEvent.ACK,
    "PendingCancel": OrderEvent.REQUEST_CANCEL,
    "Inactive": OrderEvent.PARK,
    "ApiCancelled": OrderEvent.API_CANCEL,
    "Cancelled": OrderEvent.CANCEL,
    "Filled": None,
}
"""What a status says; `Filled` says nothing that the executions do not say better.

Source: IBKR, TWS API, "Order status: possible order states".
"""

ENDS = frozenset({OrderEvent.CANCEL, OrderEvent.API_CANCEL})
"""Events after which IB expects no more of an order, but executions may still be on their way."""

ACKNOWLEDGES = frozenset(
    {OrderEvent.HOLD, OrderEvent.ACK_PENDING, OrderEvent.ACK_PRE, OrderEvent.ACK}
)
"""Events that prove that IB has the order and that it works or will."""
