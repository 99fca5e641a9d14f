"""The settlement: what the lists of IB say of our orders, and what follows from what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.broker.day_orders import is_of_the_past, is_over
from ikbr.broker.ended import Ended
from ikbr.broker.inquiry import Inquiry
from ikbr.broker.line import Line
from ikbr.core.ports import Clock
from ikbr.domain.lifecycle import OrderEvent

if TYPE_CHECKING:
    from ikbr.broker.follower import Follower

_E = OrderEvent


class Settlement:
    """Draw the conclusions of inquiries."""

    def __init__(self, follower: Follower, ended: Ended, clock: Clock) -> None:
        """Settle nothing yet.

        Args:
            follower: Whose orders are asked about.
            ended: Those that have ended.
            clock: Tells the time.
        """
        self._follower = follower
        self._ended = ended
        self._clock = clock

    def on_silence(self, order_ids: set[int]) -> None:
        """Report as unknown what IB was asked about in vain."""
        for order_id in order_ids:
            line = self._follower.lines.get(order_id)
            if line is not None:
                self._follower.lose(line, 0, "IB did not answer what became of the order")

    def on_answer(self, order_ids: set[int]) -> None:
        """Draw the conclusions of an inquiry."""
        inquiry = self._follower.inquiry
        if inquiry is None:
            return
        for order_id in order_ids:
            line = self._follower.lines.get(order_id)
            if line is None:
                self._ended.settle(order_id, inquiry)
            elif line.end is not None:
                self._end_waits(line)
            elif inquiry.is_open(order_id):
                self._is_open(line, inquiry)
            elif line.touched >= inquiry.rounds:
                # What was sent since the lists were asked for may have brought it to IB.
                self._follower.ask(order_id)
            elif line.seen < line.at_most:
                self._is_gone(line, inquiry.ended.get(order_id))

    def _end_waits(self, line: Line) -> None:
        """Let no end wait for ever for executions that IB does not list."""
        if is_of_the_past(line.order, self._clock.now_ns):
            # Those of yesterday are told no more.
            self._follower.close(line)
        elif line.claimed > line.seen and not line.overdue:
            line.overdue = True
            self._follower.ask_later(line)
        elif line.claimed > line.seen:
            words = f"IB says that {line.claimed} are filled, and lists {line.seen}"
            self._follower.notice(line.order.order_id, f"{words}; look at the account")
            line.claimed = line.seen
            self._follower.close_if_complete(line)

    def _is_open(self, line: Line, inquiry: Inquiry) -> None:
        """It works: what a code made likely did not happen, nor did what it shows no sign of."""
        order_id = line.order.order_id
        verdict, line.verdict = line.verdict, None
        if line.touched >= inquiry.rounds:
            return
        if line.cancelling and inquiry.open_orders[order_id] != "PendingCancel":
            line.cancelling = False
            self._follower.tell(
                order_id, _E.CANCEL_REFUSED, 0, "IB has not heard of the cancellation"
            )
        if line.changing is not None:
            line.changing = None
            code, words = (verdict.code, verdict.message) if verdict is not None else (0, "")
            self._follower.tell(order_id, _E.CANCEL_REFUSED, code, words)

    def _is_gone(self, line: Line, status: str | None) -> None:
        """It is not open: it has ended, or IB never had it."""
        verdict, wanted = line.verdict, line.changing
        if wanted is not None and status in (None, "Filled") and line.seen == wanted.quantity:
            self._follower.on_changed(line, wanted)
        elif status == "Inactive" and verdict is None:
            self._follower.end(line, _E.REJECT, 0, "IB lists it as completed, and inactive")
        elif status is not None and status != "Filled":
            self._follower.hear(line, status)
        elif verdict is not None:
            self._follower.end(line, verdict.event, verdict.code, verdict.message)
        elif is_over(line.order, self._clock.now_ns):
            self._follower.end(
                line, _E.CANCEL, 0, "its day is over, and IB does not list it any more"
            )
        elif status is None and not line.acknowledged:
            self._follower.end(line, _E.REJECT, 0, "IB knows nothing of the order")
        else:
            self._follower.lose(line, 0, "IB lists the order neither as open nor with its fills")
            if not line.missed:
                self._follower.notice(
                    line.order.order_id, "its end is not known; look at the account"
                )
            line.missed = True
