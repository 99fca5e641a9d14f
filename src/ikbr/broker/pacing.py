"""Pacing: keeps to IB's limit of messages a second, and lets what is urgent go first.

Source: IBKR, TWS API, "Requests limitations": half as many messages a second as there are market
data lines, 50 with 100 lines; more bring code 100, and the third time ends the session. ib_async
keeps to its own limit with one queue, in which a cancellation waits behind a hundred subscriptions.

The messages of one order keep their order, and a bracket goes together or not at all.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from ib_async import IB

from ikbr.domain.errors import BrokerError

RATE = 40
"""Messages a second; below IB's limit, so that a person at the same gateway does not break it."""

MOST_WAITING = 10_000

KEPT_FREE = 4
"""One in so many messages of a second is kept free of requests for data: an order behind a
hundred subscriptions then goes at once."""

WINDOW_S = 1.1
"""In what time no more messages go than are allowed in a second: IB counts them as they arrive, and
those of the next second may have a faster way."""
SOON_S = 0.001
"""The shortest wait: a window that is missed by the rounding of a float is over then."""
LATE_S = 1.0
"""Once anything but a request for data has waited so long, nothing new should be begun."""


class Lane(IntEnum):
    """Say how urgent a message is; lower goes first."""

    CANCEL = 0
    CLOSE = 1
    """Orders that can only shrink a position."""
    OPEN = 2
    """All other orders."""
    QUESTION = 3
    """What an order's fate hangs on: open orders, executions, the time, positions."""
    DATA = 4


PLACE, CANCEL = "3", "4"
_PLACES = PLACE + "\0"

LANES: dict[str, Lane] = {
    CANCEL: Lane.CANCEL,
    "58": Lane.CANCEL,
    PLACE: Lane.OPEN,
    **dict.fromkeys(["5", "6", "7", "8", "15", "16", "49", "61", "71", "76", "99"], Lane.QUESTION),
}
"""The lane of a message by its number; any other is about data."""


@dataclass(slots=True, eq=False)
class Parcel:
    """Hold messages that go together.

    Attributes:
        lane: How urgent they are.
        since_s: Since when they wait.
        messages: What is sent, each with the order that it places or cancels (0 for none).
        orders: Those orders.
        open: Whether more of a family is still to come.
    """

    lane: Lane
    since_s: float
    messages: deque[tuple[int, str]] = field(default_factory=deque)
    orders: set[int] = field(default_factory=set)
    open: bool = False


class Placing(NamedTuple):
    """Say how an order is to be sent.

    Attributes:
        lane: How urgent it is.
        parent_id: The order that must go before it; 0 for none.
        more: Whether others of its family follow, without which it must not go.
    """

    lane: Lane
    parent_id: int = 0
    more: bool = False


_ALONE = {lane: Placing(lane) for lane in Lane}


class Pacer:
    """Let at most so many messages go in any second, the urgent ones first.

    Attributes:
        rate: Messages in any second.
        sent: How many have gone.
        given_up: How many were not sent because the connection ended.
        on_given_up: Told how many messages that place or change an order were given up, by order.
        on_late: Told when messages begin to wait for too long, and when they no longer do: enter
            nothing new meanwhile.
    """

    def __init__(
        self,
        rate: int,
        *,
        write: Callable[[str], None],
        time_s: Callable[[], float],
        call_later: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        """Start with nothing waiting.

        Args:
            rate: Messages in any second.
            write: Sends one.
            time_s: Gives the time, seconds; it never goes back.
            call_later: Calls back after so many seconds.
        """
        self.rate = rate
        self._write = write
        self._time_s = time_s
        self._call_later = call_later
        self._times: deque[float] = deque()
        self._waiting: tuple[deque[Parcel], ...] = tuple(deque() for _ in Lane)
        self._of_order: dict[int, Parcel] = {}
        self._wakes = False
        self._late = False
        self.sent = 0
        self.given_up = 0
        self.on_given_up: Callable[[Counter[int]], None] = lambda _orders: None
        self.on_late: Callable[[bool], None] = lambda _late: None

    # --- how it stands -------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """Count the messages that wait."""
        return sum(len(parcel.messages) for lane in self._waiting for parcel in lane)

    @property
    def oldest_s(self) -> float:
        """How long the oldest message has waited."""
        return self._age_s(Lane.DATA)

    @property
    def is_late(self) -> bool:
        """Whether anything but a request for data has waited for too long."""
        return self._age_s(Lane.QUESTION) > LATE_S

    def _age_s(self, last: Lane) -> float:
        since_s = [lane[0].since_s for lane in self._waiting[: last + 1] if lane]
        return self._time_s() - min(since_s) if since_s else 0.0

    # --- sending -------------------------------------------------------------------------------

    def send(self, message: str) -> None:
        """Send a message, now or as soon as its turn comes.

        Raises:
            BrokerError: When too many requests for data wait already.
        """
        number, _, rest = message.partition("\0")
        lane = LANES.get(number, Lane.DATA)
        if lane is Lane.DATA and len(self._waiting[lane]) >= MOST_WAITING:
            raise BrokerError(
                f"{MOST_WAITING:,} requests for data wait to be sent; ask for less at once."
            )
        self._send(_order_of(number, rest), message, _ALONE[lane])

    def place(self, order_id: int, message: str, how: Placing) -> None:
        """Send the message that places or changes an order, now or as soon as its turn comes.

        Args:
            order_id: Which.
            message: As it goes.
            how: How urgent it is, and what it goes with.
        """
        self._send(order_id, message, how)

    def _send(self, order_id: int, message: str, how: Placing) -> None:
        now = self._time_s()
        if self._goes_at_once(how, now):
            self._times.append(now)
            self.sent += 1
            self._write(message)
            return
        parcel = self._of_order.get(order_id) or self._of_order.get(how.parent_id)
        if parcel is None:
            parcel = Parcel(how.lane, now)
            self._waiting[how.lane].append(parcel)
        parcel.messages.append((order_id, message))
        if order_id:
            parcel.orders.add(order_id)
            self._of_order[order_id] = parcel
        if message.startswith(_PLACES):
            parcel.open = how.more
        self._flush()

    def take_back(self, order_id: int) -> Counter[int]:
        """Take back an order that waits, with the family that hangs on it.

        Returns:
            How many messages that place or change an order will not be sent, by order; none when
            the order does not wait, or waits behind its parent.
        """
        parcel = self._of_order.get(order_id)
        if parcel is None or parcel.messages[0][0] != order_id:
            return Counter()
        self._waiting[parcel.lane].remove(parcel)
        return self._forget(parcel)

    def clear(self) -> None:
        """Give up what waits: the connection has ended."""
        orders: Counter[int] = Counter()
        for lane in self._waiting:
            for parcel in lane:
                self.given_up += len(parcel.messages)
                orders += self._forget(parcel)
            lane.clear()
        self._tell_late()
        if orders:
            self.on_given_up(orders)

    # --- inside --------------------------------------------------------------------------------

    def _goes_at_once(self, how: Placing, now: float) -> bool:
        """Say whether a message need not wait, as none does."""
        if how.more or any(self._waiting):
            return False
        self._forget_old(now)
        return len(self._times) < self._budget(how.lane)

    def _forget_old(self, now: float) -> None:
        times = self._times
        while times and now - times[0] >= WINDOW_S:
            times.popleft()

    def _budget(self, lane: Lane) -> int:
        return self.rate - self.rate // KEPT_FREE if lane is Lane.DATA else self.rate

    def _flush(self) -> None:
        now, times = self._time_s(), self._times
        self._forget_old(now)
        for lane in self._waiting:
            while lane and not lane[0].open and self._fits(lane[0]):
                self._write_out(lane, now)
        self._tell_late()
        if times and self.waiting and not self._wakes:
            self._wakes = True
            self._call_later(max(SOON_S, times[0] + WINDOW_S - now), self._wake)

    def _fits(self, parcel: Parcel) -> bool:
        budget = self._budget(parcel.lane)
        return budget - len(self._times) >= min(len(parcel.messages), budget)

    def _write_out(self, lane: deque[Parcel], now: float) -> None:
        parcel = lane[0]
        while parcel.messages and len(self._times) < self._budget(parcel.lane):
            self._times.append(now)
            self.sent += 1
            self._write(parcel.messages.popleft()[1])
        if not parcel.messages:
            lane.popleft()
            self._forget(parcel)

    def _forget(self, parcel: Parcel) -> Counter[int]:
        for order_id in parcel.orders:
            del self._of_order[order_id]
        return Counter(one for one, message in parcel.messages if message.startswith(_PLACES))

    def _wake(self) -> None:
        self._wakes = False
        self._flush()

    def _tell_late(self) -> None:
        late = self.is_late
        if late is not self._late:
            self._late = late
            self.on_late(late)


def _order_of(number: str, rest: str) -> int:
    """Find the order that a message places or cancels; 0 for none."""
    if number == PLACE:
        return int(rest.partition("\0")[0])
    if number == CANCEL:
        return int(rest.split("\0", 2)[1])
    return 0


def pace(ib: IB, rate: int = RATE) -> Pacer:
    """Let our pacer stand in for ib_async's queue.

    Args:
        ib: The client; it sends from within a running event loop.
        rate: Messages in any second.
    """
    client: Any = ib.client
    client.MaxRequests = 0
    pacer = Pacer(
        rate,
        write=client.sendMsg,
        time_s=lambda: asyncio.get_running_loop().time(),
        call_later=lambda delay, call: asyncio.get_running_loop().call_later(delay, call),
    )
    client.sendMsg = pacer.send
    ib.disconnectedEvent.connect(pacer.clear, keep_ref=True)
    return pacer


def pacer_of(ib: IB) -> Pacer | None:
    """Give the pacer that a client sends through, if it has one."""
    client: Any = ib.client
    pacer = getattr(client.sendMsg, "__self__", None)
    return pacer if isinstance(pacer, Pacer) else None
