"""The decode watch: where a message could not be read, the books are compared before entries go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ikbr.broker.decode_errors import DecodeErrors
from ikbr.domain.errors import BrokerError
from ikbr.domain.events import Alert
from ikbr.live.background import in_background, stops
from ikbr.live.pipeline import EntryHolds, LivePipeline

log = logging.getLogger("ikbr.live")

DECODE = "decode"
AGAIN_S = 10.0


class DecodeWatch:
    """Hold entries after a decode error until our books agree with the broker's again."""

    def __init__(
        self,
        pipeline: LivePipeline,
        holds: EntryHolds,
        errors: DecodeErrors,
        compare: Callable[[], Awaitable[None]],
    ) -> None:
        """Listen.

        Args:
            pipeline: Alerts through it.
            holds: Holds entries.
            errors: Counts them.
            compare: Brings the books in line; raises `BrokerError` when nobody answers.
        """
        self._trader = pipeline.trader
        self._clock = pipeline.clock
        self._holds = holds
        self._errors = errors
        self._compare = compare
        self._task: asyncio.Task[None] | None = None
        errors.on_error = self._on_error

    def stop(self) -> None:
        """Listen no more."""
        self._errors.on_error = _nothing
        if self._task is not None:
            self._task.cancel()

    def _on_error(self) -> None:
        count = self._errors.count
        if count & (count - 1) == 0:
            # The 1st, 2nd, 4th, 8th …: a flood of them must not become a flood of alerts.
            words = f"{count} messages could not be read, the last: {self._errors.latest}"
            self._trader.alert(Alert(self._clock.now_ns, "critical", DECODE, words))
        self._holds.hold(DECODE, "a message could not be read, so the books are compared")
        if self._task is None or self._task.done():
            self._task = in_background(self._look(), stops(self._trader))

    async def _look(self) -> None:
        while True:
            count = self._errors.count
            try:
                await self._compare()
            except BrokerError as error:
                log.warning("the books could not be compared: %s", error)
                await asyncio.sleep(AGAIN_S)
                continue
            if count == self._errors.count:
                self._holds.release(DECODE)
                return


def _nothing() -> None:
    pass
