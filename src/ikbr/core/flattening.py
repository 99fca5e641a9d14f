"""Flattening: close what a strategy holds, and what its orders still bring afterwards."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.core.exits import exit_group
from ikbr.core.order_manager import OrderManager
from ikbr.core.slot import Slot
from ikbr.domain.order import OrderRequest, OrderType, Side

Send = Callable[[Slot, OrderRequest], None]


class Flattener:
    """Cancel and close, without closing anything twice.

    An attached exit is not cancelled: the closing order joins its group, so that only one of
    them fills. What fills although its cancellation is on the way is closed when it is heard of.
    """

    __slots__ = ("_orders", "_outside_rth", "_send")

    def __init__(self, orders: OrderManager, send: Send, *, outside_rth: bool) -> None:
        """Connect with those who cancel and send.

        Args:
            orders: Cancels.
            send: Has an order checked and sends it.
            outside_rth: Whether it may fill outside regular hours.
        """
        self._orders = orders
        self._send = send
        self._outside_rth = outside_rth

    def flatten(self, slot: Slot, reason: str) -> None:
        """Cancel what works in a slot and close what is held."""
        slot.flat_below = self._orders.next_id
        slot.flat_closers.clear()
        slot.flat_reason = reason
        for order in list(slot.entries):
            # A market order that closes already would only be sent twice.
            closes = order.side * slot.position < 0
            if not (closes and order.request.order_type is OrderType.MARKET):
                self._orders.cancel(order.order_id)
        self.close(slot)

    def close(self, slot: Slot) -> None:
        """Close what is held and is not being closed already."""
        held = slot.position + sum(
            order.side * order.remaining for order in slot.entries if not order.cancel_requested
        )
        if held * slot.position <= 0:
            return
        side = Side.SELL if held > 0 else Side.BUY
        group = exit_group(slot, side, abs(held))
        if not group:
            for order in list(slot.exits):
                self._orders.cancel(order.order_id)
        request = OrderRequest(
            slot.instrument.symbol,
            side,
            abs(held),
            outside_rth=self._outside_rth,
            oca_group=group,
            reason=slot.flat_reason,
            reduce_only=True,
        )
        first = self._orders.next_id
        slot.flat_closers.add(first)  # It may fill before `send` returns.
        self._send(slot, request)
        if self._orders.next_id == first:
            slot.flat_closers.discard(first)
        slot.flat_closers.update(range(first, self._orders.next_id))
