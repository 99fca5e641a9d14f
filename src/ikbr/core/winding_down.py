"""Winding down: how the trading of a session ends, live and when it is replayed."""

from __future__ import annotations

from ikbr.core.protection import is_protective
from ikbr.core.trader import Trader


def wind_down(trader: Trader, reason: str, *, flatten: bool) -> None:
    """Enter nothing any more; cancel what works, and close what is to be closed.

    What protects a position stays with it.

    Args:
        trader: Whose orders.
        reason: Why.
        flatten: Whether what the strategies hold is closed.
    """
    trader.desk.closed = True
    for slot in trader.slots:
        # Nor does a flattening of before go on.
        slot.flat_below = 0
    for order in list(trader.orders.working.values()):
        if not is_protective(order):
            trader.orders.cancel(order.order_id)
    if flatten:
        for running in trader.manager.running:
            trader.flatten(running, reason)
