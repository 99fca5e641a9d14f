"""A grid that is larger than was probably meant: how many runs, how long."""

from __future__ import annotations

from ikbr.backtest.optimise.engine_job import EngineJob
from ikbr.backtest.optimise.grid import Grid
from ikbr.backtest.optimise.store import Store
from ikbr.backtest.optimise.trial import Trial
from ikbr.backtest.report.wording import duration
from ikbr.domain.errors import UsageError

MOST_RUNS = 1_000
"""Runs that start without being asked for explicitly."""


def check_size(grid: Grid, job: EngineJob, store: Store, jobs: int | None) -> None:
    """Refuse a large grid, telling how long it would take; the runs timed for that are kept.

    Args:
        grid: All combinations.
        job: What runs one.
        store: Open.
        jobs: Processes; None for one per processor.

    Raises:
        UsageError: When more than `MOST_RUNS` are left.
    """
    left = grid.count - len(store.outcomes)
    if left <= MOST_RUNS:
        return
    fresh = (number for number in range(grid.count) if number not in store.outcomes)
    seconds = 0.0
    # The first run also loads compiled code; the second one is like the rest.
    for _ in range(2):
        number = next(fresh)
        outcome = job(Trial(number, grid.at(number)))
        store.add(outcome)
        seconds = outcome.seconds
    from ikbr.backtest.optimise.executors.local import usual_jobs

    workers = jobs or usual_jobs()
    sizes = " × ".join(f"{len(one.values):,} {one.name}" for one in grid.dimensions)
    raise UsageError(
        f"the grid has {grid.count:,} runs ({sizes}), {left:,} of them to be made: at "
        f"{duration(seconds)} each in {workers} process{'es' if workers > 1 else ''} that takes "
        f"about {duration(left * seconds / workers)}; add --yes to run them all, take coarser "
        f"steps, or let a sampler choose (--sampler tpe --trials 200)."
    )
