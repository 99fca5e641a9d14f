"""A sweep in the terminal: the best runs, what failed, where the results are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ikbr.backtest.explain.facts import count
from ikbr.backtest.optimise.show import figure, parameter
from ikbr.backtest.optimise.trial import Outcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ikbr.backtest.optimise.swept import Swept

SHOWN = 10
"""Runs shown; the results have them all."""

COLUMNS = {"net_pnl": "net_pnl", "sharpe": "sharpe", "max_drawdown": "drawdown",
           "fill_count": "fills"}  # fmt: skip
"""Figures shown beside the objective, with short headings."""


def show_swept(swept: Swept, console: Console, report: Any = None) -> None:
    """Print what came of a sweep.

    Args:
        swept: The sweep.
        console: Where to.
        report: Path of the report, if one was asked for.
    """
    from rich.text import Text

    first, last = swept.dates
    days = f"{first}" if first == last else f"{first} to {last}"
    title = Text(swept.strategy, style="bold")
    title.append(
        f" on {', '.join(swept.symbols[:8])}, {days}, {swept.resolution} data", style="not bold"
    )
    if swept.synthetic:
        title.append("  SYNTHETIC DATA", style="bold yellow")
    console.print(title)
    console.print(Text(how_it_ran(swept)))
    console.print()
    if swept.best is not None:
        console.print(_table(swept))
        console.print(Text(f"Best {swept.objective.name}: {assigned(swept.best)}", style="bold"))
    if swept.failed:
        some = swept.failed[0]
        console.print(
            Text(
                f"{count(len(swept.failed), 'run')} failed, as number {some.number} "
                f"({assigned(some)}): {some.error}",
                style="yellow",
            )
        )
    console.print(Text(f"Results: {swept.folder}"), soft_wrap=True)
    if report is not None:
        console.print(Text(f"Report: {report}", style="bold"), soft_wrap=True)


def how_it_ran(swept: Swept) -> str:
    """Say in a line how many runs there are and what ran them."""
    parts = [f"{count(len(swept.outcomes), 'run')} ({swept.sampler})"]
    if swept.resumed:
        parts.append(f"{swept.resumed:,} kept from before")
    if swept.made:
        parts.append(f"{swept.made:,} made in {swept.seconds:.1f} s by: {swept.where}")
    elif swept.paths:
        parts.append(f"made earlier by: {', '.join(swept.paths)}")
    if swept.why_engine:
        parts.append(f"no compiled grid: {swept.why_engine}")
    return "; ".join(parts)


def assigned(outcome: Outcome) -> str:
    """Write a run's parameters as people give them."""
    return " ".join(f"{name}={parameter(value)}" for name, value in outcome.parameters.items())


def _table(swept: Swept) -> Table:
    from rich.table import Table

    names = list(dict.fromkeys((swept.objective.name, *COLUMNS)))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in (*swept.grid.names, *names):
        table.add_column(COLUMNS.get(name, name), justify="right", no_wrap=True)
    for one in swept.ranked[:SHOWN]:
        cells = [parameter(one.parameters.get(name)) for name in swept.grid.names]
        table.add_row(*cells, *(figure(name, one.figure(name)) for name in names))
    return table
