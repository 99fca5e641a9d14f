"""What starts and stops a bot on a host."""

from __future__ import annotations

import subprocess
from typing import Protocol

from ikbr.domain.errors import StateError


class Service(Protocol):
    """Start and stop the bot."""

    def start(self) -> None:
        """Start it; returns when that is under way."""
        ...

    def stop(self) -> None:
        """Ask it to end in an orderly way; returns when it has ended, or it was given up."""
        ...


class Systemd:
    """Start and stop a unit of systemd."""

    def __init__(self, unit: str, timeout_s: float = 120.0) -> None:
        """Name the unit."""
        self._unit = unit
        self._timeout_s = timeout_s

    def start(self) -> None:
        """Start it; whether trading begins is seen by the lock."""
        self._run("start", "--no-block")

    def stop(self) -> None:
        """Send SIGTERM and wait; the unit's TimeoutStopSec ends it by force."""
        self._run("stop")

    def _run(self, *words: str) -> None:
        command = ["systemctl", *words, self._unit]
        try:
            subprocess.run(
                command, capture_output=True, text=True, timeout=self._timeout_s, check=True
            )
        except subprocess.CalledProcessError as error:
            raise StateError(f"{' '.join(command)} failed: {error.stderr.strip()}") from None
        except (OSError, subprocess.SubprocessError) as error:
            raise StateError(f"{' '.join(command)} failed: {error}") from None
