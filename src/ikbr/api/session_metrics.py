"""Metrics of a session: what it says of itself, and the exporter that serves it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ikbr.core.event_bus import EventBus
from ikbr.domain.events import Alert
from ikbr.domain.histogram import Histogram
from ikbr.domain.metrics import MetricsSettings
from ikbr.journal.session_journal import SessionJournal
from ikbr.live.runner import Runner
from ikbr.live.vitals import Pulse
from ikbr.ops.metrics.feed import MetricsFeed

log = logging.getLogger("ikbr.metrics")


class SessionMetrics:
    """Serve the metrics of one session; whatever becomes of them, it goes on."""

    def __init__(
        self,
        settings: MetricsSettings,
        runner: Runner,
        bus: EventBus,
        *,
        mode: str,
        journal: Callable[[], SessionJournal | None],
        loop_late: Callable[[], Histogram],
    ) -> None:
        """Wait for `begin`.

        Args:
            settings: Where they are served, if they are.
            runner: Of the session, before it runs.
            bus: Of the session.
            mode: paper, live or shadow.
            journal: Gives the journal of the session, once it is open.
            loop_late: Says how late the event loop has turned.
        """
        self._runner = runner
        self._feed: MetricsFeed | None = None
        if not settings.port:
            return
        pulse = Pulse(
            runner, bus, mode=mode, wall_s=time.time, journal=journal, loop_late=loop_late
        )
        self._feed = MetricsFeed(settings, pulse.take)
        self._feed.on_trouble = self._warn

    def begin(self) -> None:
        """Serve from now on, before there is a gateway, too; needs a running event loop."""
        if self._feed is not None:
            self._feed.begin()

    def close(self) -> None:
        """Serve no more."""
        if self._feed is not None:
            self._feed.close()

    def _warn(self, words: str) -> None:
        pipeline = self._runner.pipeline
        if pipeline is not None:
            pipeline.trader.alert(Alert(pipeline.clock.now_ns, "warning", "metrics", words))
        else:
            log.warning("%s", words)
