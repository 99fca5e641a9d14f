"""One order as the gateway follows it, and what is said about it."""

from __future__ import annotations

from typing import Any

import msgspec

from ikbr.domain.instrument import MICRO
from ikbr.domain.order import Fill, Order, OrderRequest
from ikbr.gateway.fields import Values
from ikbr.gateway.messages.order_answers import PLAIN_COMPLETED, PLAIN_ORDER

MANUAL = -2
"""The client id of orders that people place by hand and no client has bound."""


class WireOrder(msgspec.Struct, eq=False):
    """Follow one order of one client.

    Attributes:
        order: What the exchange knows it by; its id is the permanent id.
        order_id, client_id: What its client knows it by.
        account: Whose.
        number: Of the instrument.
        wire: Of the instrument.
        values: What the client sent, as far as the exchange has taken it.
        request: The same, read.
        asked: Changes (values and request) and cancellations (None) on their way, in order.
        parent: The order whose fill lets it work.
        held: Whether its client has not let it go yet (transmit).
        waits: Whether it waits for its conditions or its time.
        status: In IB's words; "" before anything was said.
        done: Whether it has ended.
        filled, cost_units, last_units: Of its fills.
        commission_micro: Fees so far.
        why_held: "locate", "trigger", "child" or nothing.
        ended_ns: When it ended.
        completed: Whether it is listed among the completed orders.
        silent: Whether its client is told nothing of it unasked (a fault).
        feigned: Whether it works though it was told as cancelled (a fault).
    """

    order: Order
    order_id: int
    client_id: int
    account: str
    number: int
    wire: Values
    values: Values
    request: OrderRequest
    asked: list[tuple[Values, OrderRequest] | None]
    parent: WireOrder | None = None
    held: bool = True
    waits: bool = False
    status: str = ""
    done: bool = False
    filled: int = 0
    cost_units: int = 0
    last_units: int = 0
    commission_micro: int = 0
    why_held: str = ""
    ended_ns: int = 0
    completed: bool = False
    silent: bool = False
    feigned: bool = False

    @property
    def perm_id(self) -> int:
        """The permanent id."""
        return self.order.order_id

    @property
    def names(self) -> Values:
        """What it is called by clients: an order that nobody has bound has no ids."""
        if self.client_id == MANUAL:
            return {"orderId": 0, "clientId": 0}
        return {"orderId": self.order_id, "clientId": self.client_id}

    @property
    def remaining(self) -> int:
        """What is still to fill."""
        return self.request.quantity - self.filled

    @property
    def latest(self) -> OrderRequest:
        """What it will be once everything that is on its way has been taken."""
        changes = [one[1] for one in self.asked if one is not None]
        return changes[-1] if changes else self.request

    def book(self, fill: Fill) -> None:
        """Take a fill."""
        self.filled += fill.quantity
        self.cost_units += fill.quantity * fill.price_units
        self.last_units = fill.price_units
        self.commission_micro += fill.commission_micro

    def average_price(self) -> float:
        """Average price of the fills; 0.0 before the first, as IB has it."""
        scale = self.order.instrument.price_scale
        return self.cost_units / self.filled / scale if self.filled else 0.0

    def status_values(self) -> Values:
        """Give the fields of an `orderStatus`."""
        return {
            **self.names,
            "symbol": self.wire["symbol"],
            "status": self.status or "PendingSubmit",
            "filled": self.filled,
            "remaining": self.remaining,
            "avgFillPrice": self.average_price(),
            "permId": self.perm_id,
            "parentId": self.values["parentId"],
            "lastFillPrice": self.last_units / self.order.instrument.price_scale,
            "whyHeld": self.why_held,
        }

    def open_values(self, *, commission: bool = False) -> Values:
        """Give the fields of an `openOrder`.

        Args:
            commission: Whether the fees are known by now.
        """
        values = self._common()
        values |= {
            **self.names,
            "status": self.status or "PendingSubmit",
            "sharesAllocation": f"{self.perm_id}.0/{self.account}/{self.request.quantity}",
        }
        if commission:
            values["commission"] = self.commission_micro / MICRO
            values["commissionCurrency"] = self.order.instrument.currency
        return values

    def completed_values(self, when: str) -> Values:
        """Give the fields of a `completedOrder`.

        Args:
            when: The time at which it ended.
        """
        full = self.status == "Filled"
        return (
            self._common()
            | {name: value for name, value in PLAIN_COMPLETED.items() if name not in PLAIN_ORDER}
            | {
                "totalQuantity": 0 if full else self.request.quantity,
                "status": self.status,
                "filledQuantity": self.filled,
                "completedTime": when,
                "completedStatus": f"Filled Size: {self.filled}" if full else "Cancelled by Trader",
            }
        )

    def _common(self) -> Values:
        values: dict[str, Any] = self.values | PLAIN_ORDER | self.wire
        values |= {
            "right": self.wire["right"] or "?",
            "action": "BUY" if self.request.side > 0 else "SELL",
            "totalQuantity": self.request.quantity,
            "lmtPrice": self.values["lmtPrice"] or 0.0,
            "auxPrice": self.values["auxPrice"] or 0.0,
            "tif": self.values["tif"] or "DAY",
            "account": self.account,
            "permId": self.perm_id,
            "ocaType": self.values["ocaType"] or PLAIN_ORDER["ocaType"],
            "deltaNeutralAuxPrice": 0.0,
            "displaySize": self.values["displaySize"] or None,
            "volatilityType": self.values["volatilityType"] or 0,
            "referencePriceType": self.values["referencePriceType"] or 0,
            "cashQty": 0.0,
            "exchange": self.values["exchange"] or self.wire["exchange"],
        }
        return values
