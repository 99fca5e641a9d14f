"""The thread that brings a journal to the disk, off the hot path."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread


class Committer:
    """Call `commit` again and again; many records share one sync (group commit).

    It is not woken by appending, which would cost the hot path more than the write does: it looks
    by itself, so that a record waits one interval and one sync at most.
    """

    def __init__(self, commit: Callable[[], object], interval_s: float) -> None:
        """Start.

        Args:
            commit: What to call; must not raise.
            interval_s: How long to wait between calls, seconds.
        """
        self._commit = commit
        self._interval_s = interval_s
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="journal-committer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; returns when it has ended."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            self._commit()
