"""Progress of a sweep on stderr: runs, time left, best so far."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ikbr.backtest.optimise.sweep import Standing, Tell


@contextmanager
def sweep_progress(total: int, objective: str, wanted: bool | None) -> Iterator[Tell | None]:
    """Show how far a sweep is.

    Args:
        total: Number of runs.
        objective: As the person named it.
        wanted: Whether to show it; None for "when stderr is a terminal".

    Yields:
        What to tell after every run.
    """
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("runs"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[best]}"),
    )
    name = objective.rpartition(":")[2]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("runs", total=total, left="", best="")

        def show(standing: Standing) -> None:
            bar.update(
                task,
                completed=standing.done,
                left=left_of(standing),
                best=best_of(standing, name),
            )

        yield show


def left_of(standing: Standing) -> str:
    """Say how long it still takes."""
    from ikbr.backtest.report.wording import duration

    if standing.seconds_left is None or standing.done == standing.total:
        return ""
    failed = f", {standing.failed:,} failed" if standing.failed else ""
    return f"{duration(standing.seconds_left)} left{failed}"


def best_of(standing: Standing, name: str) -> str:
    """Say what is best so far."""
    from ikbr.backtest.optimise.console import assigned
    from ikbr.backtest.optimise.show import figure

    if standing.best is None:
        return f"no {name} yet"
    return f"best {name} {figure(name, standing.best.figure(name))} ({assigned(standing.best)})"
