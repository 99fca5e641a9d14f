"""Order news: what clients are told of their orders without asking.

Source: the sequence of messages around a fill as recorded from a real gateway: execution, order,
status, order with its commission, commission report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ikbr.domain.order import OrderRequest
from ikbr.gateway.fields import Values
from ikbr.gateway.link import Link
from ikbr.gateway.messages import order_answers as say
from ikbr.gateway.order_refusals import CANCELLED
from ikbr.gateway.wire_order import WireOrder
from ikbr.sim.refusals import Refusal


class OrderNews:
    """Tell clients of their orders, as far as they are connected.

    Attributes:
        links: Clients that are connected, by client id.
        on_change: Told every order of which there is news, whether or not its client hears it.
        on_refused: Told every order that is refused, as far as it could be read, and why.
    """

    def __init__(self) -> None:
        """Start with nobody to tell."""
        self.links: Mapping[int, Link] = {}
        self.on_change: Callable[[WireOrder], None] = lambda _wo: None
        self.on_refused: Callable[[OrderRequest | None, Refusal], None] = lambda *_what: None

    def order(self, wo: WireOrder) -> None:
        """Tell what an order is."""
        link = self._link(wo)
        if link is not None:
            link.send(say.OPEN_ORDER, wo.open_values())

    def status(self, wo: WireOrder) -> None:
        """Tell how far an order is."""
        self.on_change(wo)
        link = self._link(wo)
        if link is not None:
            link.send(say.ORDER_STATUS, wo.status_values())

    def both(self, wo: WireOrder) -> None:
        """Tell what an order is and how far."""
        self.order(wo)
        self.status(wo)

    def refuse(self, wo: WireOrder, refusal: Refusal) -> None:
        """Tell an error about an order."""
        link = self._link(wo)
        if link is not None:
            link.refuse(wo.order_id, refusal)

    def reject(self, wo: WireOrder, refusal: Refusal) -> None:
        """Tell why an order has ended that was taken."""
        self.refuse(wo, refusal)
        self.on_refused(wo.request, refusal)

    def deny(
        self, link: Link, order_id: int, request: OrderRequest | None, refusal: Refusal
    ) -> None:
        """Tell why an order is not taken."""
        link.refuse(order_id, refusal)
        self.on_refused(request, refusal)

    def feign_cancel(self, wo: WireOrder) -> None:
        """Tell an order as cancelled that works on."""
        wo.status = "Cancelled"
        self.both(wo)
        self.refuse(wo, CANCELLED)
        wo.feigned = True
        self.status(wo)

    def bound(self, wo: WireOrder) -> None:
        """Tell that an order that was placed by hand belongs to a client now."""
        link = self._link(wo)
        if link is not None:
            link.send(say.ORDER_BOUND, {**wo.names, "permId": wo.perm_id})
            if wo.status:
                self.both(wo)

    def fill(self, wo: WireOrder, execution: Values, commission: Values) -> None:
        """Tell an execution; of an order that was told as cancelled nothing else is told."""
        self.on_change(wo)
        link = self.links.get(wo.client_id)
        if link is None or wo.silent:
            return
        link.send(say.EXEC_DETAILS, execution | {"reqId": -1})
        if not wo.feigned:
            full = wo.remaining <= 0
            if full:
                link.send(say.OPEN_ORDER, wo.open_values())
            link.send(say.ORDER_STATUS, wo.status_values())
            if full:
                link.send(say.OPEN_ORDER, wo.open_values(commission=True))
        link.send(say.COMMISSION_REPORT, commission)

    def _link(self, wo: WireOrder) -> Link | None:
        return None if wo.silent or wo.feigned else self.links.get(wo.client_id)
