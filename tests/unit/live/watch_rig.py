"""A pipeline and a clock that are just enough for what watches a session."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from ikbr.core.halts import Halts
from ikbr.domain.events import Alert
from ikbr.domain.limits import RiskLimits
from ikbr.domain.session import Session
from ikbr.domain.timers import TimerHeap
from ikbr.live.pipeline import EntryHolds

SECOND = 1_000_000_000


def ns(text: str) -> int:
    return round(dt.datetime.fromisoformat(text + "+00:00").timestamp()) * SECOND


class Desk:
    """Hold what a watch asks a pipeline for."""

    def __init__(self, now: str) -> None:
        self.clock = TimerHeap(ns(now))
        self.alerts: list[Alert] = []
        self.flattened: list[str] = []
        self.session: Session | None = None
        self.halts = Halts(RiskLimits(), 0)
        self.tickers = {"SPY": SimpleNamespace(ts_ns=0)}
        bot = SimpleNamespace(name="bot", symbols=("SPY",))
        self.manager = SimpleNamespace(running=[bot], net_positions=lambda: {"SPY": 100})
        self.pipeline: Any = SimpleNamespace(clock=self.clock, trader=self)
        self.holds = EntryHolds(self.pipeline, self.clock)

    @property
    def risk(self) -> Any:
        return SimpleNamespace(halts=self.halts, clearance=SimpleNamespace(session=self.session))

    @property
    def market_data(self) -> Any:
        return SimpleNamespace(tickers=self.tickers)

    def alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def halt(self, reason: str) -> None:
        self.halts.kill(reason)

    def unmute(self) -> None:
        """Do nothing: there are no slots."""

    def flatten(self, running: Any, reason: str) -> None:
        self.flattened.append(f"{running.name}: {reason}")

    def until(self, text: str) -> None:
        self.clock.advance(ns(text))

    @property
    def held(self) -> list[str]:
        return [one.rule for one in self.halts.held]

    @property
    def latched(self) -> list[str]:
        return [one.reason for one in self.halts.latched]

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one.severity, one.message) for one in self.alerts]
