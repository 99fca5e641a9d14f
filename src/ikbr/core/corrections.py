"""Corrections and busts: executions that were something else than the fills that are booked.

An order that has ended stays ended, and what an exchange takes back it does not fill once more.
Fills that turn out larger may fill an order whole.

Source: Nasdaq Rule 11890 and NYSE Rule 7.10: a trade that is broken is cancelled; the orders
behind it are not reinstated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ikbr.core.ports import Journal
from ikbr.domain.amendment import Amendment
from ikbr.domain.lifecycle import TRANSITIONS, OrderEvent
from ikbr.domain.order import Fill

if TYPE_CHECKING:
    from ikbr.core.order_manager import OrderManager


def take_again(orders: OrderManager, fill: Fill) -> None:
    """Take a fill that is known: it was corrected meanwhile, or is merely told again."""
    booked = orders.fills[fill.exec_id]
    again = replace(fill, commission_micro=booked.commission_micro)
    if Amendment(0, booked, again).says_nothing:
        orders.note("repeated fill")
    else:
        orders.on_amended_fill(again)


def correct(orders: OrderManager, journal: Journal, fill: Fill, now_ns: int) -> None:
    """Book that an execution was something else than the fill that is known.

    Args:
        orders: Where it is booked.
        journal: Keeps the record.
        fill: The execution as it should have been; a quantity of 0 means that it never was.
        now_ns: The present, ns UTC.
    """
    booked = orders.fills.get(fill.exec_id)
    if booked is None:
        orders.note("amendment of an unknown fill")
        return
    amendment = Amendment(now_ns, booked, fill)
    if amendment.says_nothing:
        orders.note("repeated amendment")
        return
    order = orders.orders[fill.order_id]
    reduced = orders.is_reduced(order, fill.quantity - booked.quantity, now_ns)
    journal.append("amendment", now_ns, amendment)
    order.amend(fill, booked)
    if order.remaining < 0:
        orders.note("overfill")
    ends = order.remaining <= 0 and not order.is_done and not reduced
    if ends:
        order.state = TRANSITIONS[order.state, OrderEvent.FULL_FILL]
        orders.finish(order, now_ns)
    orders.on_amended(amendment, order)
    orders.fills[fill.exec_id] = fill
    if ends:
        orders.on_change(order)
