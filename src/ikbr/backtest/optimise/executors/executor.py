"""The executor: what a sweep needs of whatever runs its trials."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from ikbr.backtest.optimise.engine_job import Job
from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.trial import Outcome, Trial
from ikbr.domain.errors import UsageError


class Lost(msgspec.Struct, frozen=True):
    """Say that whoever ran a trial died under it.

    Attributes:
        why: In words.
    """

    why: str


Done = tuple[Trial, Outcome | Lost]
"""A trial with what came of it."""


class Executor(Protocol):
    """Run trials somewhere."""

    @property
    def name(self) -> str:
        """Say where, for people."""

    @property
    def workers(self) -> int:
        """How many trials run at the same time."""

    @property
    def at_once(self) -> int:
        """How many trials to hand over before any is back."""

    def submit(self, trial: Trial) -> None:
        """Hand over a trial; returns at once."""

    def wait(self) -> Sequence[Done]:
        """Wait until at least one trial is done; each is told once.

        Raises:
            SweepError: When none can be done any more.
        """

    def close(self) -> None:
        """Let go of everything; what still runs is abandoned."""


def pack(job: Job) -> bytes:
    """Pickle a job once for all trials.

    Functions and classes of a script or notebook travel by value, others by name.

    Raises:
        UsageError: When it cannot be.
    """
    import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps(job)
    except Exception as error:
        raise UsageError(
            f"the strategy cannot be sent to other processes ({type(error).__name__}: {error}); "
            f"put it in a file and name it as path.py:Class, or use one job."
        ) from error
    return packed


@lru_cache(maxsize=2)
def unpack(packed: bytes) -> Job:
    """Unpickle a job; a worker does it once."""
    import pickle

    job: Job = pickle.loads(packed)
    return job


def run_packed(packed: bytes, trial: Trial) -> Outcome:
    """Run a trial; this is what workers are asked to do."""
    return unpack(packed)(trial)


def broken_run(trial: Trial, error: BaseException) -> SweepError:
    """Say that a worker raised, which a job does only when no trial can be run.

    Args:
        trial: Which it was at.
        error: What it raised.
    """
    if isinstance(error, SweepError):
        return error
    return SweepError(
        f"run {trial.number} could not be made ({type(error).__name__}: {error}); correct that "
        f"and repeat the command: the results so far are kept."
    )
