"""Options: what kind of gateway is simulated."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from ikbr.domain.errors import ConfigError
from ikbr.domain.execution import ExecutionModel
from ikbr.gateway.faults.plan import FaultPlan

ACCOUNTS = {"DU1000001": 1_000_000.0}
"""The account that is there when nothing else is said: a paper account, as the prefix says."""

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class GatewayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Say what kind of gateway is simulated.

    Attributes:
        accounts: Accounts and their opening cash in `base`.
        model: How the simulated market treats orders.
        base: The currency of the accounts.
        fx: Value of one unit of other currencies in `base`.
        read_only: Whether orders are refused (321), as the gateway's "Read-Only API" does.
        live_data: Whether the accounts may see live market data; without, only delayed data.
        delay_s: How late delayed data is, seconds.
        lines: Market data lines of a client.
        clients: How many clients may be connected at once.
        request_rate: Messages a client may send per second (wall time); 0 for any number, None
            for half its lines, as IBKR has it.
        server_version: The newest version that is spoken.
        nightly: Whether IBKR's servers are reset every night.
        auto_restart: When the gateway itself restarts, `HH:MM` in New York; "" for never.
        faults: What is to go wrong.
    """

    accounts: Mapping[str, float] = msgspec.field(default_factory=lambda: dict(ACCOUNTS))
    model: ExecutionModel = ExecutionModel()
    base: str = "USD"
    fx: Mapping[str, float] = {}
    read_only: bool = False
    live_data: bool = True
    delay_s: int = 900
    lines: int = 100
    clients: int = 32
    request_rate: int | None = None
    server_version: int = 178
    nightly: bool = True
    auto_restart: str = ""
    faults: FaultPlan = FaultPlan()

    def __post_init__(self) -> None:
        """Refuse options that make no sense."""
        if not self.accounts:
            raise ConfigError("gateway.accounts is empty; name an account, such as DU1000001.")
        for name, capital in self.accounts.items():
            if not name.isalnum():
                raise ConfigError(f"gateway.accounts: {name!r} must be letters and digits.")
            if not 0 <= capital < 1e13:
                raise ConfigError(f"gateway.accounts: {name} has {capital}; give 0 or more.")
        if not 1 <= self.clients <= 1000:
            raise ConfigError(f"gateway.clients = {self.clients}: it must be 1 to 1000.")
        if not 1 <= self.lines <= 100_000:
            raise ConfigError(f"gateway.lines = {self.lines}: it must be 1 to 100000.")
        if not 176 <= self.server_version <= 178:
            raise ConfigError(
                f"gateway.server_version = {self.server_version}: 176, 177 and 178 are spoken."
            )
        if self.auto_restart and not _CLOCK.fullmatch(self.auto_restart):
            raise ConfigError(
                f"gateway.auto_restart = {self.auto_restart!r} must be a time such as 23:45."
            )
        if (self.request_rate or 0) < 0 or self.delay_s < 0:
            raise ConfigError("gateway.request_rate and gateway.delay_s must be 0 or more.")

    @property
    def rate(self) -> int:
        """Messages a client may send per second; 0 for any number."""
        return self.lines // 2 if self.request_rate is None else self.request_rate
