"""The skew watch: the gateway's clock and ours must agree, or staleness and hours are wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ikbr.domain.events import Alert
from ikbr.domain.supervision import SupervisionRules
from ikbr.live.pipeline import EntryHolds, LivePipeline

SKEW = "clock"
LOOK_S = 5.0
WHOLE_SECOND_S = 1.0
"""Source: IBKR, TWS API, "currentTime": the gateway tells whole seconds."""


def certain_skew_s(told_s: float) -> float:
    """Say how far a clock that tells whole seconds is off at least; ahead is positive.

    Args:
        told_s: What it told less our time when that came, seconds.

    >>> certain_skew_s(-0.7), certain_skew_s(1.5), certain_skew_s(-3.5)
    (0.0, 1.5, -2.5)
    """
    if told_s >= 0:
        return told_s
    return min(0.0, told_s + WHOLE_SECOND_S)


class SkewWatch:
    """Look at the skew that the heartbeats find."""

    def __init__(
        self,
        pipeline: LivePipeline,
        holds: EntryHolds,
        rules: SupervisionRules,
        skew_s: Callable[[], float],
    ) -> None:
        """Wait for `begin`.

        Args:
            pipeline: Alerts through it.
            holds: Holds entries.
            rules: From where on it counts.
            skew_s: By how much the gateway's clock is ahead of ours, seconds.
        """
        self._trader = pipeline.trader
        self._clock = pipeline.clock
        self._holds = holds
        self._rules = rules
        self._skew_s = skew_s
        self._warned = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Look from now on."""
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self.begin()
        self.judge(certain_skew_s(self._skew_s()))

    def judge(self, skew_s: float) -> None:
        """Draw the conclusions of a skew, seconds."""
        off, rules = abs(skew_s), self._rules
        words = (
            f"the gateway's clock is {off:.1f} s {'ahead of' if skew_s > 0 else 'behind'} ours; "
            "look at the time service of this machine"
        )
        if off > rules.skew_hold_s:
            self._holds.hold(SKEW, words)
        else:
            self._holds.release(SKEW)
        if off > rules.skew_warn_s and not self._warned:
            self._trader.alert(Alert(self._clock.now_ns, "warning", SKEW, words))
        self._warned = off > rules.skew_warn_s
