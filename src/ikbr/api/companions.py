"""What accompanies a session in this process: its watcher and watches, its door, its settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from ikbr.api.limits_reload import LimitsReload
from ikbr.api.places import Places
from ikbr.broker.client import WireClient
from ikbr.domain.errors import UsageError
from ikbr.domain.events import Alert
from ikbr.domain.histogram import Histogram
from ikbr.domain.limits import RiskLimits
from ikbr.domain.supervision import SupervisionRules
from ikbr.journal.session_journal import SessionJournal
from ikbr.live.journal_watch import JournalWatch
from ikbr.live.loop_watch import LoopWatch
from ikbr.live.notify import Notifier
from ikbr.live.operator import Operator
from ikbr.live.operator_door import OperatorDoor
from ikbr.live.pipeline import EntryHolds
from ikbr.live.resource_watch import ResourceWatch
from ikbr.live.runner import Runner
from ikbr.live.telemetry.events import Events
from ikbr.live.telemetry.telemetry import Telemetry


class WatchedSettings(NamedTuple):
    """Name a settings file that is watched while a session runs.

    Attributes:
        file: The file.
        limits: What it said when it was read.
        load: Reads the limits anew.
    """

    file: Path
    limits: RiskLimits
    load: Callable[[], RiskLimits]


class Companions:
    """Begin with a session and end with it; none of them can disturb it.

    Attributes:
        loop_late: How late the event loop has turned while it was watched, ns.
    """

    def __init__(
        self,
        runner: Runner,
        notifier: Notifier,
        *,
        places: Places,
        events: Events,
        about: Mapping[str, Any],
        settings: WatchedSettings | None,
        journal: Callable[[], SessionJournal],
        rules: SupervisionRules,
    ) -> None:
        """Wait for the session to begin.

        Args:
            runner: Of the session.
            notifier: Tells the watcher of this process.
            places: Where its sockets are.
            events: What happened last, for those who listen.
            about: What they are told of the session, plain values.
            settings: The file that is watched for changes; None for none.
            rules: What is watched.
            journal: Gives the journal of the session, once that is open.
        """
        self._runner = runner
        self._notifier = notifier
        self._places = places
        self._events = events
        self._about = about
        self._settings = settings
        self._journal = journal
        self._rules = rules
        self.loop_late = Histogram()
        self._watches: list[LoopWatch | JournalWatch | ResourceWatch] = []
        self._door: OperatorDoor | None = None
        self._reload: LimitsReload | None = None
        self._telemetry: Telemetry | None = None
        self._opening: asyncio.Task[None] | None = None
        runner.on_begin = self._begin
        runner.on_ending = notifier.end

    def close(self) -> None:
        """End with the session."""
        self._notifier.close()
        if self._opening is not None:
            self._opening.cancel()
        if self._door is not None:
            self._door.close()
        if self._telemetry is not None:
            self._telemetry.close()
        if self._reload is not None:
            self._reload.close()
        for one in self._watches:
            one.stop()

    def _begin(self) -> None:
        pipeline = self._runner.pipeline
        assert pipeline is not None
        journal = self._journal()
        holds = EntryHolds(pipeline, pipeline.clock)
        # The market of a simulated gateway waits for us: being late changes nothing there.
        loop_holds = None if self._runner.is_simulated else holds
        reads = cast("WireClient", self._runner.connection.ib.client) if loop_holds else None
        self._watches = [
            LoopWatch(pipeline, loop_holds, self._rules, self.loop_late, reads),
            JournalWatch(pipeline, holds, lambda: journal.failure),
            ResourceWatch(pipeline, self._rules.resource_warn),
        ]
        for one in self._watches:
            one.begin()
        operator = Operator(pipeline, journal, self._runner.status)
        operator.on_action = self._events.on_operator
        operator.timings = {
            **self._runner.stopwatch.histograms,
            "gateway": self._runner.connection.round_trips,
            "event loop": self.loop_late,
        }
        self._door = OperatorDoor(self._places.door, operator)
        about = {
            **self._about,
            "account": self._runner.connection.account,
            "simulated": self._runner.is_simulated,
            "started_ns": self._runner.started_ns,
        }
        self._telemetry = Telemetry(
            self._places.telemetry,
            self._runner,
            self._events,
            about,
            lambda now_ns: journal.lag(now_ns).age_ns,
        )
        self._opening = asyncio.get_running_loop().create_task(self._open())
        self._watch_settings(operator)
        self._notifier.begin()

    def _watch_settings(self, operator: Operator) -> None:
        watched = self._settings
        if watched is None:
            return
        name = str(watched.file)
        self._reload = LimitsReload(
            watched.file,
            watched.load,
            lambda limits, names: operator.take_limits(limits, names, name),
            lambda words: self._warn(f"{name}: {words}"),
        )
        self._reload.start(watched.limits)

    async def _open(self) -> None:
        for one in (self._door, self._telemetry):
            try:
                if one is not None:
                    await one.open()
            except UsageError as error:
                self._warn(str(error))

    def _warn(self, words: str) -> None:
        pipeline = self._runner.pipeline
        if pipeline is not None:
            pipeline.trader.alert(Alert(pipeline.clock.now_ns, "warning", "operator", words))
