"""The job of a worker: one trial through the engine, over the shared tape."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.trial import Outcome, Trial, failed
from ikbr.domain.errors import IkbrError, InvariantError

if TYPE_CHECKING:
    from ikbr.backtest.result import BacktestResult
    from ikbr.backtest.stage import Instance, Setup
    from ikbr.core.ports import History, Journal

Job = Callable[[Trial], Outcome]
"""Runs a trial, in whatever process; raises only when no trial can be run."""


@dataclass(frozen=True)
class EngineJob:
    """Run trials through the engine.

    It is pickled and sent to workers; what it holds must survive that.

    Attributes:
        tape: Folder of the shared tape.
        make: Makes the strategies for the parameters of a trial.
        setup: How to run them.
        journal: Makes the journal of a run, which nobody reads afterwards.
        feed: Name of the feed.
        history: Gives the past, for warming up.
    """

    tape: Path
    make: Callable[[Mapping[str, Any]], Sequence[Instance]]
    setup: Setup
    journal: Callable[[], Journal]
    feed: str = "both"
    history: History | None = None

    def __call__(self, trial: Trial) -> Outcome:
        """Run a trial.

        Returns:
            What came of it. What a strategy does wrong is in its `error`.

        Raises:
            SweepError: When no trial can be run here.
        """
        began = time.perf_counter()
        try:
            result = self.run(trial)
        except SweepError:
            raise
        except Exception as error:  # noqa: BLE001 - one run's failure must not end the others
            known = isinstance(error, IkbrError) and not isinstance(error, InvariantError)
            why = str(error) if known else f"{type(error).__name__}: {error}"
            return failed(trial, why, time.perf_counter() - began)
        return outcome_of(trial, result, time.perf_counter() - began)

    def run(self, trial: Trial) -> BacktestResult:
        """Run a trial and give the whole result.

        Raises:
            IkbrError: When the parameters cannot be used.
            SweepError: When strategy or data are not what the sweep began with.
        """
        from ikbr.backtest.engine import run_backtest
        from ikbr.backtest.optimise.shared_tape import SharedTape

        return run_backtest(
            SharedTape(self.tape, trial.span),
            self.make(trial.parameters),
            self.setup,
            journal=self.journal(),
            feed=self.feed,
            history=self.history,
        )


def outcome_of(trial: Trial, result: BacktestResult, seconds: float) -> Outcome:
    """Boil a result down.

    Args:
        trial: What was run.
        result: What came of it.
        seconds: Wall time of it all.

    Returns:
        The outcome; a strategy that was taken out of service is an error.
    """
    from ikbr.backtest.optimise.metrics import metrics_of

    broken = [
        one.message
        for one in result.alerts
        if one.severity == "critical" and one.source.startswith("strategy ")
    ]
    metrics = {
        name: None if value is None else float(value) for name, value in metrics_of(result).items()
    }
    return Outcome(
        number=trial.number,
        parameters=trial.parameters,
        span=trial.span,
        metrics=metrics,
        fill_hash=result.fill_hash,
        session_equity=tuple(result.session_equity),
        seconds=seconds,
        error=broken[0] if broken else "",
    )
