"""The collector: frees cyclic garbage of a live session when the market leaves time for it.

Python looks for cycles whenever enough objects were made, which is in the middle of trading, and
a whole pass takes as long as the session is old: 11 ms at first, 168 ms after 5,000 orders of
ib_async. What is there when trading begins is frozen (never looked at again), and passes are made
when it is quiet; when it is not, by a bound that keeps each of them short.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

LOOK_S = 0.1
"""How often it looks, seconds; so long without a message is quiet."""
QUIET_MOST = 1_000
"""Objects more than at the last pass that are worth a pass when it is quiet."""
BUSY_MOST = 20_000
"""And when it is not: such a pass takes one or two milliseconds."""
REST_S = 5.0
"""After so long without a message everything is looked at, and what is left is frozen."""
WHOLE_MOST = 50_000
"""Objects that have outlived passes and are worth looking at all of them."""


class Collector:
    """Make Python's passes over garbage, in place of Python.

    Attributes:
        passes: Passes made when it was quiet, when it was not, and over everything.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, messages: Callable[[], int]) -> None:
        """Leave everything as it is until `begin`.

        Args:
            loop: Wakes it.
            messages: Counts what has come from the market.
        """
        self._loop = loop
        self._messages = messages
        self._handle: asyncio.TimerHandle | None = None
        self._seen = 0
        self._quiet_s = 0.0
        self._outlived = 0
        self.passes = {"quiet": 0, "busy": 0, "whole": 0}

    def begin(self) -> None:
        """Freeze what is there; from here on only this collects."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._handle = self._loop.call_later(LOOK_S, self._look)

    def end(self) -> None:
        """Leave it to Python again."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
            gc.unfreeze()
            gc.enable()

    def _look(self) -> None:
        self._handle = self._loop.call_later(LOOK_S, self._look)
        messages = self._messages()
        self._quiet_s = self._quiet_s + LOOK_S if messages == self._seen else 0.0
        self._seen = messages
        made = gc.get_count()[0]
        if not self._quiet_s:
            if made > BUSY_MOST:
                self._pass(made, "busy")
        elif self._quiet_s >= REST_S and self._outlived > WHOLE_MOST:
            self._outlived = 0
            self.passes["whole"] += 1
            gc.collect()
            gc.freeze()
        elif made > QUIET_MOST:
            self._pass(made, "quiet")

    def _pass(self, made: int, why: str) -> None:
        self._outlived += made - gc.collect(0)
        self.passes[why] += 1
