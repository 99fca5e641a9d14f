"""The plan of a session: what is traded, where, and how it ends."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from ikbr.broker.connection import ConnectionSettings
from ikbr.core.pipeline import Instance
from ikbr.core.ports import History, Journal
from ikbr.domain.errors import ConfigError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.routing import MARKET_ORDERS, RoutingRules
from ikbr.domain.session import Session
from ikbr.domain.supervision import SupervisionRules
from ikbr.journal.replay import State
from ikbr.live.latch import Killed
from ikbr.live.pipeline import LivePipeline

ClockChoice = Literal["auto", "wall", "gateway"]
"""Whose time it is: the machine's, the simulated gateway's market's, or what the gateway says."""

MarketDataChoice = Literal["live", "delayed"]

_UNTIL = re.compile(r"(close|([01]?\d|2[0-3]):[0-5]\d)?")


class SessionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a session is to do.

    Attributes:
        mode: "paper" or "live", as the command was called.
        connection: Where the gateway is, and what kind of account is meant.
        instances: The strategies, each with its symbols.
        limits: Of the risk manager.
        routing: How the orders that signals ask for are worked.
        quantity: Size of every entry; 0 for sizing by strategy and risk manager.
        all_hours: Whether orders may fill outside regular hours.
        clock: Whose time it is.
        market_data: Whether live data is needed or delayed data will do.
        shadow: Whether nothing is sent: orders meet a simulated exchange over the live data.
        shadow_model: How the simulated exchange of a shadow session treats orders.
        flatten: Whether what the strategies hold is closed at the end.
        until: When to end: "close" with the session, "HH:MM" of the exchange's day, "" never.
        supervision: What is watched, and from where on it counts.
        grace_s: How long ending may take, seconds of wall time.
    """

    mode: str
    connection: ConnectionSettings
    instances: Sequence[Instance]
    limits: RiskLimits
    routing: RoutingRules = MARKET_ORDERS
    quantity: int = 0
    all_hours: bool = False
    clock: ClockChoice = "auto"
    market_data: MarketDataChoice = "live"
    shadow: bool = False
    shadow_model: ExecutionModel = ExecutionModel()
    flatten: bool = False
    until: str = ""
    supervision: SupervisionRules = SupervisionRules()
    grace_s: float = 15.0

    @property
    def kind(self) -> str:
        """What it is called: "paper", "live" or "shadow"."""
        return "shadow" if self.shadow else self.mode

    def __post_init__(self) -> None:
        """Refuse an end that is no time."""
        if not _UNTIL.fullmatch(self.until):
            raise ConfigError(f"until {self.until!r} is no time; write close, or 11:30.")


class Recorder(Protocol):
    """Record what a session sees; see `live.session_recorder.SessionRecorder`."""

    def begin(
        self,
        pipeline: LivePipeline,
        plan: SessionPlan,
        sessions: Sequence[Session],
        history: History,
        *,
        simulated: bool,
    ) -> History:
        """Write how the session begins, and listen from here on; gives the past bars."""

    def on_stopping(self, reason: str, flatten: bool) -> None:
        """Note that the session begins to end on purpose."""


class Outside(msgspec.Struct, frozen=True):
    """Bring what a session needs of the world outside.

    Attributes:
        wall_ns: Gives the time of the machine, ns UTC.
        draw: Gives random numbers from 0 to 1.
        open_journal: Opens the journal of an account at a time, of a simulated gateway or not;
            gives with it what earlier sessions have left there, or None.
        killed: Says whether a person has stopped trading.
        confirm: Asked before anything is done in an account with real money; raises to refuse.
        recorder: Records what the session sees; None for nothing.
        stopwatch_ns: Measures how long things take, ns.
        collects: Whether garbage is collected when the market leaves time for it; it is a matter
            of the whole process.
    """

    wall_ns: Callable[[], int]
    draw: Callable[[], float]
    open_journal: Callable[[str, int, bool], tuple[Journal, State | None]]
    confirm: Callable[[str], None]
    killed: Callable[[], Killed | None] = lambda: None
    recorder: Recorder | None = None
    stopwatch_ns: Callable[[], int] = time.perf_counter_ns
    collects: bool = True
