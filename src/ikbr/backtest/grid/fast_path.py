"""The compiled grid as the fast path of a sweep: it takes over every trial, or says why not."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ikbr.backtest.grid.eligible import why_not
from ikbr.backtest.grid.outcome import GridOutcome
from ikbr.backtest.grid.run_grid import run_grid
from ikbr.backtest.optimise.engine_job import EngineJob
from ikbr.backtest.optimise.metrics import summary_metrics
from ikbr.backtest.optimise.shared_tape import SharedTape
from ikbr.backtest.optimise.trial import COMPILED_GRID, Outcome, Span, Trial
from ikbr.backtest.stage import Instance
from ikbr.domain.errors import IkbrError

AT_ONCE = 256
"""Trials of one pass over the tape: memory does not grow with the sweep."""

Made = list[tuple[Trial, Instance]]


def compiled_grid(job: EngineJob, trials: Sequence[Trial]) -> Iterator[Outcome] | str:
    """Take over the trials of a sweep.

    Args:
        job: What would run each of them.
        trials: All that are to be run.

    Returns:
        An outcome for every trial: those that compiled code must leave to the engine are run by
        it, and their `path` says so. Or, in words, why the engine must run all of them.
    """
    made: dict[Span | None, Made] = {}
    broken: list[Trial] = []
    for trial in trials:
        try:
            instances = job.make(trial.parameters)
        except IkbrError:
            # Parameters that make no sense: the engine says what is wrong with them.
            broken.append(trial)
            continue
        if len(instances) != 1:
            return f"{len(instances)} strategies share an account"
        made.setdefault(trial.span, []).append((trial, instances[0]))
    for span, part in made.items():
        reason = why_not(SharedTape(job.tape, span), [one for _, one in part], job.setup, job.feed)
        if reason:
            return reason
    if not made:
        return "no trial has parameters that can be used"
    return _run(job, made, broken)


def _run(
    job: EngineJob, made: dict[Span | None, Made], broken: Sequence[Trial]
) -> Iterator[Outcome]:
    for span, part in made.items():
        for start in range(0, len(part), AT_ONCE):
            yield from _run_some(job, span, part[start : start + AT_ONCE])
    for trial in broken:
        yield job(trial)


def _run_some(job: EngineJob, span: Span | None, part: Made) -> Iterator[Outcome]:
    began = time.perf_counter()
    grid = run_grid(SharedTape(job.tape, span), [one for _, one in part], job.setup, feed=job.feed)
    each = (time.perf_counter() - began) / len(part)
    for (trial, _), found in zip(part, grid.outcomes, strict=True):
        yield job(trial) if found.left else _outcome(trial, found, each)


def _outcome(trial: Trial, found: GridOutcome, seconds: float) -> Outcome:
    began = time.perf_counter()
    figures = summary_metrics(found.summary)
    figures |= {"orders": found.orders, "refused": sum(found.refused.values())}
    return Outcome(
        number=trial.number,
        parameters=trial.parameters,
        span=trial.span,
        metrics={n: None if value is None else float(value) for n, value in figures.items()},
        fill_hash=found.fill_hash,
        session_equity=tuple(found.session_equity),
        seconds=seconds + time.perf_counter() - began,
        path=COMPILED_GRID,
    )
