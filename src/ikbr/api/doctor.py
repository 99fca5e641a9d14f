"""The doctor, put together: settings, lock, examination, and what is mended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ikbr.api.places import Places
from ikbr.broker.client_lock import is_alive, last_holder
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ConfigError
from ikbr.live.modes import Meant, check_before
from ikbr.ops.doctor.case import HOST_PORTS, Case, Visit
from ikbr.ops.doctor.docker import Docker
from ikbr.ops.doctor.finding import Finding
from ikbr.ops.doctor.table import chosen_checks, examine
from ikbr.settings import BrokerSettings, JournalSettings, Settings, load_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRequest:
    """Say what to examine.

    Attributes:
        mode: Whose profile of the settings: "paper" or "live".
        symbols: Contracts as people write them.
        host, port, client_id: Of the gateway and the bot; None leaves them to the settings.
        folder: The project's folder.
        compose: The compose file; None for deploy/compose.yaml in the folder.
        container: The gateway's container; "" finds it.
        config: The settings file; None for the usual one.
        timeout_s: How long an answer may take.
        only: Checks or groups of them; none for all.
    """

    mode: str = "paper"
    symbols: Sequence[str] = ("SPY",)
    host: str | None = None
    port: int | None = None
    client_id: int | None = None
    folder: Path = Path()
    compose: Path | None = None
    container: str = ""
    config: Path | None = None
    timeout_s: float = 5.0
    only: Sequence[str] = ()


def case_of(request: DoctorRequest) -> Case:
    """Find out what is to be examined, as far as the settings can be used.

    Raises:
        UsageError: When a check or a symbol does not exist.
    """
    chosen_checks(request.only)
    for symbol in request.symbols:
        parse_contract(symbol)
    settings: Settings | None = None
    problem = ""
    try:
        settings = load_settings(request.mode, (), request.config)
        broker = settings.broker
        check_before(Meant(request.mode, broker.trading_mode, request.port or broker.port))
    except ConfigError as error:
        # The rest is looked at all the same, by what the options say and what is usual.
        problem = str(error)
    return _case(request, settings, problem)


def _case(request: DoctorRequest, settings: Settings | None, problem: str) -> Case:
    broker = settings.broker if settings is not None else BrokerSettings.model_validate({})
    journals = (settings.journal if settings is not None else JournalSettings()).dir
    host, port = request.host or broker.host, request.port or broker.port
    client_id = broker.client_id if request.client_id is None else request.client_id
    return Case(
        host=host,
        port=port,
        published=(broker.port_live, broker.port_paper),
        client_id=client_id,
        trading_mode=broker.trading_mode,
        account=broker.account.get_secret_value(),
        delayed_will_do=broker.market_data == "delayed",
        symbols=tuple(request.symbols),
        folder=request.folder,
        compose=request.compose or request.folder / "deploy" / "compose.yaml",
        container=request.container,
        journals=journals,
        settings_problem=problem,
        ports=tuple(dict.fromkeys((*HOST_PORTS, port))) if host == "127.0.0.1" else HOST_PORTS,
        timeout_s=request.timeout_s,
        quotes_s=request.timeout_s,
        lock_holder=_holder(Places(journals, host, port, client_id)),
    )


def _holder(places: Places) -> str:
    """Name who holds the lock of the bot; "" for nobody."""
    # Where nobody can hold it, it is not tried: that would refuse it to a bot that is beginning.
    if not is_alive(last_holder(places.lock_file)):
        return ""
    try:
        places.lock().release()
    except ConfigError:
        words = places.lock_file.read_text(encoding="utf-8", errors="replace")
        return words.strip() or "another process"
    return ""


async def consult(
    case: Case,
    only: Sequence[str] = (),
    tell: Callable[[Finding], None] = lambda _finding: None,
    docker: Docker | None = None,
) -> list[Finding]:
    """Examine.

    Args:
        case: What.
        only: Checks or groups of them; none for all.
        tell: Told of each finding as it comes.
        docker: The docker command; None for the usual one.
    """
    return await examine(Visit(case, docker or Docker()), only, tell)
