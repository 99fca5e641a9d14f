"""The sections of the settings: those that belong to no component, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ikbr.domain.alerts import AlertRules
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.metrics import MetricsSettings
from ikbr.domain.routing import RoutingRules
from ikbr.domain.supervision import SupervisionRules

STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class BrokerSettings(BaseModel):
    """Say how the gateway is reached.

    Attributes:
        host: Where the gateway listens.
        port_paper: Its port for paper trading.
        port_live: Its port for live trading.
        client_id: The API client's number; fixed, so that orders can be found again.
        trading_mode: Which account is traded; "both" (the gateway runs both) trades paper.
        account: The account number, where a login has several.
        username: Of the gateway's login.
        password: Of the gateway's login.
        clock: Whose time it is: the machine's ("wall"), that of a simulated gateway's market
            ("gateway"), or what the gateway says that it is ("auto").
        market_data: Whether live data is needed, or delayed data will do.
    """

    model_config = STRICT

    host: str = "127.0.0.1"
    port_paper: int = Field(4002, ge=1, le=65_535)
    port_live: int = Field(4001, ge=1, le=65_535)
    client_id: int = Field(1, ge=0)
    trading_mode: Literal["paper", "live", "both"] = "paper"
    account: SecretStr = SecretStr("")
    username: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")
    clock: Literal["auto", "wall", "gateway"] = "auto"
    market_data: Literal["live", "delayed"] = "live"

    @property
    def port(self) -> int:
        """The port of the account that is traded."""
        return self.port_live if self.trading_mode == "live" else self.port_paper


class DataSettings(BaseModel):
    """Say where market data lies: `dir` is the folder of the catalog."""

    model_config = STRICT

    dir: Path = Path("catalog")


class StrategySettings(BaseModel):
    """Say where strategy instances are described: `dir` holds one TOML file per instance."""

    model_config = STRICT

    dir: Path = Path("config/strategies")


class JournalSettings(BaseModel):
    """Say where journals go.

    Attributes:
        dir: Folder of the journal files.
        wire: Whether a live session keeps what was sent about orders and what came back.
    """

    model_config = STRICT

    dir: Path = Path("journals")
    wire: bool = True


class SessionSettings(BaseModel):
    """Say where sessions on paper and live leave their files.

    Attributes:
        dir: Folder with one folder per session: log, report, result.
    """

    model_config = STRICT

    dir: Path = Path("sessions")


@dataclass(frozen=True, slots=True)
class Settings:
    """Hold every section, ready to be handed to its component.

    Attributes:
        profile: backtest, paper or live.
        risk: Limits of the risk manager.
        sim: The simulated market.
        routing: How orders are worked.
        broker: The gateway.
        data: The catalog.
        strategy: Strategy instances.
        journal: Journal files.
        session: Files of sessions on paper and live.
        supervision: What a session watches.
        metrics: Where it serves its metrics.
        alerts: Who is told of what.
    """

    profile: str
    risk: RiskLimits
    sim: ExecutionModel
    routing: RoutingRules
    broker: BrokerSettings
    data: DataSettings
    strategy: StrategySettings
    journal: JournalSettings
    session: SessionSettings
    supervision: SupervisionRules
    metrics: MetricsSettings
    alerts: AlertRules

    def public(self) -> dict[str, Any]:
        """Give all settings as plain values without secrets, for journals and reports."""
        secret = {n for n, f in BrokerSettings.model_fields.items() if f.annotation is SecretStr}
        return {
            "profile": self.profile,
            "risk": msgspec.to_builtins(self.risk),
            "sim": msgspec.to_builtins(self.sim),
            "routing": msgspec.to_builtins(self.routing),
            "broker": self.broker.model_dump(mode="json", exclude=secret),
            "data": self.data.model_dump(mode="json"),
            "strategy": self.strategy.model_dump(mode="json"),
            "journal": self.journal.model_dump(mode="json"),
            "session": self.session.model_dump(mode="json"),
            "supervision": msgspec.to_builtins(self.supervision),
            "metrics": msgspec.to_builtins(self.metrics),
            "alerts": msgspec.to_builtins(self.alerts),
        }
