"""Who is told of what outside of the bot: the settings of its alerts."""

from __future__ import annotations

import re
import zoneinfo
from typing import Literal

import msgspec

from ikbr.domain.errors import ConfigError

Severity = Literal["info", "warning", "critical"]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
"""From the mildest to the worst."""

SUMMARY = "summary"
"""The source of the summary of a day."""

HEARTBEAT = "heartbeat"
"""The name of the heartbeat's address among the secrets; no target may be called so."""

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class AlertRoute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what one target is told.

    Attributes:
        severity: The mildest that it is told.
        sources: Only of these, as `link` or `strategy *`; none for all.
        summary: Whether it gets the summary of the day.
        quiet: When only what is critical comes at once, HH:MM-HH:MM; "" for never. The rest
            waits until then.
        min_interval_s: Shortest time between two messages, seconds; what comes meanwhile comes
            together. What is critical does not wait.
    """

    severity: Severity = "warning"
    sources: tuple[str, ...] = ()
    summary: bool = True
    quiet: str = ""
    min_interval_s: float = 0.0


class AlertRules(msgspec.Struct, frozen=True, kw_only=True):
    """Say who is told of alerts, and how often.

    Attributes:
        to: What each target is told, by its name. Its address is a secret of the same name.
        secrets_file: Where the addresses stand; the environment is stronger.
        zone: Whose clock the quiet hours follow.
        repeat_min: The same alert again within so many minutes is one, with a count.
        per_hour: Most messages an hour to one target; a quarter is kept for what is critical.
        heartbeat_s: How often the heartbeat's address is asked, seconds.
        flush_s: How long an end may wait for what is still to be told, seconds.
    """

    to: dict[str, AlertRoute] = {}
    secrets_file: str = "secrets/alerts.toml"
    zone: str = "America/New_York"
    repeat_min: float = 10.0
    per_hour: int = 60
    heartbeat_s: float = 60.0
    flush_s: float = 5.0

    def __post_init__(self) -> None:
        """Refuse rules that make no sense."""
        for name, route in self.to.items():
            _check_route(name, route)
        try:
            zoneinfo.ZoneInfo(self.zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            raise ConfigError(
                f"alerts.zone = {self.zone!r} is no time zone; write one as Europe/Zurich."
            ) from None
        for field, least, most in (
            ("repeat_min", 0.0, 1440.0),
            ("per_hour", 4, 3600),
            ("heartbeat_s", 1.0, 3600.0),
            ("flush_s", 0.0, 60.0),
        ):
            value = getattr(self, field)
            if not least <= value <= most:
                raise ConfigError(
                    f"alerts.{field} = {value:g}: it must be from {least:g} to {most:g}."
                )


def _check_route(name: str, route: AlertRoute) -> None:
    if not NAME.fullmatch(name) or name == HEARTBEAT:
        raise ConfigError(
            f"alerts.to.{name}: a target is called with small letters, digits and _, as phone or "
            f"mail_2, and not {HEARTBEAT!r}."
        )
    if route.quiet and quiet_minutes(route.quiet) is None:
        raise ConfigError(f"alerts.to.{name}.quiet = {route.quiet!r}: write it as 22:00-07:00.")
    if not 0 <= route.min_interval_s <= 86_400:
        raise ConfigError(
            f"alerts.to.{name}.min_interval_s = {route.min_interval_s:g}: it must be from 0 to "
            "86400."
        )


def quiet_minutes(text: str) -> tuple[int, int] | None:
    """Read when it is quiet, in minutes of the day; None when it cannot be read.

    >>> quiet_minutes("22:00-07:30")
    (1320, 450)
    """
    found = _QUIET.fullmatch(text)
    if found is None:
        return None
    hour, minute, until_hour, until_minute = (int(part) for part in found.groups())
    return hour * 60 + minute, until_hour * 60 + until_minute
