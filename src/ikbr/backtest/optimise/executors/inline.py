"""Running trials in this very process, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ikbr.backtest.optimise.engine_job import Job
from ikbr.backtest.optimise.executors.executor import Done
from ikbr.backtest.optimise.trial import Trial


class InlineExecutor:
    """Run each trial when its result is waited for."""

    name = "this process"
    workers = 1
    at_once = 1

    def __init__(self, job: Job) -> None:
        """Take the job as it is; nothing is pickled."""
        self._job = job
        self._waiting: deque[Trial] = deque()

    def submit(self, trial: Trial) -> None:
        """Put a trial in line."""
        self._waiting.append(trial)

    def wait(self) -> Sequence[Done]:
        """Run the next trial."""
        trial = self._waiting.popleft()
        return [(trial, self._job(trial))]

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
