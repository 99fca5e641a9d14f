"""Modes: which account a session is meant for, and what contradicts that.

| command | TRADING_MODE | account | what runs |
|---|---|---|---|
| paper | paper, both | paper (D…) | the paper profile |
| live | paper, both | paper (D…) | the live profile, for trying it out |
| live | live | real money (U…) | the live profile, once everything in `check_real_money` holds |

Anything else is refused, with the four values: mode, TRADING_MODE, port, account.
"""

from __future__ import annotations

from typing import NamedTuple

from ikbr.broker.accounts import PAPER_PREFIX, Mode
from ikbr.domain.errors import ConfigError

PAPER_PORTS = frozenset((4002, 4102, 7497))
LIVE_PORTS = frozenset((4001, 4101, 7496))
"""Source: IBKR, "TWS and gateway ports"; the owner's guide, "Port Configuration" (4101, 4102)."""


class Meant(NamedTuple):
    """Say which account is meant.

    Attributes:
        mode: "paper" or "live", as the command was called.
        trading_mode: "paper", "live" or "both", as the gateway is set up.
        port: Where the gateway listens.
    """

    mode: str
    trading_mode: str
    port: int

    def four(self, account: str) -> str:
        """Name the four values."""
        known = account or "not known yet"
        return (
            f"mode {self.mode}, TRADING_MODE {self.trading_mode}, port {self.port}, account {known}"
        )

    @property
    def kind(self) -> Mode:
        """The kind of account that is meant."""
        return "live" if self.trading_mode == "live" else "paper"

    @property
    def real_money(self) -> bool:
        """Whether real money is meant."""
        return self.kind == "live"


def check_before(meant: Meant) -> None:
    """Refuse what contradicts itself before anything is connected.

    Raises:
        ConfigError: With the four values.
    """
    if meant.mode == "paper" and meant.real_money:
        raise ConfigError(
            f"paper trading, but TRADING_MODE is live ({meant.four('')}); set TRADING_MODE=paper, "
            f"or start `ikbr live`."
        )
    wrong, kind = (PAPER_PORTS, "paper") if meant.real_money else (LIVE_PORTS, "live")
    if meant.port in wrong:
        raise ConfigError(
            f"port {meant.port} is that of a {kind} gateway, and TRADING_MODE means the other "
            f"({meant.four('')}); change the port or TRADING_MODE."
        )


def check_account(meant: Meant, account: str) -> None:
    """Refuse an account of the wrong kind; nothing was sent to it.

    Raises:
        ConfigError: With the four values.
    """
    if account.startswith(PAPER_PREFIX) is meant.real_money:
        kind = "a paper account" if meant.real_money else "an account with real money"
        raise ConfigError(
            f"{account} is {kind}, and the other kind is meant ({meant.four(account)}); connect "
            f"to the other gateway or change TRADING_MODE."
        )
