"""Ended orders: remembered for what IB still says of them, and doubted when it says otherwise.

An end is never taken back by a word; it is asked about, and what asking does not settle a person
is told.
"""

from __future__ import annotations

from collections.abc import Callable

from ikbr.broker.inquiry import Inquiry
from ikbr.broker.line import Line
from ikbr.broker.statuses import ACKNOWLEDGES, STATUS_EVENTS
from ikbr.sim.recent import Recent


class Ended:
    """Keep the lines of orders that have ended."""

    def __init__(
        self,
        *,
        ask: Callable[[int], None],
        ask_later: Callable[[Line], None],
        notice: Callable[[int, str], None],
    ) -> None:
        """Start with none.

        Args:
            ask: Asks IB about an order.
            ask_later: Does so unless its executions come meanwhile.
            notice: Tells a person about an order.
        """
        self._lines: Recent[int, Line] = Recent()
        self._resurfaced: set[int] = set()
        self._ask = ask
        self._ask_later = ask_later
        self._notice = notice

    def put(self, line: Line) -> None:
        """Remember an order that has ended."""
        self._lines.put(line.order.order_id, line)

    def __bool__(self) -> bool:
        """Say whether any is remembered."""
        return bool(self._lines)

    def get(self, order_id: int) -> Line | None:
        """Give the line of an order that has ended lately."""
        return self._lines.get(order_id)

    def on_filled(self, order_id: int, filled: int) -> None:
        """Ask for the executions of an order that has filled more than was known at its end."""
        line = self._lines.get(order_id)
        if line is not None and filled > max(line.claimed, line.seen):
            line.claimed = filled
            self._ask_later(line)

    def on_listed(self, order_id: int, status: str, inquiry: Inquiry | None) -> None:
        """Ask, once, about an order that IB lists as working."""
        if self._lines.get(order_id) is None or STATUS_EVENTS.get(status) not in ACKNOWLEDGES:
            return
        if order_id not in self._resurfaced:
            self._resurfaced.add(order_id)
            self._ask(order_id)
        elif inquiry is not None:
            inquiry.open_orders[order_id] = status

    def settle(self, order_id: int, inquiry: Inquiry) -> None:
        """Tell what asking did not settle."""
        line = self._lines.get(order_id)
        if line is None:
            return
        if inquiry.is_open(order_id):
            words = "it has ended here, and IB lists it as open"
        elif line.claimed > line.seen:
            words = f"IB says that {line.claimed} are filled, and lists {line.seen}"
        else:
            return
        self._notice(order_id, f"{words}; look at the account")
