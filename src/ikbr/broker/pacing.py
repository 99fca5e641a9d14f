"""Pacing: keeps to IB's limit of messages a second, and lets what is urgent go first.

Source: IBKR, TWS API, "Requests limitations": half as many messages a second as there are market
data lines, 50 with 100 lines; more bring code 100, and the third time ends the session. ib_async
keeps to its own limit with one queue, in which a cancellation waits behind a hundred subscriptions.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from ib_async import IB

RATE = 40
"""Messages a second; below IB's limit, so that a person at the same gateway does not break it."""

MOST_WAITING = 10_000


class Lane(IntEnum):
    """Say how urgent a message is; lower goes first."""

    CANCEL = 0
    ORDER = 1
    QUESTION = 2
    """What an order's fate hangs on: open orders, executions, the time, positions."""
    DATA = 3


LANES: dict[str, Lane] = {
    "4": Lane.CANCEL,
    "58": Lane.CANCEL,
    "3": Lane.ORDER,
    **dict.fromkeys(["5", "6", "7", "8", "15", "16", "49", "61", "71", "76", "99"], Lane.QUESTION),
}
"""The lane of a message by its number; any other is about data."""


class Pacer:
    """Let at most so many messages go in any second, the urgent ones first.

    Attributes:
        sent: How many have gone.
        dropped: How many were given up, because the connection ended or too many waited.
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
        self._rate = rate
        self._write = write
        self._time_s = time_s
        self._call_later = call_later
        self._times: deque[float] = deque()
        self._waiting: tuple[deque[tuple[float, str]], ...] = tuple(deque() for _ in Lane)
        self._wakes = False
        self.sent = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Count the messages that wait."""
        return sum(len(lane) for lane in self._waiting)

    @property
    def oldest_s(self) -> float:
        """How long the oldest message has waited; long waits mean: begin nothing new."""
        now = self._time_s()
        return max((now - lane[0][0] for lane in self._waiting if lane), default=0.0)

    def send(self, message: str) -> None:
        """Send a message, now or as soon as its turn comes."""
        lane = LANES.get(message.partition("\0")[0], Lane.DATA)
        if lane is Lane.DATA and self.waiting >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting[lane].append((self._time_s(), message))
        self._flush()

    def clear(self) -> None:
        """Give up what waits: the connection has ended."""
        self.dropped += self.waiting
        for lane in self._waiting:
            lane.clear()

    def _flush(self) -> None:
        now, times = self._time_s(), self._times
        while times and now - times[0] >= 1.0:
            times.popleft()
        for lane in self._waiting:
            while lane and len(times) < self._rate:
                times.append(now)
                self.sent += 1
                self._write(lane.popleft()[1])
        if self.waiting and not self._wakes:
            self._wakes = True
            self._call_later(max(0.0, times[0] + 1.0 - now), self._wake)

    def _wake(self) -> None:
        self._wakes = False
        self._flush()


def pace(ib: IB, loop: asyncio.AbstractEventLoop, rate: int = RATE) -> Pacer:
    """Let our pacer stand in for ib_async's queue.

    Args:
        ib: The client.
        loop: Its event loop.
        rate: Messages in any second.
    """
    client: Any = ib.client
    client.MaxRequests = 0
    pacer = Pacer(rate, write=client.sendMsg, time_s=loop.time, call_later=loop.call_later)
    client.sendMsg = pacer.send
    ib.disconnectedEvent.connect(pacer.clear, keep_ref=True)
    return pacer
