"""A sweep: all trials, each kept as it comes, over whichever path can run them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

import msgspec

from ikbr.backtest.optimise.drive import Listed, Proposer, drive, run_trials
from ikbr.backtest.optimise.engine_job import EngineJob
from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.executors.executor import Executor
from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.optimise.store import Store, plain
from ikbr.backtest.optimise.trial import ENGINE, Outcome, Trial

__all__ = ["FastPath", "Listed", "Standing", "Sweeper", "run_trials"]


BATCH = 4096
"""Trials that a fast path is given at a time: memory does not grow with the grid."""


class FastPath(Protocol):
    """Run a whole grid at once, where the configuration allows it."""

    def __call__(self, job: EngineJob, trials: Sequence[Trial]) -> Iterator[Outcome] | str:
        """Take over trials.

        Args:
            job: What would run each of them: tape, strategies, setup.
            trials: All that are to be run.

        Returns:
            An outcome for every trial, each with the path that it took; or, in words, why the
            engine must run them.
        """


class Standing(msgspec.Struct, frozen=True):
    """Say how far a sweep is.

    Attributes:
        done, total: Runs; those that were kept before count as done.
        best: So far.
        path: What runs them.
        seconds_left: Estimate from the runs of this session; None before the first.
        failed: Runs without a usable result.
    """

    done: int
    total: int
    best: Outcome | None
    path: str
    seconds_left: float | None
    failed: int


Tell = Callable[[Standing], None]


class Sweeper:
    """Run a sweep into a store.

    Attributes:
        path: What ran the trials of this session, in words; "" before any did.
        reason: Why the compiled grid did not take over, in words.
        made: Runs made in this session.
    """

    def __init__(
        self, store: Store, objective: Objective, total: int, tell: Tell | None = None
    ) -> None:
        """Prepare.

        Args:
            store: Open.
            objective: For the best so far.
            total: Number of runs in all.
            tell: Told after every run.
        """
        self._store, self._objective, self._total, self._tell = store, objective, total, tell
        self._best = objective.best(store.outcomes.values())
        self._failed = sum(bool(one.error) for one in store.outcomes.values())
        self._began = time.monotonic()
        self.path = ""
        self.reason = ""
        self.made = 0

    def run_whole(self, job: EngineJob, trials: Iterable[Trial], fast_path: FastPath) -> bool:
        """Let a fast path run what is not kept yet, many trials at a time.

        Returns:
            Whether it did; `reason` then says why not, and the engine is to run the rest.
        """
        rest = (one for one in trials if one.number not in self._store.outcomes)
        while batch := list(islice(rest, BATCH)):
            found = fast_path(job, batch)
            if isinstance(found, str):
                self.reason = found
                return False
            for outcome in found:
                self._keep(outcome, outcome.path)
        return True

    def run(self, proposer: Proposer, make_executor: Callable[[], Executor]) -> None:
        """Run what is proposed and not kept yet.

        Args:
            proposer: Chooses the trials.
            make_executor: Called when there is something to run.

        Raises:
            SweepError: When the sweep cannot go on.
        """
        rest = Unkept(proposer, self._store)
        first = rest.propose()
        if first is None:
            return
        rest.put_back(first)
        executor = make_executor()
        try:
            for outcome in drive(rest, executor):
                self._keep(outcome, f"{ENGINE}, {executor.name}")
        finally:
            executor.close()

    def _keep(self, outcome: Outcome, path: str) -> None:
        self._store.add(outcome)
        self.path = path
        self.made += 1
        self._failed += bool(outcome.error)
        if self._objective.better(outcome, self._best):
            self._best = outcome
        if self._tell is None:
            return
        done = len(self._store.outcomes)
        each = (time.monotonic() - self._began) / self.made
        left = each * (self._total - done)
        self._tell(Standing(done, self._total, self._best, path, left, self._failed))


class Unkept:
    """Propose only what a store lacks; the proposer hears what it holds."""

    def __init__(self, inner: Proposer, store: Store) -> None:
        """Wrap a proposer."""
        self._inner, self._store = inner, store
        self._again: list[Trial] = []

    def put_back(self, trial: Trial) -> None:
        """Propose a trial again."""
        self._again.append(trial)

    def propose(self) -> Trial | None:
        """Give the next trial that is not kept.

        Raises:
            SweepError: When a kept run has other parameters than are proposed for its number.
        """
        if self._again:
            return self._again.pop()
        while (trial := self._inner.propose()) is not None:
            kept = self._store.outcomes.get(trial.number)
            if kept is None:
                return trial
            if plain(kept.parameters) != plain(trial.parameters):
                raise SweepError(
                    f"run {trial.number} in '{self._store.folder}' has other parameters "
                    f"({plain(kept.parameters)}) than are chosen for it now "
                    f"({plain(trial.parameters)}), perhaps by another version of Optuna; name "
                    f"another folder with --results DIR."
                )
            self._inner.tell(kept)
        return None

    def tell(self, outcome: Outcome) -> None:
        """Pass it on."""
        self._inner.tell(outcome)
