"""The case: what is to be examined, and what is found out on the way and needed later."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ikbr.broker.checkup import Checkup
from ikbr.ops.doctor.docker import Container, Docker

HOST_PORTS = (4001, 4002, 4003, 4004, 4101, 4102, 5900, 5901)
"""Source: the owner's guide, "Port Configuration" and "Critical port forwarding"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Say what is to be examined.

    Attributes:
        host, port: Where the gateway is expected.
        published: Ports of live and paper on this machine, by the settings.
        client_id: The bot's.
        trading_mode: "paper", "live" or "both": which account is meant.
        account: The account that is meant; "" for the only one.
        delayed_will_do: Whether delayed market data is enough.
        symbols: What is to be traded.
        folder: The project's folder, with `.env`, `config/` and `deploy/`.
        compose: The compose file.
        container: What the gateway's container is called; "" for the first of its image.
        journals: Where the journals are.
        settings_problem: Why the settings cannot be used; "" when they can.
        ports: Host ports to look at.
        timeout_s: How long an answer may take.
        quotes_s: How long to wait for a price of a symbol.
        samples: How many round trips are measured.
        lock_holder: Who holds the lock of the bot's client id, in words; "" for nobody.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    published: tuple[int, ...] = (4001, 4002)
    client_id: int = 1
    trading_mode: str = "paper"
    account: str = ""
    delayed_will_do: bool = False
    symbols: tuple[str, ...] = ("SPY",)
    folder: Path = Path()
    compose: Path = Path("deploy/compose.yaml")
    container: str = ""
    journals: Path = Path("journals")
    settings_problem: str = ""
    ports: tuple[int, ...] = HOST_PORTS
    timeout_s: float = 5.0
    quotes_s: float = 5.0
    samples: int = 40
    lock_holder: str = ""

    @property
    def local(self) -> bool:
        """Whether the gateway is expected on this machine."""
        return self.host in {"127.0.0.1", "localhost", "::1"}


@dataclass(slots=True)
class Visit:
    """Hold an examination under way.

    Attributes:
        case: What is examined.
        docker: The docker command.
        container: The gateway's container; None when none was found.
        answers: Whether the port gave an API handshake.
        link: The connection with the gateway, while there is one.
    """

    case: Case
    docker: Docker = field(default_factory=Docker)
    container: Container | None = None
    answers: bool = False
    link: Checkup | None = None
