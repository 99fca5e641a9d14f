"""A grid that is larger than was probably meant: how many runs, how long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from ikbr.backtest.optimise.engine_job import EngineJob
from ikbr.backtest.optimise.grid import Grid
from ikbr.backtest.optimise.store import Store
from ikbr.backtest.optimise.sweep import FastPath
from ikbr.backtest.optimise.trial import Trial
from ikbr.backtest.report.wording import duration
from ikbr.domain.errors import UsageError

MOST_RUNS = 1_000
"""Runs that start without being asked for explicitly."""

TIMED = 16
"""Runs of a fast path that are timed together."""


def check_size(
    grid: Grid, job: EngineJob, store: Store, workers: int, fast_path: FastPath | None = None
) -> None:
    """Refuse a large grid, telling how long it would take; the runs timed for that are kept.

    Args:
        grid: All combinations.
        job: What runs one.
        store: Open.
        workers: Runs made at the same time by the engine.
        fast_path: May take over.

    Raises:
        UsageError: When more than `MOST_RUNS` are left.
    """
    left = grid.count - len(store.outcomes)
    if left <= MOST_RUNS:
        return
    fresh = (
        Trial(number, grid.at(number))
        for number in range(grid.count)
        if number not in store.outcomes
    )
    each = _compiled(fresh, job, store, fast_path)
    where = "compiled"
    if each is None:
        each = _engine(fresh, job, store) / workers
        where = f"{workers} at a time"
    sizes = " × ".join(f"{len(one.values):,} {one.name}" for one in grid.dimensions)
    raise UsageError(
        f"the grid has {grid.count:,} runs ({sizes}), {left:,} of them still to be made, which "
        f"takes about {duration(left * each)} ({where}, by the first runs' time); add --yes to "
        f"make them all, take coarser steps, or let a sampler choose (--sampler tpe --trials 200)."
    )


def _engine(fresh: Iterator[Trial], job: EngineJob, store: Store) -> float:
    """Time a run; the first one also loads compiled code, the second one is like the rest."""
    seconds = 0.0
    for trial in islice(fresh, 2):
        outcome = job(trial)
        store.add(outcome)
        seconds = outcome.seconds
    return seconds


def _compiled(
    fresh: Iterator[Trial], job: EngineJob, store: Store, fast_path: FastPath | None
) -> float | None:
    """Time a batch of the fast path, per run; None when it does not take over."""
    if fast_path is None:
        return None
    began = 0.0
    for size in (1, TIMED):
        batch = list(islice(fresh, size))
        began = time.perf_counter()
        found = fast_path(job, batch)
        if isinstance(found, str):
            return None
        for outcome in found:
            store.add(outcome)
    return (time.perf_counter() - began) / TIMED
