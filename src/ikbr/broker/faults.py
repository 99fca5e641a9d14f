"""Faults: errors in a script's handlers, of which ib_async tells nobody.

Source: eventkit, `Event.emit`: an exception of a listener is emitted by the event's `error_event`;
without a listener there it is gone. Errors of tasks and timers asyncio logs, at best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from traceback import extract_tb
from typing import Any


@dataclass(slots=True)
class Fault:
    """Hold an error that a script made while nobody looked.

    Attributes:
        where: The event, or "task" or "timer".
        error: The error, the first of its kind.
        place: File and line of it.
        count: How often it came.
    """

    where: str
    error: BaseException
    place: str
    count: int = 1

    def __str__(self) -> str:
        """Say what it is in one line."""
        return f"{self.where}, {self.place}: {type(self.error).__name__}: {self.error}"


class Faults:
    """Collect faults; those of one kind at one place are one.

    Attributes:
        tell: Told every fault when it comes for the first time.
    """

    def __init__(self, tell: Callable[[Fault], None] = lambda _fault: None) -> None:
        """Start without any."""
        self.tell = tell
        self._found: dict[tuple[str, type, str], Fault] = {}

    def __iter__(self) -> Iterator[Fault]:
        """Give them in the order in which they came."""
        return iter(self._found.values())

    def add(self, where: str, error: BaseException) -> None:
        """Take note of an error.

        Args:
            where: The event, or "task" or "timer".
            error: What was raised there.
        """
        frames = extract_tb(error.__traceback__)
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown place"
        key = (where, type(error), place)
        known = self._found.get(key)
        if known is not None:
            known.count += 1
            return
        fault = self._found[key] = Fault(where, error, place)
        self.tell(fault)

    def of_loop(self, context: dict[str, Any]) -> bool:
        """Take note of what an event loop complains of.

        Args:
            context: As asyncio gives it to exception handlers.

        Returns:
            Whether it was an error.
        """
        error = context.get("exception")
        if isinstance(error, Exception):
            self.add("task" if "task" in context or "future" in context else "timer", error)
        return isinstance(error, Exception)

    @contextmanager
    def of_events(self) -> Iterator[None]:
        """Hear the errors of the listeners of every event that is made meanwhile.

        A script that listens to an event's `error_event` itself has been told.
        """
        event: Any = import_module("eventkit").Event
        before = event.__post_init__

        def hear(source: Any, error: Exception) -> None:
            if len(source.error_event) == 1:
                self.add(source.name(), error)

        def make(self: Any) -> None:
            before(self)
            if self.error_event is not None:
                self.error_event.connect(hear, keep_ref=True)

        event.__post_init__ = make
        try:
            yield
        finally:
            event.__post_init__ = before
