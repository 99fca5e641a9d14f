"""The journal watch: a person is told when the disk refuses, and entries wait until it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ikbr.domain.events import Alert
from ikbr.live.pipeline import EntryHolds, LivePipeline

JOURNAL = "journal"
LOOK_S = 1.0


class JournalWatch:
    """Look at the state of a journal now and then."""

    def __init__(
        self, pipeline: LivePipeline, holds: EntryHolds, failure: Callable[[], str]
    ) -> None:
        """Wait for `begin`.

        Args:
            pipeline: Alerts through it.
            holds: Holds entries.
            failure: Why nothing can be made durable; "" when it can.
        """
        self._trader = pipeline.trader
        self._clock = pipeline.clock
        self._holds = holds
        self._failure = failure
        self._timer: asyncio.TimerHandle | None = None
        self._why = ""

    def begin(self) -> None:
        """Look from now on."""
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._turn)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        self.begin()
        self.look()

    def look(self) -> None:
        """Look now."""
        why = self._failure()
        if why and why != self._why:
            words = f"the journal cannot be written ({why}): nothing is opened, what closes goes"
            self._trader.alert(Alert(self._clock.now_ns, "critical", JOURNAL, words))
        if why:
            self._holds.hold(JOURNAL, "the journal cannot be written")
        else:
            self._holds.release(JOURNAL)
        self._why = why
