"""The table: all checks in their order, from the settings outward, and how they are run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple

import msgspec

from ikbr.broker.checkup import Checkup
from ikbr.domain.errors import UsageError, nearest
from ikbr.ops.doctor import (
    api_answers,
    api_port,
    container,
    container_setup,
    host_ports,
    inner_ports,
    latency,
    machine,
    own_settings,
)
from ikbr.ops.doctor.case import Case, Visit
from ikbr.ops.doctor.finding import Finding, note

Look = Callable[[Visit], Awaitable[list[Finding]]]


class Check(NamedTuple):
    """Name a check.

    Attributes:
        name: What it is called.
        group: What it is about; `--only` takes this or the name.
        look: Looks.
    """

    name: str
    group: str
    look: Look


def _asked(ask: Callable[[Case, Checkup], Awaitable[list[Finding]]]) -> Look:
    """Look only where a gateway serves us: what is asked of it is told nowhere else."""

    async def look(visit: Visit) -> list[Finding]:
        return [] if visit.link is None else await ask(visit.case, visit.link)

    return look


CHECKS = (
    Check("settings", "settings", own_settings.check_settings),
    Check("secrets", "settings", own_settings.check_secrets),
    Check("container", "container", container.find_container),
    Check("host ports", "ports", host_ports.check_host_ports),
    Check("start", "container", container.check_start),
    Check("inner ports", "container", inner_ports.check_inner_ports),
    Check("mounts", "container", container_setup.check_mounts),
    Check("variables", "container", container_setup.check_variables),
    Check("published", "container", container_setup.check_published),
    Check("handshake", "gateway", api_port.check_handshake),
    Check("session", "gateway", api_port.check_session),
    Check("farms", "gateway", _asked(api_port.check_farms)),
    Check("client id", "gateway", _asked(api_port.check_client_id)),
    Check("account", "gateway", _asked(api_port.check_account)),
    Check("time", "gateway", _asked(api_answers.check_time)),
    Check("market data", "gateway", _asked(api_answers.check_market_data)),
    Check("orders", "gateway", _asked(api_answers.check_order_permission)),
    Check("history", "gateway", _asked(api_answers.check_history)),
    Check("latency", "gateway", _asked(latency.check_latency)),
    Check("network", "machine", latency.check_way_out),
    Check("disk", "machine", machine.check_disk),
    Check("memory", "machine", machine.check_memory),
    Check("calendar", "machine", machine.check_calendar),
    Check("compiled", "machine", machine.check_compiled),
)
"""The container comes before the ports, as a port that it holds is where it belongs."""

_NEEDED = frozenset(("container", "handshake", "session"))
"""Later checks of their groups build on these."""


def chosen_checks(only: Collection[str]) -> list[Check]:
    """Choose checks by name or group; all of them when none is named.

    Raises:
        UsageError: When there is no such check.
    """
    names = {one.name for one in CHECKS} | {one.group for one in CHECKS}
    for word in only:
        if word not in names:
            raise UsageError(f"--only {word!r}: {nearest(word, names, limit=40)}.")
    if not only:
        return list(CHECKS)
    wanted = [one for one in CHECKS if one.name in only or one.group in only]
    groups = {one.group for one in wanted}
    return [one for one in CHECKS if one in wanted or (one.name in _NEEDED and one.group in groups)]


async def examine(
    visit: Visit,
    only: Collection[str] = (),
    tell: Callable[[Finding], None] = lambda _finding: None,
) -> list[Finding]:
    """Run checks, one after the other.

    Args:
        visit: What is examined.
        only: Names or groups; none for all.
        tell: Told of each finding as it comes.

    Returns:
        All findings, each with the name of its check.
    """
    found: list[Finding] = []
    try:
        for check in chosen_checks(only):
            try:
                findings = await check.look(visit)
            except OSError as error:
                # What cannot be looked at from here leaves the other checks as they are.
                why = error.strerror or type(error).__name__
                findings = [note(f"could not be looked at ({why})")]
            for finding in findings:
                named = msgspec.structs.replace(finding, check=check.name)
                found.append(named)
                tell(named)
    finally:
        if visit.link is not None:
            await visit.link.close()
    return found
