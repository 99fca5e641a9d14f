"""The process of the bot: the real runner, over the simulated network and disk."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

from ikbr.broker.client import Client
from ikbr.broker.connection import ConnectionSettings, LinkState
from ikbr.core.event_bus import EventBus
from ikbr.core.pipeline import Instance
from ikbr.domain.errors import IkbrError
from ikbr.domain.events import Alert, EventType
from ikbr.domain.limits import RiskLimits
from ikbr.journal.replay import State
from ikbr.journal.session_journal import SessionJournal
from ikbr.journal.session_opening import continue_session
from ikbr.live.latch import Killed
from ikbr.live.modes import Meant
from ikbr.live.pipeline import LivePipeline
from ikbr.live.plan import Outside, SessionPlan
from ikbr.live.runner import Runner
from ikbr.simulate.busy import Busy
from ikbr.simulate.disk import Disk
from ikbr.simulate.gateway_process import CLIENT_ID, PORT
from ikbr.simulate.market import SYMBOLS
from ikbr.simulate.network import Network
from ikbr.simulate.node import Node
from ikbr.simulate.universe import Universe

FOLDER = "journal"
COMMIT_S = 0.1
NAME = "busy"
LIMITS = RiskLimits(
    max_position_pct=0.02,
    max_gross_pct=0.03,
    max_drawdown_pct=0.5,
    min_order_interval_s=0.0,
    refuse_unreconciled=True,
    check_children=True,
)


class BotProcess:
    """Live one life of the bot.

    Attributes:
        node: The process.
        runner: The session; None before its first turn.
        journal: The journal; None before the account is known.
        strategy: What trades.
        alerts: What a person was told, with when (ns since the start).
        failure: What ended it, in words; "" while it lives, or when it was killed.
    """

    def __init__(
        self, universe: Universe, network: Network, disk: Disk, *, before_send: bool,
        killed: Callable[[], Killed | None], on_alert: Callable[[Alert], None],
        on_journal: Callable[[SessionJournal], None],
        on_pipeline: Callable[[BotProcess], None],
    ) -> None:  # fmt: skip
        """Be born; the first turn connects.

        Args:
            universe: Where.
            network: Reaches the gateway.
            disk: Keeps the journal.
            before_send: Whether intents are synced before their orders are sent.
            killed: Says whether a person has stopped trading.
            on_alert: Told what a person is told.
            on_journal: Told of the journal as soon as it is open.
            on_pipeline: Told of this process as soon as it has a pipeline.
        """
        self._universe = universe
        self._disk = disk
        self._before_send = before_send
        self._killed = killed
        self._on_alert = on_alert
        self._on_journal = on_journal
        self._on_pipeline = on_pipeline
        self.node = Node(universe, network, "bot")
        self.strategy = Busy(seed=universe.rng.randrange(1 << 30))
        self.runner: Runner | None = None
        self.journal: SessionJournal | None = None
        self.failure = ""
        self.ended = False
        self._looked_at = False
        self._task = self.node.start(self._live())
        self.node.start(self._commit())

    @property
    def pipeline(self) -> LivePipeline | None:
        """The pipeline; None before the session is prepared."""
        return self.runner.pipeline if self.runner is not None else None

    @property
    def is_ready(self) -> bool:
        """Whether it trades."""
        runner = self.runner
        return (
            self.node.alive
            and runner is not None
            and runner.pipeline is not None
            and runner.connection.state is LinkState.READY
            and runner.pipeline.trader.risk.clearance.reconciled
        )

    def look(self) -> None:
        """Tell of the pipeline once it is there."""
        if not self._looked_at and self.pipeline is not None:
            self._looked_at = True
            self._on_pipeline(self)

    def die(self) -> None:
        """End at once, as with `kill -9`."""
        self.node.kill()
        self._disk.kill()

    async def _live(self) -> None:
        bus = EventBus()
        bus.subscribe(EventType.ALERT, self._on_alert, name="simulation")
        outside = Outside(
            self.node.wall_ns,
            self._universe.rng.random,
            self._open,
            _nothing,
            self._killed,
            stopwatch_ns=lambda: self._universe.now_ns,
            collects=False,
        )
        self.runner = Runner(Client(), self._plan(), Meant("paper", "paper", PORT), outside, bus)
        try:
            end = await self.runner.run()
            self.failure = f"ended: {end.reason}"
        except IkbrError as error:
            self.failure = f"{type(error).__name__}: {error}"
        if self.journal is not None:
            self._close(self.journal)
        self.ended = True

    def _close(self, journal: SessionJournal) -> None:
        try:
            journal.close()
        except IkbrError as error:
            self.failure += f"; {error}"

    async def _commit(self) -> None:
        """Stand for the thread that brings the journal to the disk."""
        while True:
            await asyncio.sleep(COMMIT_S)
            if self.journal is not None:
                self.journal.commit()

    def _open(
        self, _account: str, now_ns: int, _simulated: bool
    ) -> tuple[SessionJournal, State | None]:
        day = dt.datetime.fromtimestamp(now_ns // 1_000_000_000, dt.UTC).date()
        self.journal, past = continue_session(
            FOLDER, day.isoformat(), commit_s=0, before_send=self._before_send, files=self._disk
        )
        self._on_journal(self.journal)
        return self.journal, past

    def _plan(self) -> SessionPlan:
        connection = ConnectionSettings(
            port=PORT, client_id=CLIENT_ID, mode="paper", retry_most_s=8.0
        )
        instance = Instance(self.strategy, NAME, SYMBOLS, 1.0)
        return SessionPlan(
            mode="paper", connection=connection, instances=[instance], limits=LIMITS, clock="wall"
        )


def _nothing(*_what: Any) -> None:
    """Do nothing."""
