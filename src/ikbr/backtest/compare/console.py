"""A comparison in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ikbr.backtest.compare.wording import cause_rows, difference_rows, side_rows, verdict

if TYPE_CHECKING:
    from rich.console import Console

    from ikbr.backtest.compare.comparison import Comparison
    from ikbr.backtest.report.wording import Words

SHOWN = 40
"""Most differences shown; JSON and page have them all."""


def show_comparison(comparison: Comparison, words: Words, console: Console) -> None:
    """Print what differs between a session and its replay.

    Args:
        comparison: What came out.
        words: Writes numbers and times.
        console: Where to.
    """
    good = "bold green" if comparison.same else "bold yellow"
    console.print(Text(verdict(comparison, words), good))
    for note in comparison.notes:
        console.print(Text(note), soft_wrap=True)
    console.print(_table(("", "orders", "fills", "profit"), side_rows(comparison, words)))
    causes = cause_rows(comparison, words)
    if not causes:
        return
    console.print(_table(("class", "count", "effect", "meaning"), causes))
    heads = ("time", "class", "strategy", "symbol", "session", "replay", "effect", "what differs")
    rows = difference_rows(comparison, words)
    console.print(_table(heads, rows[:SHOWN]))
    if len(rows) > SHOWN:
        console.print(f"… and {len(rows) - SHOWN:,} more; --json and --report have them all.")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    numbers = {"orders", "fills", "profit", "count", "effect"}
    for head in heads:
        table.add_column(head, justify="right" if head in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
