"""`ikbr replay`: run a recorded session through the backtester and show what differs."""

from __future__ import annotations

import datetime as dt
import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ikbr.domain.errors import UsageError

if TYPE_CHECKING:
    from ikbr.backtest.compare.comparison import Comparison

WIDE = 160
"""Characters in a line where no terminal says how many there are."""
DIFFERENT = 1
"""Exit code when something differs."""


def command(
    session: Annotated[
        Path, typer.Argument(metavar="SESSION", help="Folder of a session, such as sessions/….")
    ],
    journal: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Its journal. [default: the one that it names]"),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="The comparison as JSON (- for stdout).")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The comparison as an HTML page.")
    ] = None,
    latency_ms: Annotated[
        float | None, typer.Option(help="From us to the exchange. [default: by the session]")
    ] = None,
    response_latency_ms: Annotated[
        float | None, typer.Option(help="From the exchange to us. [default: by the session]")
    ] = None,
    fees: Annotated[
        str | None, typer.Option(help="none, ibkr-fixed or ibkr-tiered. [default: by the session]")
    ] = None,
    fees_as_of: Annotated[
        str | None, typer.Option(metavar="DAY", help="Take the fees of this day.")
    ] = None,
    fill: Annotated[
        str | None, typer.Option(help="quote, next or last. [default: by the session]")
    ] = None,
    tolerance_ms: Annotated[float, typer.Option(help="Moments this far apart count as one.")] = 1.0,
) -> None:
    """Run a recorded session through the backtester and show what differs.

    The same strategies run over the ticks that the session saw, with the same settings. Every
    difference in orders and fills is paired, classified and given its money. Exit code 0: none;
    1: some.
    """
    from rich.console import Console

    from ikbr.api.outputs import STDOUT, Outputs
    from ikbr.api.replay import ReplayRequest, replay_session
    from ikbr.backtest.compare.console import show_comparison
    from ikbr.backtest.compare.page import write_comparison
    from ikbr.backtest.report.wording import words_for
    from ikbr.cli.backtest import prints_aside

    to_stdout = json == STDOUT
    Outputs(json=None if to_stdout else json, report=report).check()
    market = {
        "latency_ms": latency_ms, "response_latency_ms": response_latency_ms, "fees": fees,
        "fees_as_of": _day(fees_as_of), "fill": fill,
    }  # fmt: skip
    request = ReplayRequest(
        session=session, journal=journal, market=market, tolerance_ms=tolerance_ms
    )
    with prints_aside(to_stdout):
        found, result = replay_session(request)
    words = words_for(result.instruments, result.settings)
    console = Console(stderr=to_stdout, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    show_comparison(found, words, console)
    if report is not None:
        write_comparison(found, session.name or str(session), words, report)
    if json is not None:
        _write(found, json, to_stdout)
    if not found.same:
        raise typer.Exit(DIFFERENT)


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"fees_as_of {text!r} is no day; write one as 2026-03-02.") from None


def _write(found: Comparison, path: Path, to_stdout: bool) -> None:
    from ikbr.data.atomic import Replacing

    text = json_module.dumps(found.to_json(), indent=1, allow_nan=False)
    if to_stdout:
        print(text)
        return
    with Replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
