"""Clocks: where paper and live trading get their time from.

A `WallClock` is that of the machine. A `MarketClock` is that of a simulated gateway: it stands
still until the gateway says what time it is, and the gateway's market waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ikbr.domain.timers import NEVER, Timer, TimerHeap

SECOND_NS = 1_000_000_000
LONGEST_SLEEP_S = 3600.0
"""A clock that is set while we sleep is noticed after this time at the latest."""


class WallClock:
    """Tell the time of the machine and wake on its event loop (a `Clock`).

    Time never goes back, and never stands still, as what is late would not be noticed then: when
    the machine's clock is set back, ours goes on at half its speed until the two have met.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        wall_ns: Callable[[], int],
        on_fault: Callable[[Exception], None],
    ) -> None:
        """Start with nothing due.

        Args:
            loop: Wakes us.
            wall_ns: Gives the time of the machine, ns UTC.
            on_fault: Told of an error in what was due, which the event loop would only log.
        """
        self._loop = loop
        self._wall_ns = wall_ns
        self._on_fault = on_fault
        self._heap = TimerHeap(wall_ns())
        self._handle: asyncio.TimerHandle | None = None
        self._armed_ns = NEVER
        self._latest_ns = 0
        self._since_s = 0.0

    @property
    def now_ns(self) -> int:
        """The present, ns UTC."""
        now = self._wall_ns()
        if now >= self._latest_ns:
            self._latest_ns, self._since_s = now, 0.0
        else:
            self._go_on()
        return self._latest_ns

    def _go_on(self) -> None:
        """Go on at half speed, by a clock that nobody sets."""
        at_s = self._loop.time()
        if self._since_s:
            self._latest_ns += round((at_s - self._since_s) * SECOND_NS / 2)
        self._since_s = at_s

    def call_at(self, due_ns: int, callback: Callable[..., Any], *args: Any) -> Timer:
        """Call back at a time, or as soon as the event loop turns when it has passed."""
        timer = self._heap.call_at(due_ns, callback, *args)
        if due_ns < self._armed_ns:
            self._arm(due_ns)
        return timer

    def close(self) -> None:
        """Wake no more."""
        if self._handle is not None:
            self._handle.cancel()
        self._armed_ns = -1

    def _arm(self, due_ns: int) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._armed_ns = due_ns
        delay = min(max(0, due_ns - self.now_ns) / SECOND_NS, LONGEST_SLEEP_S)
        if self._since_s:
            delay *= 2
        self._handle = self._loop.call_later(delay, self._wake)

    def _wake(self) -> None:
        if self._armed_ns < 0:
            return
        self._handle, self._armed_ns = None, NEVER
        try:
            self._heap.advance(self.now_ns)
        except Exception as fault:  # noqa: BLE001 - the event loop would log it and go on
            self._on_fault(fault)
        due = self._heap.next_ns
        if due < self._armed_ns:
            self._arm(due)


class MarketClock:
    """Tell the time of a simulated gateway's market (a `Clock`).

    Attributes:
        before_turn_ends: Called before the market is let go on.
        end_turn: Lets the market go on: the number of the turn, and how far it may go.
    """

    def __init__(self) -> None:
        """Start before all time; the market is held until `release`."""
        self._heap = TimerHeap()
        self._turn = 0
        self._held = True
        self.before_turn_ends: Callable[[], None] = _nothing
        self.end_turn: Callable[[int, int], None] = _nowhere

    @property
    def now_ns(self) -> int:
        """The present, ns UTC."""
        return self._heap.now_ns

    def call_at(self, due_ns: int, callback: Callable[..., Any], *args: Any) -> Timer:
        """Call back at a time."""
        return self._heap.call_at(due_ns, callback, *args)

    def on_time(self, now_ns: int) -> None:
        """Move to a time; what is due at or before it runs in order, each at its own time."""
        self._heap.advance(now_ns)

    def on_turn(self, turn: int) -> None:
        """Let the market go on, unless it is held."""
        self._turn = turn
        if not self._held:
            self._end()

    def hold(self) -> None:
        """Let the market wait until `release`."""
        self._held = True

    def hang_up(self) -> None:
        """Hold it, and forget the present turn: the link is lost."""
        self.hold()
        self._turn = 0

    def release(self) -> None:
        """Let the market go on."""
        if self._held:
            self._held = False
            if self._turn:
                self._end()

    def _end(self) -> None:
        heap = self._heap
        try:
            self.before_turn_ends()
            heap.advance(heap.now_ns)
        finally:
            # Whatever went wrong here is told elsewhere; nobody else may have to wait for it.
            turn, self._turn = self._turn, 0
            self.end_turn(turn, heap.next_ns)


def _nothing() -> None:
    pass


def _nowhere(_turn: int, _until_ns: int) -> None:
    pass
