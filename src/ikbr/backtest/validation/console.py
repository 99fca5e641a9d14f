"""A walk-forward in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ikbr.backtest.explain.facts import count
from ikbr.backtest.optimise.show import figure, parameter
from ikbr.backtest.report.wording import Words, number, percent
from ikbr.backtest.validation.findings import findings_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ikbr.backtest.validation.walked import Walked, WindowResult

SHOWN = 20
"""Windows shown; the files have them all."""


def show_walked(walked: Walked, console: Console, report: Any = None) -> None:
    """Print what came of a walk-forward.

    Args:
        walked: It.
        console: Where to.
        report: Path of the report.
    """
    from rich.text import Text

    stitched = walked.stitched
    title = Text(walked.strategy, style="bold")
    title.append(f" on {', '.join(walked.symbols[:8])}, walk-forward: ", style="not bold")
    title.append(how_it_walked(walked), style="not bold")
    if walked.synthetic:
        title.append("  SYNTHETIC DATA", style="bold yellow")
    console.print(title)
    console.print(Text(how_it_ran(walked)))
    console.print()
    console.print(_table(walked))
    console.print()
    console.print(
        Text(
            f"Out of sample, {count(len(stitched.days), 'session')}: "
            f"{percent(stitched.total_return, signed=True)}, Sharpe {number(stitched.sharpe)}, "
            f"max drawdown {percent(stitched.max_drawdown)}, efficiency "
            f"{number(stitched.efficiency)}, {percent(stitched.profitable, 0)} of the windows "
            f"profitable",
            style="bold",
        )
    )
    for finding in findings_of(walked):
        console.print(Text(f"{finding.severity.name.capitalize()}: {finding.text}"))
    console.print(Text(f"Results: {walked.folder}"), soft_wrap=True)
    if report is not None:
        console.print(Text(f"Report: {report}", style="bold"), soft_wrap=True)


def how_it_walked(walked: Walked) -> str:
    """Say in a few words how the sessions were split."""
    gap = f", {walked.purge} purged" if walked.purge else ""
    return (
        f"{walked.scheme}, {walked.in_sample} + {walked.out_of_sample} sessions{gap}, "
        f"{count(len(walked.windows), 'window')}"
    )


def how_it_ran(walked: Walked) -> str:
    """Say in a line how many runs there are and what ran them."""
    parts = [f"{count(len(walked.outcomes), 'run')} ({walked.sampler})"]
    if walked.resumed:
        parts.append(f"{walked.resumed:,} kept from before")
    if walked.made:
        parts.append(f"{walked.made:,} made in {walked.seconds:.1f} s by: {walked.where}")
    if walked.made and walked.why_engine:
        parts.append(f"no compiled grid: {walked.why_engine}")
    return "; ".join(parts)


def _table(walked: Walked) -> Table:
    from rich.table import Table

    name = walked.objective.name
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    heads = ("judged from", *walked.grid.names, f"{name} in", f"{name} out", "P&L in", "P&L out")
    for head in heads:
        table.add_column(head, justify="left" if head == heads[0] else "right", no_wrap=True)
    for one in walked.windows[:SHOWN]:
        table.add_row(*_row(walked, one))
    if len(walked.windows) > SHOWN:
        table.add_row(f"… {len(walked.windows) - SHOWN} more in the report")
    return table


def _row(walked: Walked, one: WindowResult) -> list[str]:
    name, words = walked.objective.name, Words(str(walked.settings.get("base", "USD")))
    chosen = one.parameters or {}
    return [
        f"{one.test.first}",
        *(parameter(chosen[key]) if key in chosen else "–" for key in walked.grid.names),
        figure(name, one.in_sample, words),
        figure(name, one.out_of_sample, words),
        words.money(one.train_pnl, signed=True),
        words.money(one.test_pnl, signed=True),
    ]
