"""A settings file that is edited while a bot runs: its limits tighten by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from ikbr.domain.errors import ConfigError
from ikbr.domain.limits import RiskLimits

LOOK_S = 2.0


class LimitsReload:
    """Look at a settings file now and then, and pass on which limits were changed in it."""

    def __init__(
        self,
        file: Path,
        load: Callable[[], RiskLimits],
        take: Callable[[RiskLimits, list[str]], object],
        complain: Callable[[str], None],
    ) -> None:
        """Remember what the file says now; `start` looks again.

        Args:
            file: The settings file; it need not be there.
            load: Reads all settings anew and gives the limits.
            take: Gets the limits, and the names of those that were changed.
            complain: Told of a file that cannot be used.
        """
        self._file = file
        self._load = load
        self._take = take
        self._complain = complain
        self._mark = self._look()
        self._limits: RiskLimits | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, limits: RiskLimits) -> None:
        """Look from now on.

        Args:
            limits: What the file said when the session began.
        """
        self._limits = limits
        self._arm()

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> None:
        """Look now."""
        mark = self._look()
        before = self._limits
        if mark == self._mark or before is None:
            return
        self._mark = mark
        try:
            limits = self._load()
        except ConfigError as error:
            self._complain(f"{error} The limits stay as they were.")
            return
        self._limits = limits
        names = [
            name
            for name in RiskLimits.__struct_fields__
            if getattr(limits, name) != getattr(before, name)
        ]
        if names:
            self._take(limits, names)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._turn)

    def _turn(self) -> None:
        self._arm()
        self.look()
