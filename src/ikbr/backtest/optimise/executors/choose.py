"""Choosing the executor of a sweep."""

from __future__ import annotations

from ikbr.backtest.optimise.engine_job import Job
from ikbr.backtest.optimise.executors.executor import Executor


def choose_executor(
    job: Job, name: str = "local", address: str | None = None, jobs: int | None = None
) -> Executor:
    """Make an executor.

    Args:
        job: What runs a trial.
        name: local, dask or ray.
        address: Of the cluster.
        jobs: Local processes; None for one per processor; 1 for this very process.

    Raises:
        UsageError: When the cluster's library is not installed.
        SweepError: When the cluster cannot be reached.
    """
    if name == "dask":
        from ikbr.backtest.optimise.executors.dask_cluster import DaskExecutor

        return DaskExecutor(job, address or "")
    if name == "ray":
        from ikbr.backtest.optimise.executors.ray_cluster import RayExecutor

        return RayExecutor(job, address or "auto")
    from ikbr.backtest.optimise.executors.local import LocalExecutor, usual_jobs

    count = jobs or usual_jobs()
    if count == 1:
        from ikbr.backtest.optimise.executors.inline import InlineExecutor

        return InlineExecutor(job)
    return LocalExecutor(job, count)
