"""`ikbr lookahead`: find out whether a strategy knows the future, and how long it warms up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ikbr.cli.run_options import request_of, with_run_options

if TYPE_CHECKING:
    from ikbr.backtest.validation.lookahead import Difference, Start, Verdict

Show = Callable[[int, int, str], None]

FOUND = 1
"""Exit code when something was found."""

_BLIND = (
    "WARNING: it decided the same where the data turned round. It follows the clock alone, or it",
    "knows prices from a place that could not be changed for it (a copy of the data, a program).",
)


@with_run_options()
def command(
    cuts: Annotated[
        int, typer.Option(metavar="N", help="At how many moments to change the future.")
    ] = 8,
    starts: Annotated[
        int, typer.Option(metavar="N", help="How many later starting points; 0 for none.")
    ] = 3,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="The verdict as JSON (- for stdout).")
    ] = None,
    progress: Annotated[
        bool | None, typer.Option(help="Show progress. [default: in a terminal]")
    ] = None,
    **run: Any,
) -> None:
    """Find out whether a strategy knows the future, and how long it warms up.

    It is run over all its data, and over data that ends or turns round at some moment: what it
    did before that moment must stay the same. Exit code 0: no look-ahead found; 1: found.
    """
    from ikbr.api.lookahead import lookahead
    from ikbr.api.outputs import STDOUT, Outputs
    from ikbr.cli.backtest import prints_aside

    to_stdout = json == STDOUT
    Outputs(json=None if to_stdout else json).check()
    request = request_of(run)
    with prints_aside(to_stdout), progress_of_runs(progress) as show:
        verdict = lookahead(request, cuts=cuts, starts=starts, tell=show)
    present(verdict, to_stdout)
    if json is not None:
        _write(verdict, json)
    if not verdict.is_clean:
        raise typer.Exit(FOUND)


@contextmanager
def progress_of_runs(wanted: bool | None) -> Iterator[Show | None]:
    """Show how many runs are done, on stderr.

    Args:
        wanted: Whether to show it; None for "when stderr is a terminal".

    Yields:
        What to tell how many are done, of how many, and what is run next.
    """
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("runs", total=None)

        def show(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield show


def present(verdict: Verdict, to_stdout: bool) -> None:
    """Print a verdict for people; with JSON on stdout, on stderr.

    Args:
        verdict: What was found.
        to_stdout: Whether stdout is for JSON alone.
    """
    stream = sys.stderr if to_stdout else sys.stdout
    for line in lines_of(verdict):
        print(line, file=stream)


def lines_of(verdict: Verdict) -> list[str]:
    """Say what was found.

    Args:
        verdict: It.

    Returns:
        Lines for people.
    """
    made_up = ", synthetic data" if verdict.synthetic else ""
    lines = [
        f"{verdict.strategy} on {', '.join(verdict.symbols)}: {verdict.decisions:,} decisions"
        f"{made_up}; {verdict.runs} runs, times in {verdict.zone}"
    ]
    if verdict.unrepeated is not None:
        return [*lines, "", *_unrepeated(verdict, verdict.unrepeated)]
    if verdict.first is not None:
        lines += ["", *_found(verdict, verdict.first)]
    else:
        cuts = f"At {len(verdict.cuts)} moments the data was cut off or turned round"
        lines += ["", f"No look-ahead found. {cuts}; nothing decided before changed."]
    if verdict.follows_data is False:
        lines += ["", *_BLIND]
    lines += ["", *_starts(verdict)] if verdict.starts else []
    return lines


def _unrepeated(verdict: Verdict, found: Difference) -> list[str]:
    return [
        "NOT REPEATABLE: the same run twice did not do the same, so nothing can be compared.",
        *_difference(found, verdict, "first run", "second run"),
        "  Seed what it draws at random, and let it read no clock but `now_ns`.",
    ]


def _found(verdict: Verdict, first: Difference) -> list[str]:
    tried = 2 * len(verdict.cuts)
    return [
        f"LOOK-AHEAD: what follows {_moment(first.cut_ns, verdict)} decides over what went before.",
        *_difference(first, verdict, "with all data", f"data {first.future}"),
        f"  seen in {len(verdict.differences)} of {tried} changed futures",
    ]


def _difference(found: Difference, verdict: Verdict, one: str, two: str) -> list[str]:
    return [
        f"  first difference at {_moment(found.ts_ns, verdict)}",
        f"  {one:<15} {found.full or 'nothing'}",
        f"  {two:<15} {found.other or 'nothing'}",
    ]


def _starts(verdict: Verdict) -> list[str]:
    lines = ["Started later, compared with the whole run:"]
    lines += [f"  from {_moment(start.start_ns, verdict)}: {_start(start, verdict)}"
              for start in verdict.starts]  # fmt: skip
    if verdict.depends_on_start:
        lines.append(
            "  What it decides depends on where it starts. That is no look-ahead, but a backtest "
            "says little about a bot that starts on another day, unless it is meant so."
        )
    return lines


def _start(start: Start, verdict: Verdict) -> str:
    shared = f"{start.shared:,} of {start.full:,} decisions shared"
    if start.agree_from_ns is None:
        return f"never comes to agree ({shared})"
    if start.agree_from_ns == start.start_ns:
        return f"agrees at once ({shared})"
    return (
        f"agrees from {_moment(start.agree_from_ns, verdict)}, after {start.rows or 0:,} rows "
        f"({shared})"
    )


def _moment(ts_ns: int, verdict: Verdict) -> str:
    from ikbr.backtest.report.wording import Words

    return Words(zone=verdict.zone).moment(ts_ns)


def _write(verdict: Verdict, target: Path) -> None:
    import json

    from ikbr.api.outputs import STDOUT
    from ikbr.backtest.as_json import plain
    from ikbr.data.atomic import Replacing

    told = plain(verdict) | {
        "clean": verdict.is_clean,
        "depends_on_start": verdict.depends_on_start,
    }
    text = json.dumps(told, indent=1, allow_nan=False)
    if target == STDOUT:
        print(text)
        return
    with Replacing(target) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
