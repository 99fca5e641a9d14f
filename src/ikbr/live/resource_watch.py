"""The resource watch: tells that memory or open files run out, before they have."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ikbr.domain.events import Alert
from ikbr.live.pipeline import LivePipeline

LOOK_S = 10.0
CALM = 0.9
"""Below this part of the threshold it is over."""

_PROCESS, _MACHINE = Path("/proc/self"), Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup/memory.max")


class Usage(NamedTuple):
    """Say how much of something is used.

    Attributes:
        used: So much.
        limit: Of so much; 0 when it is not known.
    """

    used: int
    limit: int

    @property
    def share(self) -> float:
        """The used part; 0 when the limit is not known."""
        return self.used / self.limit if self.limit > 0 else 0.0


def open_files() -> Usage:
    """Count the open files of the process against its limit; nothing is known outside Linux."""
    try:
        used = len(os.listdir(_PROCESS / "fd"))
    except OSError:
        return Usage(0, 0)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return Usage(used, 0 if limit == resource.RLIM_INFINITY else limit)


def memory() -> Usage:
    """Measure the memory of the process against what it could have at most now, bytes.

    That is what it has and what is free, and no more than its control group allows. Nothing is
    known outside Linux.

    Source: proc(5), `statm` and `meminfo`; Linux, "Control Group v2", `memory.max`.
    """
    try:
        pages = int((_PROCESS / "statm").read_text().split()[1])
        lines = _MACHINE.read_text().splitlines()
    except (OSError, ValueError, IndexError):
        return Usage(0, 0)
    used = pages * os.sysconf("SC_PAGE_SIZE")
    free = next((int(line.split()[1]) * 1024 for line in lines if "MemAvailable" in line), 0)
    limits = [used + free] if free else []
    # It may say "max", or the process has no control group of its own.
    with contextlib.suppress(OSError, ValueError):
        limits.append(int(_CGROUP.read_text()))
    return Usage(used, min(limits, default=0))


RESOURCES: tuple[tuple[str, Callable[[], Usage]], ...] = (
    ("memory", memory),
    ("open files", open_files),
)
"""What is looked at."""


class ResourceWatch:
    """Look now and then; a session that runs out of either dies or cannot connect again."""

    def __init__(
        self,
        pipeline: LivePipeline,
        warn_share: float,
        resources: tuple[tuple[str, Callable[[], Usage]], ...] = RESOURCES,
    ) -> None:
        """Wait for `begin`.

        Args:
            pipeline: Alerts through it.
            warn_share: From which part of a limit on it is told; 0 for never.
            resources: What is looked at, by name.
        """
        self._trader = pipeline.trader
        self._clock = pipeline.clock
        self._warn = warn_share
        self._resources = resources
        self._told: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Look from now on."""
        if self._warn:
            self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._turn)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        self.begin()
        self.look()

    def look(self) -> None:
        """Look now."""
        for name, look in self._resources:
            self._judge(name, look())

    def _judge(self, name: str, usage: Usage) -> None:
        if usage.share >= self._warn and name not in self._told:
            self._told.add(name)
            words = f"{_shown(name, usage)}: stop and start again at a quiet moment"
            self._alert("critical", words)
        elif usage.share < self._warn * CALM and name in self._told:
            self._told.discard(name)
            self._alert("info", f"{_shown(name, usage)} again", over=not self._told)

    def _alert(self, severity: str, words: str, *, over: bool = False) -> None:
        self._trader.alert(Alert(self._clock.now_ns, severity, "resources", words, over))


def _shown(name: str, usage: Usage) -> str:
    unit = 1 << 20 if name == "memory" else 1
    of = f"{usage.used // unit:,} of {usage.limit // unit:,}{' MiB' if unit > 1 else ''}"
    return f"{name}: {of} are used ({usage.share:.0%})"
