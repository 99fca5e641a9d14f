"""Related orders: brackets (a parent and its children) and OCA groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ikbr.sim.book import Family, SimOrder

if TYPE_CHECKING:
    from ikbr.sim.executions import Executions


class Families:
    """Keep related orders in step.

    Source: IBKR, "Bracket Orders" and "One-Cancels-All": children work once the parent is
    filled, what remains of the others shrinks as one of them fills, and an order that fills
    cancels the rest of its group.

    Attributes:
        activate: Lets a child work; set by the exchange.
    """

    __slots__ = ("_executions", "activate")

    def __init__(self, executions: Executions) -> None:
        """Start without an exchange behind."""
        self._executions = executions
        self.activate: Callable[[SimOrder], None] = _not_connected

    def join(self, so: SimOrder) -> str:
        """Note what an arriving order is related to.

        Returns:
            Why it cannot work, or nothing.
        """
        seat = so.seat
        group = so.request.oca_group
        if group:
            if seat.closed_groups.get(group):
                return f"OCA group {group} has filled"
            seat.groups.setdefault(group, []).append(so)
        parent_id = so.order.parent_id
        if not parent_id:
            return ""
        family = seat.families.get(parent_id)
        if family is not None:
            left = family.left
        else:
            left = -1 if parent_id in seat.orders else seat.ended.get(parent_id)
        if not left:
            return "the parent order is missing or has ended with nothing left to close"
        if family is None:
            family = seat.families[parent_id] = Family(left)
        so.family = family
        family.members.append(so)
        if family.left >= 0:
            self._cut(so, family.left)
        return ""

    def after_fill(self, so: SimOrder, quantity: int) -> None:
        """Let the relatives of an order that filled follow."""
        family = so.family
        if family is not None:
            family.left -= quantity
            for other in tuple(family.members):
                if other is not so and other.live and other.sign == so.sign:
                    self._cut(other, family.left)
                    if not other.remaining:
                        self._executions.cancel(other, "the bracket is closed")
        group = so.request.oca_group
        if group and so.remaining and so.request.oca_reduces:
            self._reduce(so, quantity)
        if not so.remaining:
            if group:
                so.seat.closed_groups.put(group, True)
                for other in tuple(so.seat.groups.get(group, ())):
                    if other is not so:
                        self._executions.cancel(other, "OCA group filled")
            self.after_end(so)

    def after_end(self, so: SimOrder) -> None:
        """Leave the relatives of an order that ended; its own children work or end."""
        seat = so.seat
        group = so.request.oca_group
        members = seat.groups.get(group)
        if members is not None and so in members:
            members.remove(so)
            if not members:
                del seat.groups[group]
        family = so.family
        if family is not None and so in family.members:
            family.members.remove(so)
            self._close(so.order.parent_id, so)
        own = seat.families.get(so.order.order_id)
        if own is None:
            return
        for child in tuple(own.members):
            if not so.filled:
                self._executions.cancel(child, "the parent order was cancelled")
            elif child.live:
                self._cut(child, own.left)
                self.activate(child)

    def _close(self, parent_id: int, so: SimOrder) -> None:
        family = so.family
        if family is not None and not family.members:
            so.seat.families.pop(parent_id, None)
            if family.left >= 0:
                so.seat.ended.put(parent_id, family.left)

    def _reduce(self, so: SimOrder, quantity: int) -> None:
        """Shrink the others of a group in proportion to a fill.

        Source: IBKR, "One-Cancels-All": types 2 and 3 reduce the remaining orders
        proportionately, with and without overfill protection. Rounding is ours: half up.
        """
        size = so.request.quantity
        for other in tuple(so.seat.groups.get(so.request.oca_group, ())):
            if other is so or not other.live:
                continue
            part = (2 * quantity * other.request.quantity + size) // (2 * size)
            self._cut(other, max(0, other.remaining - part))
            if not other.remaining:
                self._executions.cancel(other, "OCA group filled")

    @staticmethod
    def _cut(so: SimOrder, left: int) -> None:
        if so.remaining > left:
            so.remaining = left
            so.cut = True


def _not_connected(_so: SimOrder) -> None:
    """Do nothing: no exchange is behind."""
