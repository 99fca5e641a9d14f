"""The clock of a benchmark: on a machine that others use too, processor time is the fairer one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

CLOCKS = ("wall", "cpu")


def clock_of(job: dict[str, Any]) -> Callable[[], float]:
    """Give the clock that a job asks for: seconds of the wall, or of this process's threads."""
    return time.process_time if job.get("clock") == "cpu" else time.perf_counter
