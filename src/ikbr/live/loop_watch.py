"""The loop watch: notices that the event loop is late, and names who has held it up.

The loop beats; a thread listens. While the loop is held up the thread looks where it is, so that
no handler has to be timed, and one that never returns is named, too.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Protocol

from ikbr.domain.events import Alert
from ikbr.domain.histogram import Histogram
from ikbr.domain.supervision import SupervisionRules
from ikbr.live.pipeline import EntryHolds, LivePipeline

log = logging.getLogger("ikbr.live")

LOOP = "event loop"
BEAT_S = 0.1
CALM_S = 2.0
"""How long the loop must be on time before entries go on."""
TOLD_EVERY_S = 30.0
"""A loop that is late again and again is told of, but not every time."""
HANGS_S = 5.0
SOURCE_ROOT = str(Path(__file__).parents[1])


class Reads(Protocol):
    """Read the market's data (`broker.client.WireClient`)."""

    def before_late(self, seconds: float, call: Callable[[], None]) -> None:
        """Call before anything is told that is read later than so many seconds from now."""

    @property
    def is_behind(self) -> bool:
        """Whether more waits behind what was read last."""


class LoopWatch:
    """Watch the event loop that it is begun in."""

    def __init__(
        self,
        pipeline: LivePipeline,
        holds: EntryHolds | None,
        rules: SupervisionRules,
        late: Histogram | None = None,
        reads: Reads | None = None,
    ) -> None:
        """Wait for `begin`.

        Args:
            pipeline: Alerts through it, and knows the strategies.
            holds: Holds entries; None where the market waits for us anyway.
            rules: From where on it counts.
            late: Gets how late the loop turned, at each beat, ns; None for nobody.
            reads: Reads the market's data; None where that cannot be late.
        """
        self._trader = pipeline.trader
        self._clock = pipeline.clock
        self._holds = holds
        self._warn_s = rules.loop_warn_ms / 1e3
        self._hold_s = rules.loop_hold_ms / 1e3
        self._names = {id(one.strategy): one.name for one in pipeline.trader.manager.running}
        self._late = late or Histogram()
        self._reads = reads
        self._timer: asyncio.TimerHandle | None = None
        self._stop = threading.Event()
        self._due_s = 0.0
        self._late_s = self._told_s = float("-inf")
        self._culprit = ""

    def begin(self) -> None:
        """Watch from now on."""
        loop = asyncio.get_running_loop()
        self._beat_at(loop, loop.time() + BEAT_S)
        threading.Thread(
            target=self._listen, args=(loop, threading.get_ident()), name="loop watch", daemon=True
        ).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        if self._timer is not None:
            self._timer.cancel()

    def _beat_at(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        self._due_s = due_s
        self._timer = loop.call_at(due_s, self._beat, loop)
        if self._reads is not None:
            self._reads.before_late(BEAT_S + self._hold_s, lambda: self._beat_now(loop))

    def _beat_now(self, loop: asyncio.AbstractEventLoop) -> None:
        """Beat before data is heard that has waited: a loop hears its sockets before its timers."""
        if self._timer is not None and not self._stop.is_set():
            self._timer.cancel()
            self._beat(loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        late_s = now - self._due_s
        self._late.add(round(late_s * 1e9))
        self._beat_at(loop, now + BEAT_S)
        if late_s > self._warn_s:
            self._late_s = now
            self._judge(now, late_s)
        elif self._reads is not None and self._reads.is_behind:
            # What has waited is still being worked off; nobody knows how old it is.
            self._late_s = max(self._late_s, now - CALM_S)
        elif self._holds is not None and now - self._late_s > CALM_S:
            self._holds.release(LOOP)
        self._culprit = ""

    def _judge(self, now: float, late_s: float) -> None:
        words = f"the event loop was held up for {late_s * 1e3:,.0f} ms"
        words += f" by {self._culprit}" if self._culprit else ""
        if late_s > self._hold_s and self._holds is not None:
            self._holds.hold(LOOP, words)
        if late_s > self._hold_s or now - self._told_s > TOLD_EVERY_S:
            self._told_s = now
            self._trader.alert(Alert(self._clock.now_ns, "warning", LOOP, words))

    # --- in the thread -------------------------------------------------------------------------

    def _listen(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        told_s = 0.0
        while not self._stop.wait(min(BEAT_S, self._warn_s) / 2):
            late_s = loop.time() - self._due_s
            if late_s <= self._warn_s:
                told_s = 0.0
                continue
            frame = sys._current_frames().get(thread)
            if frame is not None and not self._culprit:
                self._culprit = culprit(frame, self._names)
            del frame
            if late_s > max(HANGS_S, 2 * told_s):
                # The loop cannot tell it itself as long as it hangs.
                told_s = late_s
                log.error("the event loop hangs since %.0f s in %s", late_s, self._culprit)


def culprit(frame: FrameType, names: Mapping[int, str]) -> str:
    """Say in whose code a thread is.

    Args:
        frame: Where it is.
        names: Names of strategies by the identity of their objects.

    Returns:
        The strategy and its hook, or else the innermost function of ours, or of anybody.
    """
    ours = ""
    at: FrameType | None = frame
    while at is not None:
        code = at.f_code
        where = f"{code.co_qualname} ({Path(code.co_filename).name}:{at.f_lineno})"
        name = names.get(id(at.f_locals.get("self")))
        if name is not None:
            return f"strategy {name} in {where}"
        if not ours and code.co_filename.startswith(SOURCE_ROOT):
            ours = where
        at = at.f_back
    return ours or f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
