"""What `ikbr alerts` shows and tries: the targets of the settings, one by one."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from ikbr.domain.alerts import HEARTBEAT, AlertRoute, AlertRules
from ikbr.domain.errors import ConfigError
from ikbr.ops.alerts.addresses import read_addresses, routes_of
from ikbr.ops.alerts.note import Message
from ikbr.ops.alerts.transport import check_heartbeat, check_target, ping, scheme_of, send

MOST_AT_ONCE = 16


class Target(msgspec.Struct, frozen=True):
    """Show one target, without its secret.

    Attributes:
        name: What it is called.
        kind: Of address, as "tgram".
        origin: Where the address stands.
        problem: Why it cannot be used; "" when it can.
        route: What it is told; None for the heartbeat.
    """

    name: str
    kind: str
    origin: str
    problem: str
    route: AlertRoute | None


class Tried(msgspec.Struct, frozen=True):
    """Say what became of a test: why it failed ("" when it did not), and how long it took."""

    name: str
    failure: str
    seconds: float


def show_targets(rules: AlertRules, variables: Mapping[str, str]) -> list[Target]:
    """List the targets, the heartbeat last.

    Args:
        rules: From the settings.
        variables: The environment.

    Raises:
        ConfigError: When an address is missing or cannot be read.
    """
    addresses = read_addresses(rules, variables)
    routes = routes_of(rules, addresses)
    names = [*sorted(routes), *(HEARTBEAT for _ in (1,) if HEARTBEAT in addresses)]
    return [
        Target(
            name,
            scheme_of(addresses[name].url),
            addresses[name].origin,
            _problem(name, addresses[name].url),
            routes.get(name),
        )
        for name in names
    ]


def readable_by_others(rules: AlertRules) -> bool:
    """Say whether others on this machine can read the file of the addresses."""
    path = Path(rules.secrets_file)
    return path.is_file() and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def try_targets(rules: AlertRules, variables: Mapping[str, str], label: str) -> Sequence[Tried]:
    """Send a test to every target, and ask the heartbeat's address.

    Args:
        rules: From the settings.
        variables: The environment.
        label: Who speaks.

    Raises:
        ConfigError: When an address is missing or cannot be read.
    """
    addresses = read_addresses(rules, variables)
    message = Message(f"{label}: test", "This is a test. Alerts arrive here.", "info", 1)

    def try_one(name: str) -> Tried:
        url = addresses[name].url
        failure, seconds = _timed(lambda: ping(url) if name == HEARTBEAT else send(url, message))
        return Tried(name, failure, seconds)

    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        return list(pool.map(try_one, sorted(addresses)))


def _timed(work: Callable[[], str]) -> tuple[str, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def _problem(name: str, url: str) -> str:
    try:
        if name == HEARTBEAT:
            check_heartbeat(url)
        else:
            check_target(name, url)
    except ConfigError as error:
        return str(error)
    return ""
