"""What a session watches about itself and around it: the settings of its supervision."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from ikbr.domain.errors import ConfigError

Region = Literal["america", "europe", "asia"]
BeforeReset = Literal["hold", "flatten", "go-on"]

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class SupervisionRules(msgspec.Struct, frozen=True, kw_only=True):
    """Say what is watched, and from where on it counts.

    Attributes:
        region: Whose servers serve the account; paper accounts are always served from America.
        restart_at: When the gateway restarts itself, HH:MM in New York; "" for never.
        before_reset: What is done about a reset that comes: entries wait ("hold"), what the
            strategies hold is closed before it if the market is open ("flatten"), or nothing.
        warn_min: How long before a reset it is told, minutes.
        loop_warn_ms, loop_hold_ms: An event loop that turns so late is told of; holds entries.
        skew_warn_s, skew_hold_s: A gateway's clock that is off by more is told of; holds entries.
        resource_warn: Memory or open files of which so large a part is used are told of, as a
            fraction; 0 for never.
        quiet_s: A symbol without data for so long, in its trading hours, is told of; 0 for never.
    """

    region: Region = "america"
    restart_at: str = ""
    before_reset: BeforeReset = "hold"
    warn_min: float = 15.0
    loop_warn_ms: float = 250.0
    loop_hold_ms: float = 1_000.0
    skew_warn_s: float = 1.0
    skew_hold_s: float = 5.0
    quiet_s: float = 120.0
    resource_warn: float = 0.8

    def __post_init__(self) -> None:
        """Refuse rules that make no sense."""
        if self.restart_at and not _CLOCK.fullmatch(self.restart_at):
            raise ConfigError(
                f"supervision.restart_at = {self.restart_at!r}: write it as HH:MM in New York, as "
                "23:45, or leave it empty."
            )
        for name in ("warn_min", "quiet_s"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"supervision.{name} = {getattr(self, name)}: it must be 0 or "
                                  "more.")  # fmt: skip
        if not 0 <= self.resource_warn <= 1:
            raise ConfigError(
                f"supervision.resource_warn = {self.resource_warn:g}: it must be from 0 (never) to "
                "1."
            )
        for warn, hold in (("loop_warn_ms", "loop_hold_ms"), ("skew_warn_s", "skew_hold_s")):
            if not 0 < getattr(self, warn) <= getattr(self, hold):
                raise ConfigError(
                    f"supervision.{warn} = {getattr(self, warn):g}: it must be more than 0 and at "
                    f"most supervision.{hold} = {getattr(self, hold):g}."
                )
