"""Faults in what becomes of requests: no answer, orders in silence, cancellations that are not.

Each takes a request over (and says so) or lets it pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ikbr.gateway.faults.fault import Fault
from ikbr.gateway.fields import Values

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

Effect = Callable[["Session", Fault, Values, Callable[[], None]], bool]


def _mute(_session: Session, _fault: Fault, _values: Values, _handle: Callable[[], None]) -> bool:
    return True


def _silent_order(
    session: Session, fault: Fault, values: Values, handle: Callable[[], None]
) -> bool:
    desk = session.world.desk
    if values["whatIf"] or desk.orders.open(session.client_id, values["orderId"]) is not None:
        return False
    if fault.works:
        desk.in_silence(handle)
    return True


def _fill_after_cancel(
    session: Session, fault: Fault, values: Values, _handle: Callable[[], None]
) -> bool:
    world = session.world
    wo = world.desk.orders.open(session.client_id, values["orderId"])
    if wo is None or wo.held or wo.waits:
        return False
    world.desk.news.feign_cancel(wo)
    world.clock.call_at(world.now_ns + fault.ns, world.desk.withdraw, wo)
    return True


REQUESTS: dict[str, Effect] = {
    "mute": _mute,
    "silent_order": _silent_order,
    "fill_after_cancel": _fill_after_cancel,
}
"""What is done about a request, by the kind of fault."""
