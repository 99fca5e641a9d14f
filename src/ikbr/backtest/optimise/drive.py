"""The driver: keeps an executor busy with trials and brings back each outcome once."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Protocol

from ikbr.backtest.optimise.executors.executor import Executor, Lost
from ikbr.backtest.optimise.trial import Outcome, Trial, failed


class Proposer(Protocol):
    """Say which trials are to be run."""

    def propose(self) -> Trial | None:
        """Give the next trial; None when there is none, or none before more is told."""

    def tell(self, outcome: Outcome) -> None:
        """Hear what came of a trial."""


class Listed:
    """Propose trials that are known beforehand."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        """Take them; they are drawn one by one."""
        self._trials = iter(trials)

    def propose(self) -> Trial | None:
        """Give the next one."""
        return next(self._trials, None)

    def tell(self, outcome: Outcome) -> None:
        """Learn nothing."""


def run_trials(trials: Iterable[Trial], executor: Executor) -> Iterator[Outcome]:
    """Run trials.

    Args:
        trials: Which; drawn as they are needed.
        executor: Where.

    Yields:
        Each outcome once, as they come.

    Raises:
        SweepError: When the executor can do no more; outcomes that were given stay right.
    """
    return drive(Listed(trials), executor)


def drive(proposer: Proposer, executor: Executor) -> Iterator[Outcome]:
    """Run what is proposed, telling the proposer each outcome.

    When a worker dies, whatever it may have been running is run again, one trial at a time: a
    trial under which a worker dies once more while nothing else runs is the cause, and is
    reported as failed. The others are simply done later.

    Args:
        proposer: Chooses the trials.
        executor: Where.

    Yields:
        Each outcome once, as they come.
    """
    running: dict[int, Trial] = {}
    suspects: deque[Trial] = deque()
    deaths: Counter[int] = Counter()
    while True:
        if suspects:
            if not running:
                _submit(suspects.popleft(), executor, running)
        else:
            while len(running) < executor.at_once and (trial := proposer.propose()):
                _submit(trial, executor, running)
        if not running:
            return
        alone = len(running) == 1
        for trial, what in executor.wait():
            # An executor that tells a trial twice must not double it.
            if running.pop(trial.number, None) is None:
                continue
            if isinstance(what, Lost):
                deaths[trial.number] += 1
                if not (alone and deaths[trial.number] > 1):
                    suspects.append(trial)
                    continue
                outcome = failed(trial, f"run alone, {what.why}.")
            else:
                outcome = what
            proposer.tell(outcome)
            yield outcome


def _submit(trial: Trial, executor: Executor, running: dict[int, Trial]) -> None:
    running[trial.number] = trial
    executor.submit(trial)
