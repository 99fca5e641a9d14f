"""Protection: how much of what a strategy may come to hold has a stop at the broker.

A stop that works at the broker closes a position when we are gone. It counts when nothing else
must happen first: a STP or TRAIL order, good till cancelled, that hangs on the entry or works
already. A stop limit may not fill, an order whose fate is unknown may not be there, and one whose
cancellation is on its way soon is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ikbr.core.slot import Slot
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Order, OrderRequest, OrderType, Side, TimeInForce

_STOPS = frozenset((OrderType.STOP, OrderType.TRAIL))
_IN_DOUBT = frozenset((OrderState.UNKNOWN, OrderState.INACTIVE))


class Gap(NamedTuple):
    """Say how far stops fall short.

    Attributes:
        needed: What a strategy may come to hold on one side of a symbol, units.
        covered: How much of it stops at the broker would close, units.
    """

    needed: int
    covered: int

    @property
    def words(self) -> str:
        """Say it, with the remedy."""
        return (
            f"{self.needed:,} would be held and stops at the broker close {self.covered:,} of it; "
            f"give the order a stop_loss, or its strategy a stop_loss_pct."
        )


def is_stop(request: OrderRequest) -> bool:
    """Say whether a request is for a stop that protects until it is cancelled."""
    return request.order_type in _STOPS and request.tif is TimeInForce.GTC


def is_protective(order: Order) -> bool:
    """Say whether an order only protects what is held: an attached exit, or a stop against it."""
    if order.parent_id:
        return True
    slot = order.owner
    return isinstance(slot, Slot) and is_stop(order.request) and order.side * slot.position < 0


def gap_after(
    slot: Slot | None, request: OrderRequest, replaced: Order | None = None
) -> Gap | None:
    """Say what an order, or the change of one, would leave without a stop.

    Args:
        slot: The strategy in the symbol; None when it holds nothing and nothing works.
        request: The order, or what `replaced` would become.
        replaced: The working order that it changes, or that is about to leave.

    Returns:
        The gap; None when all is covered, or the order adds to nothing.
    """
    gap = None
    if replaced is None or not replaced.parent_id:
        gap = _gap(slot, request.side, request, replaced)
    if gap is None and replaced is not None and is_stop(replaced.request):
        gap = _gap(slot, _other(request.side), request, replaced)
    return gap


def gap_without(slot: Slot, order: Order) -> Gap | None:
    """Say what the cancellation of an order would leave without a stop."""
    if order.cancel_requested or not is_stop(order.request):
        return None
    return _gap(slot, _other(order.side), None, order)


def standing_gap(slot: Slot) -> Gap | None:
    """Say what stands without a stop now; what is being closed at the market needs none."""
    side = Side.BUY if slot.position > 0 else Side.SELL
    closing = sum(
        order.remaining
        for order in slot.entries
        if order.side is not side and order.request.order_type is OrderType.MARKET
    )
    needed = abs(slot.position) - closing
    covered = _covered(slot, side, None)
    return Gap(needed, covered) if covered < needed else None


def _gap(
    slot: Slot | None, side: Side, request: OrderRequest | None, left_out: Order | None
) -> Gap | None:
    """Compare what may be held on a side with what would close it.

    Args:
        slot: Where; None for nothing there.
        side: Of the holding.
        request: What comes; None for nothing.
        left_out: The order whose place it takes.
    """
    rest = _rest(request, left_out) if request is not None else 0
    held, covered = 0, 0
    entries: list[tuple[str, int]] = []
    if slot is not None:
        held = side * slot.position
        entries = [
            (one.request.oca_group, one.remaining)
            for one in slot.entries
            if one.side is side and one is not left_out
        ]
        covered = _covered(slot, side, left_out)
    if request is not None and request.side is side:
        entries.append((request.oca_group, rest))
        # The stop of an order that works already is among those of the slot.
        if left_out is None and request.stop_loss is not None:
            covered += request.protects or request.quantity
    elif request is not None and is_stop(request):
        covered += rest
    needed = held + _largest_of_each_group(entries)
    return Gap(needed, covered) if covered < needed else None


def _rest(request: OrderRequest, replaced: Order | None) -> int:
    return request.quantity - (replaced.executed if replaced is not None else 0)


def _covered(slot: Slot, side: Side, left_out: Order | None) -> int:
    return _largest_of_each_group(
        (one.request.oca_group, one.remaining)
        for one in (*slot.exits, *slot.entries)
        if one.side is not side
        and is_stop(one.request)
        and one is not left_out
        and not one.cancel_requested
        and one.state not in _IN_DOUBT
    )


def _largest_of_each_group(quantities: Iterable[tuple[str, int]]) -> int:
    """Add up quantities; orders of one group replace each other."""
    total, groups = 0, dict[str, int]()
    for group, quantity in quantities:
        if group:
            groups[group] = max(groups.get(group, 0), quantity)
        else:
            total += quantity
    return total + sum(groups.values())


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY
