"""A worker: a thread of the courier that does one slow thing at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Worker(Generic[T]):
    """Do slow things, one at a time; whoever hangs hangs alone.

    Attributes:
        busy: Whether it has something to do that has not been fetched with `outcome`.
    """

    def __init__(self, name: str, work: Callable[[T], str]) -> None:
        """Begin; it ends with the process.

        Args:
            name: Of the thread.
            work: Does one thing; says why it failed, or "".
        """
        self._work = work
        self._tasks: SimpleQueue[T] = SimpleQueue()
        self._outcomes: SimpleQueue[str] = SimpleQueue()
        self.busy = False
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def begin(self, task: T) -> None:
        """Begin with something; only when it is not busy."""
        self.busy = True
        self._tasks.put(task)

    def outcome(self) -> str | None:
        """Give how it went, once; None while it is not done."""
        if not self.busy or self._outcomes.empty():
            return None
        self.busy = False
        return self._outcomes.get()

    def _run(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                why = self._work(task)
            except Exception as error:  # noqa: BLE001 - a thread that ends is busy for ever
                why = f"it failed inside ({type(error).__name__})"
            self._outcomes.put(why)
