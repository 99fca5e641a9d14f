"""The link alarm: a link that stays lost for longer than anything explains calls for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ikbr.broker.connection import LinkState
from ikbr.domain.events import Alert
from ikbr.live.pipeline import LivePipeline
from ikbr.live.resets import Reset

LOST_S = 60.0
"""How long a link may be lost for no known reason."""
AFTER_RESET_S = 600.0
"""How long it may be lost after a reset has ended."""
AGAIN_S = 600.0


class LinkAlarm:
    """Call for a person, by the machine's time: that of a market stands still without a link."""

    def __init__(self, pipeline: LivePipeline, under_way: Callable[[], Reset | None]) -> None:
        """Wait for a link to be lost.

        Args:
            pipeline: Alerts through it.
            under_way: Gives the reset that explains a lost link, if there is one.
        """
        self._trader = pipeline.trader
        self._clock = pipeline.clock
        self._under_way = under_way
        self._timer: asyncio.TimerHandle | None = None
        self._lost_s = 0.0
        self._why = ""
        self._called = False

    def on_state(self, state: LinkState, why: str) -> None:
        """Hear how the link is from now on, and why."""
        if state is LinkState.READY:
            if self._called:
                self._alert("info", "the link is back", over=True)
            self.stop()
            return
        self._why = why
        if self._timer is not None or state is LinkState.STOPPED:
            return
        loop = asyncio.get_running_loop()
        self._lost_s = loop.time()
        reset = self._under_way()
        wait_s = LOST_S
        if reset is not None:
            wait_s = max(0.0, (reset.end_ns - self._clock.now_ns) / 1e9) + AFTER_RESET_S
        self._timer = loop.call_later(wait_s, self._call)

    def stop(self) -> None:
        """Call nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._called = None, False

    def _call(self) -> None:
        loop = asyncio.get_running_loop()
        self._called = True
        minutes = (loop.time() - self._lost_s) / 60
        self._alert(
            "critical",
            f"the link has been lost for {minutes:.0f} minutes ({self._why}): look whether the "
            "gateway runs and is logged in; what is held is protected by stops at the broker only",
        )
        self._timer = loop.call_later(AGAIN_S, self._call)

    def _alert(self, severity: str, words: str, *, over: bool = False) -> None:
        self._trader.alert(Alert(self._clock.now_ns, severity, "link", words, over))
