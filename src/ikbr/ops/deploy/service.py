"""What starts and stops a bot on a host."""

from __future__ import annotations

import subprocess
from typing import Protocol

from ikbr.domain.errors import StateError


class Service(Protocol):
    """Start and stop the bot."""

    def ask_to_end(self) -> None:
        """Ask it to end in an orderly way; does not wait, and never ends it by force."""
        ...

    def stop(self) -> None:
        """Clear up after a bot that has ended: nothing starts it again by itself."""
        ...

    def start(self) -> None:
        """Start it; returns when that is under way."""
        ...


class Systemd:
    """Start and stop a unit of systemd."""

    def __init__(self, unit: str, timeout_s: float = 120.0) -> None:
        """Name the unit."""
        self._unit = unit
        self._timeout_s = timeout_s

    def ask_to_end(self) -> None:
        """Send SIGTERM to the bot; `systemctl stop` would end it by force after a while."""
        if self._call("is-active", "--quiet").returncode == 0:
            self._run("kill", "--kill-who=main", "--signal=SIGTERM")

    def stop(self) -> None:
        """Stop the unit, so that it is not restarted."""
        self._run("stop")

    def start(self) -> None:
        """Start it; whether trading begins is seen by the lock."""
        self._run("start", "--no-block")

    def _run(self, *words: str) -> None:
        done = self._call(*words)
        if done.returncode:
            raise StateError(f"systemctl {' '.join(words)} {self._unit}: {done.stderr.strip()}")

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["systemctl", *words, self._unit]
        try:
            return subprocess.run(
                command, capture_output=True, text=True, timeout=self._timeout_s, check=False
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise StateError(f"{' '.join(command)} failed: {error}") from None
