"""Brackets: which orders IB may send on, and which must wait for the rest of their family.

Source: IBKR, TWS API, "Bracket orders": the parent and all children but the last are sent with
`transmit` off; the last one releases them together, so that no entry works without its exits.
"""

from __future__ import annotations

from ikbr.domain.order import Order


class Brackets:
    """Count the children that are still to come, so that the last one releases its family."""

    __slots__ = ("_awaited", "_held")

    def __init__(self) -> None:
        """Start without families."""
        self._awaited: dict[int, int] = {}
        self._held: dict[int, list[Order]] = {}

    def transmits(self, order: Order) -> bool:
        """Say whether IB may send an order on; call it once per order, as it is sent."""
        request = order.request
        children = (request.take_profit is not None) + (request.stop_loss is not None)
        if children:
            self._awaited[order.order_id] = children
            self._held[order.order_id] = [order]
            return False
        awaited = self._awaited.get(order.parent_id)
        if awaited is None:
            return True
        if awaited == 1:
            self.forget(order.parent_id)
            return True
        self._awaited[order.parent_id] = awaited - 1
        self._held[order.parent_id].append(order)
        return False

    def is_whole(self, order: Order) -> bool:
        """Say whether nothing of an order's family is still to come."""
        return (order.parent_id or order.order_id) not in self._awaited

    def left_behind(self, parent_id: int) -> Order | None:
        """Give the last order of a family whose other children never came, and forget it.

        Sending this one again with `transmit` on releases the family.
        """
        held = self._held.get(parent_id)
        self.forget(parent_id)
        return held[-1] if held else None

    def forget(self, parent_id: int) -> None:
        """Wait no longer for the children of an order."""
        self._awaited.pop(parent_id, None)
        self._held.pop(parent_id, None)
