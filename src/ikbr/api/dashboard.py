"""The dashboard, put together: where bots are, how they are asked, how they are stopped."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ikbr.api.kill import KillRequest, kill
from ikbr.api.places import Places
from ikbr.domain.errors import BrokerError, UsageError
from ikbr.live.operator import Asked
from ikbr.live.operator_client import ask
from ikbr.live.own_socket import shortest
from ikbr.ops.dashboard.app import Dashboard, make_dashboard
from ikbr.ops.dashboard.options import DashboardOptions
from ikbr.ops.dashboard.passwords import read_passwords
from ikbr.ops.dashboard.seams import Found

SOURCE = "dashboard"
_LOCK = re.compile(r"client-((?P<host>[A-Za-z0-9._-]+)-(?P<port>\d+)-(?P<client>\d+))\.lock")


class FolderBots:
    """Find bots by the locks in a folder of journals (`ops.dashboard.seams.Bots`)."""

    def __init__(self, journals: Path) -> None:
        """Look into a folder."""
        self._journals = journals

    def found(self) -> Sequence[Found]:
        """List the bots, those that do not run as well."""
        try:
            names = sorted(one.name for one in (self._journals / "locks").iterdir())
        except OSError:
            return []
        found = []
        for name in names:
            match = _LOCK.fullmatch(name)
            if match is not None:
                places = self._places(match)
                killed = places.latch.read()
                why = (killed.reason or killed.source) if killed is not None else ""
                found.append(Found(match[1], shortest(places.telemetry, "the telemetry"), why))
        return found

    def ask(self, bot_id: str, user: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Ask a bot through its operator's door."""
        return ask(self._find(bot_id).door, Asked(**asked, person=user))

    def kill(self, bot_id: str, user: str, reason: str) -> str:
        """Stop a bot from outside, whatever state it is in."""
        request = KillRequest(reason=reason, source=SOURCE, user=user)
        outcome = asyncio.run(kill(self._find(bot_id), request))
        done = outcome.done
        said = f"Stopped, no new orders until `ikbr arm`; {outcome.process}."
        if done is not None:
            said += f" {done.cancelled} orders cancelled."
        left = [*(done.open if done is not None else ()), outcome.problem]
        if not outcome.complete:
            raise BrokerError(f"{said} NOT DONE: {'; '.join(one for one in left if one)}.")
        return f"{said} Nothing is open any more."

    def _find(self, bot_id: str) -> Places:
        match = _LOCK.fullmatch(f"client-{bot_id}.lock")
        if match is None or not (self._journals / "locks" / match.string).exists():
            raise UsageError(f"there is no bot {bot_id[:80]!r} in {self._journals}.")
        return self._places(match)

    def _places(self, match: re.Match[str]) -> Places:
        return Places(self._journals, match["host"], int(match["port"]), int(match["client"]))


def prepare_dashboard(
    options: DashboardOptions, on_link_used: Callable[[], None] = lambda: None
) -> Dashboard:
    """Check everything and put a dashboard together; nothing is served yet.

    Args:
        options: How it is served.
        on_link_used: Told when the local user's link has been used up.

    Raises:
        UsageError: When something is missing, or would be open to others.
    """
    options.check()
    passwords = read_passwords(options.password_file) if options.password_file else None
    return make_dashboard(
        options,
        FolderBots(options.journals),
        passwords,
        version=version("ikbr"),
        on_link_used=on_link_used,
    )
