"""Day orders: after their day they are not open any more, whatever IB can still say of them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from ikbr.domain.order import Order, TimeInForce

SECOND = 1_000_000_000
NEW_YORK = ZoneInfo("America/New_York")
"""Source: IBKR, TWS API, "Requesting executions": those since midnight are told; reports of users:
the server's midnight is meant, which is New York's."""


def is_over(order: Order, now_ns: int) -> bool:
    """Say whether the day of a day order is over.

    What it filled before midnight is told no more; it shows in the position.

    Args:
        order: Which.
        now_ns: The present, ns UTC.
    """
    return order.request.tif is TimeInForce.DAY and is_of_the_past(order, now_ns)


def is_of_the_past(order: Order, now_ns: int) -> bool:
    """Say whether an order is of an earlier day, so that some of what it filled is told no more."""
    return _date(order.created_ns) < _date(now_ns)


def _date(ts_ns: int) -> dt.date:
    return dt.datetime.fromtimestamp(ts_ns // SECOND, NEW_YORK).date()
