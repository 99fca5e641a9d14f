"""Attached exits: they close what is held, never more."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.core.order_manager import OrderManager
from ikbr.core.order_rules import protective_group
from ikbr.core.slot import Slot
from ikbr.domain.order import Order, Side


def exit_group(slot: Slot, side: Side, quantity: int) -> str:
    """Name the group that an order must join which closes all that attached exits protect.

    The order and the exits then cancel each other, so that not both of them fill, however long
    each is under way.

    Args:
        slot: The strategy in the symbol.
        side: Of the order.
        quantity: Of the order; more than the exits hold for a reversal.

    Returns:
        The group; "" when the order closes a part, or when several entries are protected that no
        order is closing yet.
    """
    closing = {order.request.oca_group for order in slot.entries}
    left = {
        protective_group(order.parent_id): order.remaining
        for order in slot.exits
        if order.side is side and protective_group(order.parent_id) not in closing
    }
    if len(left) != 1:
        return ""
    group, remaining = left.popitem()
    return group if quantity >= remaining else ""


def trim_exits(
    slot: Slot,
    filled: Order,
    quantity: int,
    orders: OrderManager,
    recount: Callable[[Order], None],
) -> None:
    """Shrink or cancel the attached exits that would close more than is held.

    Exits of an entry that still works are left alone, as it may fill. So are the other exits of
    an entry when one of them fills in part: the broker shrinks them itself. A closing order in
    their group it does not shrink, so that is done here.

    Args:
        slot: Where something was filled.
        filled: What was filled.
        quantity: How much, just now.
        orders: Through which exits are changed.
        recount: Told of every exit that has another quantity now.
    """
    if filled.parent_id and not filled.is_done:
        _shrink_closing(slot, filled, quantity, orders, recount)
    left = abs(slot.position)
    room: dict[int, int] = {}
    for order in list(slot.exits):
        family = order.parent_id
        if family in orders.working or order.cancel_requested or order.is_done:
            continue
        if order.side * slot.position >= 0:
            orders.cancel(order.order_id)
            continue
        allowed = room.setdefault(family, left)
        left = min(left, max(0, allowed - order.remaining))
        if order.remaining <= allowed or family == filled.parent_id:
            continue
        _leave(order, allowed, orders, recount)


def _shrink_closing(
    slot: Slot,
    filled: Order,
    quantity: int,
    orders: OrderManager,
    recount: Callable[[Order], None],
) -> None:
    group = protective_group(filled.parent_id)
    for order in list(slot.entries):
        if order.request.oca_group == group and not order.cancel_requested:
            _leave(order, order.remaining - quantity, orders, recount)


def _leave(
    order: Order, remaining: int, orders: OrderManager, recount: Callable[[Order], None]
) -> None:
    orders.shrink(order, remaining)
    recount(order)
