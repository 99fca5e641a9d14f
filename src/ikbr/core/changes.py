"""Changes of orders that are on their way: one of an order at a time, as a refusal names none."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ikbr.core.order_rules import check_request
from ikbr.domain.errors import OrderError
from ikbr.domain.order import Order, OrderRequest


def changed(
    order: Order, quantity: int | None, limit_price: float | None, stop_price: float | None
) -> OrderRequest:
    """Write what a working order becomes; what is None stays as it is.

    Raises:
        OrderError: When that makes no sense.
    """
    old = order.request
    request = replace(
        old,
        quantity=old.quantity if quantity is None else quantity,
        limit_price=old.limit_price if limit_price is None else limit_price,
        stop_price=old.stop_price if stop_price is None else stop_price,
    )
    if request.quantity <= order.executed:
        raise OrderError(
            f"order {order.order_id}: quantity {request.quantity} is not above the "
            f"{order.executed} already filled; cancel it instead."
        )
    check_request(request, order.instrument)
    return request


class Changes:
    """Remember what orders were before the change that is on its way.

    Attributes:
        before: The request that an order had before, by its id.
    """

    __slots__ = ("_shrink_to", "before")

    def __init__(self) -> None:
        """Start with none."""
        self.before: dict[int, OrderRequest] = {}
        self._shrink_to: dict[int, int] = {}

    def recall(self, before: Mapping[int, OrderRequest]) -> None:
        """Take up the changes of earlier sessions whose answer is still awaited."""
        self.before.update(before)

    def shrink_later(self, order: Order, quantity: int) -> None:
        """Note that less of an order is wanted once its change is answered.

        Args:
            order: With a change on its way.
            quantity: How much of it is wanted in all.
        """
        least = self._shrink_to.get(order.order_id, quantity)
        self._shrink_to[order.order_id] = min(least, quantity)

    def answered(self, order: Order) -> int | None:
        """Give what an order is to shrink to, now that its change is answered; None for nothing."""
        quantity = self._shrink_to.pop(order.order_id, None)
        wanted = quantity is not None and quantity < order.quantity and not order.is_done
        return quantity if wanted else None

    def forget(self, order_id: int) -> None:
        """Forget an order that has ended."""
        self.before.pop(order_id, None)
        self._shrink_to.pop(order_id, None)
