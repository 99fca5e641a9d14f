"""The result of a backtest in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ikbr.backtest.report.header import tiles
from ikbr.backtest.report.wording import Words, words_for

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ikbr.backtest.explain import Finding
    from ikbr.backtest.result import BacktestResult

SHOWN_FINDINGS = 8
"""Most findings shown; the report has them all."""

_STYLES = {"gain": "green", "loss": "red", "": "bold"}
_SEVERITIES = {"PROBLEM": "bold red", "WARNING": "yellow", "NOTE": "cyan"}


def show_result(
    result: BacktestResult, console: Console | None = None, report: Path | str | None = None
) -> None:
    """Print what came of a run: headline numbers, findings, refusals, where the report is.

    Args:
        result: What a backtest gave.
        console: Where to; a plain file or pipe gets plain text.
        report: Path of the report, if one was written.
    """
    from rich.console import Console

    out = console or Console(highlight=False)
    words = words_for(result.instruments, result.settings)
    out.print(_title(result, words))
    out.print()
    out.print(_numbers(result, words))
    if result.findings:
        out.print()
        out.print(_findings(result.findings))
    out.print()
    out.print(_refusals(result.refused))
    if report is not None:
        # On a line of its own and never folded: a path is there to be clicked or copied.
        out.print(_text(f"Report: {report}", "bold"), soft_wrap=True)


def _title(result: BacktestResult, words: Words) -> Text:
    first, last = words.day(result.start_ns), words.day(result.end_ns)
    days = first if first == last else f"{first} to {last}"
    title = _text(result.strategy, "bold")
    title.append_text(_text(f" on {_listed(result.symbols)}, {days}, {result.resolution} data"))
    if result.synthetic:
        title.append_text(_text("  SYNTHETIC DATA", "bold yellow"))
    return title


def _listed(symbols: list[str], most: int = 8) -> str:
    shown = ", ".join(symbols[:most])
    return shown if len(symbols) <= most else f"{shown} and {len(symbols) - most} more"


def _numbers(result: BacktestResult, words: Words) -> Table:
    from rich.table import Table

    from ikbr.backtest.result import ENGINE

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    for tile in tiles(result, words):
        table.add_row(_text(tile.name), _text(tile.value, _STYLES[tile.tone]), _text(tile.note))
    speed = f"{result.events_per_second:,.0f} a second, " if result.engine_seconds > 0 else ""
    speed += f"{result.shape} replay"
    if result.path != ENGINE:
        speed += f", {result.path}"
    table.add_row(_text("Events"), _text(f"{result.events:,}", _STYLES[""]), _text(speed))
    return table


def _findings(findings: Sequence[Finding]) -> Table:
    from rich.table import Table

    ranked = sorted(findings, key=lambda finding: -finding.severity)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in ranked[:SHOWN_FINDINGS]:
        name = finding.severity.name
        said = _text(finding.text)
        if finding.advice:
            said.append_text(_text(f" {finding.advice}", "dim"))
        table.add_row(_text(name.capitalize(), _SEVERITIES[name]), said)
    if len(ranked) > SHOWN_FINDINGS:
        table.add_row("", _text(f"and {len(ranked) - SHOWN_FINDINGS} more in the report", "dim"))
    return table


def _refusals(refused: Mapping[str, int]) -> Text:
    if not refused:
        return _text("No order was refused.")
    ranked = sorted(refused.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{rule} {times:,}×" for rule, times in ranked)
    return _text(f"Refused: {named}")


def _text(text: str, style: str = "") -> Text:
    """Take text as it is: no markup is read in it and no control character gets through."""
    from rich.text import Text

    return Text("".join(char if char.isprintable() else " " for char in text), style=style)
