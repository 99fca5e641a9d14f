"""Sessions on paper and live: settings, strategies and gateway put together, and what is left."""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ikbr.api.chosen_strategies import choose_instances
from ikbr.api.companions import Companions, WatchedSettings
from ikbr.api.live_journal import LiveJournal
from ikbr.api.outputs import Outputs
from ikbr.api.places import Places
from ikbr.api.request import Request
from ikbr.api.run import setting_texts
from ikbr.api.session_alerts import SessionAlerts, alerts_setup, telling
from ikbr.api.session_metrics import SessionMetrics
from ikbr.api.strategy_records import record_strategies
from ikbr.backtest.outcome import Circumstances, MemoryLog, outcome
from ikbr.backtest.result import BacktestResult
from ikbr.broker.client import Client
from ikbr.broker.client_lock import ClientIdLock
from ikbr.broker.connection import ConnectionSettings
from ikbr.core.event_bus import EventBus
from ikbr.core.pipeline import settings_record
from ikbr.domain.errors import UsageError
from ikbr.domain.limits import RiskLimits
from ikbr.domain.metrics import MetricsSettings
from ikbr.live.ending import End
from ikbr.live.logs import logged, narrate
from ikbr.live.modes import Meant, check_before
from ikbr.live.notify import Notifier
from ikbr.live.plan import Outside, SessionPlan
from ikbr.live.real_money import check_real_money, confirm_account
from ikbr.live.runner import Runner
from ikbr.live.session_record import FOLDER
from ikbr.live.session_recorder import SessionRecorder
from ikbr.live.stop_signals import stopped_by_signals
from ikbr.live.telemetry.events import Events
from ikbr.ops.alerts.words import Setup
from ikbr.settings import DEFAULT_FILE, JournalSettings, Settings, load_settings

Ask = Callable[[str], str]
"""Asks a person to type the account; given the account, returns what was typed."""

NOT_SERVED = MetricsSettings()
NOT_ASSUMED = float("inf")
"""The latency of a real market is what it is; nothing about it was assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRequest:
    """Say what to trade, and how.

    Attributes:
        mode: "paper" or "live".
        run: Strategies, symbols, parameters, sizes, hours, settings.
        host, port, client_id: Of the gateway; None leaves them to the settings.
        shadow: Whether nothing is sent.
        flatten: Whether what the strategies hold is closed at the end.
        until: When to end; see `SessionPlan`.
        confirm_live: The account with real money that may be traded; "" asks.
        report, json, log: Files; None for those of the session's folder.
        metrics_port: Where metrics are served; None leaves it to the settings.
    """

    mode: str
    run: Request
    host: str | None = None
    port: int | None = None
    client_id: int | None = None
    shadow: bool = False
    flatten: bool = False
    until: str = ""
    confirm_live: str = ""
    report: Path | None = None
    json: Path | None = None
    log: Path | None = None
    metrics_port: int | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Hold a session that is ready to begin: everything is read and checked.

    Attributes:
        plan: What it is to do.
        meant: Which account is meant.
        journal: Where the journals are, and what is kept in them.
        outputs: Files that are written at the end.
        log: The log.
        folder: The session's own.
        settings_file: Where its settings come from, to be watched; None for nowhere.
        load_limits: Reads the limits of its settings anew.
        metrics: Where its metrics are served.
        alerts: Who is told of alerts; None for nobody.
    """

    plan: SessionPlan
    meant: Meant
    journal: JournalSettings
    outputs: Outputs
    log: Path
    folder: Path
    settings_file: Path | None = None
    load_limits: Callable[[], RiskLimits] | None = None
    metrics: MetricsSettings = NOT_SERVED
    alerts: Setup | None = None


def plan_session(request: TradeRequest) -> tuple[SessionPlan, Meant, Settings]:
    """Read and check what a session is to do; nothing is made.

    Args:
        request: What is wanted.

    Raises:
        IkbrError: When something is not there, contradicts itself, or makes no sense.
    """
    run = request.run
    run.check()
    texts = setting_texts(run.settings)
    settings = load_settings(request.mode, texts, run.config)
    broker = settings.broker
    meant = Meant(
        request.mode, broker.trading_mode, broker.port if request.port is None else request.port
    )
    check_before(meant)
    instances = choose_instances(run.strategy, run.symbols, run.params, settings.strategy.dir)
    for one in instances:
        if not one.symbols:
            raise UsageError(f"{one.name} has no symbols; name them with --symbols.")
    if meant.real_money and not request.shadow:
        # What is raised for this run alone would else raise what it is measured by.
        paper = load_settings("paper", {}, run.config, env={}).risk
        check_real_money(settings.risk, paper, instances)
    plan = SessionPlan(
        mode=request.mode,
        connection=ConnectionSettings(
            host=request.host or broker.host,
            port=meant.port,
            client_id=broker.client_id if request.client_id is None else request.client_id,
            mode=meant.kind,
            account=broker.account.get_secret_value(),
        ),
        instances=instances,
        limits=settings.risk,
        routing=settings.routing,
        quantity=int(run.quantity),
        all_hours=run.session == "all",
        clock=broker.clock,
        market_data=broker.market_data,
        shadow=request.shadow,
        shadow_model=settings.sim,
        flatten=request.flatten,
        until=request.until,
        supervision=settings.supervision,
    )
    return plan, meant, settings


def prepare_session(request: TradeRequest, now: dt.datetime) -> Prepared:
    """Read and check everything before anything is connected, and make the session's folder.

    Args:
        request: What is wanted.
        now: The time of the machine; it names the session's folder.

    Raises:
        IkbrError: When something is not there, contradicts itself, or makes no sense.
    """
    plan, meant, settings = plan_session(request)
    run = request.run

    def load_limits() -> RiskLimits:
        return load_settings(request.mode, setting_texts(run.settings), run.config).risk

    alerts = alerts_setup(settings, plan.kind, plan.connection.client_id)
    return Prepared(
        plan,
        meant,
        settings.journal,
        *_files(request, settings, now),
        run.config or DEFAULT_FILE,
        load_limits,
        settings.metrics
        if request.metrics_port is None
        else replace(settings.metrics, port=request.metrics_port),
        alerts,
    )


def _files(
    request: TradeRequest, settings: Settings, now: dt.datetime
) -> tuple[Outputs, Path, Path]:
    kind = "shadow" if request.shadow else request.mode
    folder = _unused(settings.session.dir / f"{now:%Y-%m-%dT%H%M%S}-{kind}")
    report, json, log = (
        given or folder / name
        for given, name in (
            (request.report, "report.html"),
            (request.json, "result.json"),
            (request.log, "live.log"),
        )
    )
    if folder in {report.parent, json.parent, log.parent}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"session.dir = '{settings.session.dir}': no folder can be made there "
                f"({error.strerror}); name another with --set session.dir=DIR."
            ) from None
    outputs = Outputs(json=json, report=report)
    outputs.check()
    return outputs, log, folder


def _unused(folder: Path) -> Path:
    """Name a folder that is not there: two bots may begin in the same second."""
    names = (folder, *(folder.with_name(f"{folder.name}-{n}") for n in range(2, 100)))
    return next((one for one in names if not one.exists()), folder)


class Session:
    """Run a session that was prepared.

    Attributes:
        runner: Runs it.
    """

    def __init__(self, prepared: Prepared, confirm_live: str, ask: Ask) -> None:
        """Prepare to run; needs a running event loop.

        Args:
            prepared: What is to be done.
            confirm_live: The account with real money that may be traded; "" asks.
            ask: Asks a person for it.
        """
        self._prepared = prepared
        self._bus = EventBus()
        self._log = MemoryLog(self._bus)
        narrate(self._bus)
        events = Events(self._bus)
        self._alerts = SessionAlerts(prepared.alerts, self._bus) if prepared.alerts else None

        def confirm(account: str) -> None:
            confirm_account(account, confirm_live or ask(account))

        connection = prepared.plan.connection
        self._places = Places(
            prepared.journal.dir, connection.host, connection.port, connection.client_id
        )
        killed = self._places.latch.read
        strategies = record_strategies(prepared.plan.instances)
        client = Client()
        self._journal = LiveJournal(
            lambda account: self._places.journal(prepared.plan.kind, account),
            prepared.plan.kind,
            client,
            self._now_ns,
            wire=prepared.journal.wire,
        )
        self._recorder = SessionRecorder(prepared.folder / FOLDER, strategies, self._journal.place)
        outside = Outside(
            time.time_ns, random.random, self._journal.open, confirm, killed, self._recorder
        )
        self.runner = Runner(client, prepared.plan, prepared.meant, outside, self._bus)
        self._companions = Companions(
            self.runner,
            Notifier(os.environ),
            places=self._places,
            events=events,
            about=self._about(),
            settings=_watched(prepared),
            rules=prepared.plan.supervision,
            journal=lambda: self._journal.journal,
        )
        self._metrics = SessionMetrics(
            prepared.metrics,
            self.runner,
            self._bus,
            mode=prepared.plan.kind,
            journal=lambda: self._journal.opened,
            loop_late=lambda: self._companions.loop_late,
        )

    async def run(self) -> tuple[End, BacktestResult | None]:
        """Trade until the end, and write report and result.

        Returns:
            How it ended and what came of it; no result when it never began.
        """
        began = time.perf_counter()
        with logged(self._prepared.log):
            lock = self._places.lock()
            with telling(self._alerts, self.runner):
                end = await self._trade(lock)
        if self.runner.pipeline is None:
            return end, None
        result = self._result(time.perf_counter() - began)
        self._prepared.outputs.write(result)
        return end, result

    async def _trade(self, lock: ClientIdLock) -> End:
        with ExitStack() as leaving:
            # The last one first, and each whatever the others raise.
            for leave in (
                lock.release,
                self._journal.close,
                self._recorder.close,
                self._companions.close,
                self._metrics.close,
            ):
                leaving.callback(leave)
            leaving.enter_context(stopped_by_signals(self.runner))
            self._metrics.begin()
            return await self.runner.run()

    def _about(self) -> dict[str, Any]:
        """Say what those who listen to the session are told of it."""
        connection = self._prepared.plan.connection
        return {
            "name": f"{self._prepared.plan.kind} {connection.port}/{connection.client_id}",
            "mode": self._prepared.plan.mode,
            "host": connection.host,
            "port": connection.port,
            "client_id": connection.client_id,
            "shadow": self._prepared.plan.shadow,
            "pid": os.getpid(),
            "session": str(self._prepared.folder.resolve()),
        }

    def _now_ns(self) -> int:
        return self.runner.now_ns()

    def _result(self, seconds: float) -> BacktestResult:
        runner, plan = self.runner, self._prepared.plan
        pipeline = runner.pipeline
        assert pipeline is not None
        now = pipeline.clock.now_ns
        about = Circumstances(
            mode=self._prepared.plan.kind,
            capital=runner.opening_micro / 1e6,
            sessions=pipeline.agenda.begun,
            resolution="tick",
            feed="both",
            synthetic=runner.is_simulated,
            has_quotes=True,
            settings=settings_record(pipeline, {"profile": plan.mode, "shadow": plan.shadow}),
            first_ns=runner.started_ns,
            last_ns=now,
            events=pipeline.events,
            seconds=seconds,
            shape="live",
            latency_ms=NOT_ASSUMED,
            fill="ibkr",
            fees="ibkr",
            notes=runner.notes + _notes(runner, plan),
        )
        return outcome(pipeline, self._log, about)


def _watched(prepared: Prepared) -> WatchedSettings | None:
    if prepared.settings_file is None or prepared.load_limits is None:
        return None
    return WatchedSettings(prepared.settings_file, prepared.plan.limits, prepared.load_limits)


def _notes(runner: Runner, plan: SessionPlan) -> list[str]:
    notes = []
    if runner.is_simulated:
        notes.append("The market was that of a simulated gateway; profits in it mean nothing.")
    if plan.shadow:
        notes.append("Nothing was sent: the fills are those of a simulated exchange on live data.")
    return notes
