"""Timers: things that are due at a time, in one order."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

NEVER = 2**63 - 1
"""A time that does not come."""


class Timer:
    """Stand for one thing that is due; `cancel` makes it never happen."""

    __slots__ = ("args", "callback", "due_ns")

    def __init__(self, due_ns: int, callback: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Note what is due when."""
        self.due_ns = due_ns
        self.callback: Callable[..., Any] | None = callback
        self.args = args

    def cancel(self) -> None:
        """Make it never happen."""
        self.callback = None
        self.args = ()


class TimerHeap:
    """Hold timers; equal times come in the order in which they were set.

    Attributes:
        now_ns: The present: the latest time that was reached, ns UTC.
        limit: How many timers may wait at once.
    """

    __slots__ = ("_count", "_heap", "limit", "now_ns")

    def __init__(self, now_ns: int = 0, limit: int = 1_000_000) -> None:
        """Start with nothing due."""
        self._heap: list[tuple[int, int, Timer]] = []
        self._count = 0
        self.now_ns = now_ns
        self.limit = limit

    def call_at(self, due_ns: int, callback: Callable[..., Any], *args: Any) -> Timer:
        """Set a timer.

        Args:
            due_ns: When, ns UTC; a time in the past is due at once.
            callback: What to call.
            args: With what.

        Returns:
            A handle to cancel it by.

        Raises:
            OverflowError: When more than `limit` timers wait.
        """
        if len(self._heap) >= self.limit:
            raise OverflowError(
                f"more than {self.limit} timers wait; something sets them in a loop"
            )
        timer = Timer(due_ns, callback, args)
        self._count += 1
        heappush(self._heap, (due_ns, self._count, timer))
        return timer

    @property
    def next_ns(self) -> int:
        """When the next timer is due; NEVER without one."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heappop(heap)
        return heap[0][0] if heap else NEVER

    def advance(self, to_ns: int) -> None:
        """Move the present to a time, running everything due at or before it in order.

        Each timer runs with `now_ns` at its own time; timers set meanwhile and due by then run
        too. The present never moves back.
        """
        heap = self._heap
        while heap and heap[0][0] <= to_ns:
            due_ns, _, timer = heappop(heap)
            callback = timer.callback
            if callback is None:
                continue
            if due_ns > self.now_ns:
                self.now_ns = due_ns
            timer.callback = None
            callback(*timer.args)
        if to_ns > self.now_ns:
            self.now_ns = to_ns
