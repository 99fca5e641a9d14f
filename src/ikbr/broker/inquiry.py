"""The inquiry: asking IB what it knows of our orders.

The three lists together leave nothing out: an order that lives is among the open ones, one that
has ended among the completed ones, and what it filled among the executions of the day. They are
asked for in this order, so that what ends meanwhile is in two of them rather than in none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from ib_async import ExecutionFilter

from ikbr.broker.raw_feed import Wire
from ikbr.core.ports import Clock
from ikbr.domain.timers import Timer

OPEN, EXECUTIONS, COMPLETED = "open orders", "executions", "completed orders"


class Inquiry:
    """Ask for the three lists, one round at a time.

    Attributes:
        rounds: How many rounds were begun.
        open_orders: Status of each order that the present round found open, by its id.
        ended: Status of each order that it found completed, by its number.
    """

    def __init__(
        self,
        wire: Wire,
        clock: Clock,
        client_id: int,
        *,
        answer_ns: int,
        on_answer: Callable[[set[int]], None],
        on_silence: Callable[[set[int]], None],
    ) -> None:
        """Ask nothing yet.

        Args:
            wire: Where to ask.
            clock: Tells when an answer is overdue.
            client_id: Whose executions.
            answer_ns: How long an answer may take.
            on_answer: Told of the orders that were asked about, once all lists are in.
            on_silence: Told of them when the lists did not come in time.
        """
        self._wire = wire
        self._clock = clock
        self._client_id = client_id
        self._answer_ns = answer_ns
        self._on_answer = on_answer
        self._on_silence = on_silence
        self._missing: set[str] = set()
        self._about: set[int] = set()
        self._next: set[int] = set()
        self._overdue: Counter[str] = Counter()
        self._skipped: set[str] = set()
        self._judges = False
        self._request_id = -1
        self._timer: Timer | None = None
        self.rounds = 0
        self.open_orders: dict[int, str] = {}
        self.ended: dict[int, str] = {}

    @property
    def running(self) -> bool:
        """Whether an answer is awaited, or is being judged: its lists must stay till all is."""
        return bool(self._missing) or self._judges

    def is_open(self, order_id: int) -> bool:
        """Say whether the present round found an order open, and not ended a moment later."""
        status = self.open_orders.get(order_id)
        # One that is parked may be told in the same words among those that have ended.
        return status is not None and self.ended.get(order_id, status) == status

    def ask(self, order_id: int) -> None:
        """Ask about an order: now, or in the next round when one is under way.

        What happened after a question was sent need not be in its answer.
        """
        self.look((order_id,))

    def look(self, order_ids: Iterable[int]) -> None:
        """Ask for the lists, about whichever orders: executions come with them in any case."""
        self._next.update(order_ids)
        if not self.running:
            self._start()

    def stop(self) -> None:
        """Give up, as the connection is gone; whoever reconnects asks again."""
        self._overdue.clear()
        self._missing.clear()
        self._about.clear()
        self._next.clear()
        if self._timer is not None:
            self._timer.cancel()

    def on_end(self, what: str, request_id: int = -1) -> None:
        """Take the end of a list."""
        if what == EXECUTIONS and request_id != self._request_id:
            return
        if not self._missing:
            return
        if what == EXECUTIONS:
            # They are asked for last: what of a round before was not told by now never will be.
            self._missing -= self._skipped
            self._overdue.clear()
        elif self._overdue[what]:
            # The other lists have no number. What was asked for before comes first, if ever, and
            # knows nothing of what was sent since.
            self._overdue[what] -= 1
            self._skipped.add(what)
            return
        self._missing.discard(what)
        if self._missing:
            return
        if self._timer is not None:
            self._timer.cancel()
        about, self._about = self._about, set()
        self._judges = True
        try:
            self._on_answer(about)
        finally:
            self._judges = False
        if self._next:
            self._start()

    def _start(self) -> None:
        if not self._wire.isReady():
            self._next.clear()
            return
        self._about, self._next = self._next, set()
        self._skipped.clear()
        self.rounds += 1
        self.open_orders.clear()
        self.ended.clear()
        self._missing = {OPEN, EXECUTIONS, COMPLETED}
        self._timer = self._clock.call_at(self._clock.now_ns + self._answer_ns, self._give_up)
        self._request_id = self._wire.getReqId()
        self._wire.reqOpenOrders()
        self._wire.reqCompletedOrders(apiOnly=True)
        self._wire.reqExecutions(self._request_id, ExecutionFilter(clientId=self._client_id))

    def _give_up(self) -> None:
        about = self._about | self._next
        overdue = self._overdue + Counter(self._missing - {EXECUTIONS})
        self.stop()
        self._overdue = overdue
        self._on_silence(about)
