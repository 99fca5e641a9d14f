"""`ikbr backtest`: run strategies over market data and say what came of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ikbr.api.outputs import Outputs
    from ikbr.api.request import Request
    from ikbr.api.run import Plan
    from ikbr.backtest.result import BacktestResult

Text = str | None
Texts = list[str] | None


def command(
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE.py:Class|FILE.toml",
            help="What to run (repeatable, or a comma list); `ikbr strategies list` names them. "
            "[default: momentum]",
        ),
    ] = None,
    symbols: Annotated[str, typer.Option(metavar="A,B", help="What to run on.")] = "",
    days: Annotated[
        int | None, typer.Option(metavar="N", help="The last N sessions. [default: all]")
    ] = None,
    start: Annotated[Text, typer.Option(metavar="YYYY-MM-DD", help="First day.")] = None,
    end: Annotated[Text, typer.Option(metavar="YYYY-MM-DD", help="Last day.")] = None,
    resolution: Annotated[
        Text, typer.Option(metavar="tick|second|minute|daily", help="[default: tick]")
    ] = None,
    feed: Annotated[str, typer.Option(metavar="both|trades|quotes")] = "both",
    session: Annotated[str, typer.Option(metavar="regular|all", help="Hours.")] = "regular",
    capital: Annotated[float, typer.Option(metavar="DOLLARS", help="Opening cash.")] = 100_000.0,
    quantity: Annotated[
        int | None, typer.Option(metavar="N", help="Fixed size of entries. [default: by risk]")
    ] = None,
    param: Annotated[
        Texts, typer.Option(metavar="K=V", help="A strategy's parameter (repeatable).")
    ] = None,
    fees: Annotated[Text, typer.Option(metavar="none|ibkr-fixed|ibkr-tiered")] = None,
    fees_as_of: Annotated[
        Text, typer.Option(metavar="YYYY-MM-DD", help="Fees of this day, whatever the data's.")
    ] = None,
    latency_ms: Annotated[
        float | None, typer.Option(metavar="X", help="From our send to the exchange.")
    ] = None,
    fill: Annotated[
        Text, typer.Option(metavar="quote|next|last", help="What market orders trade against.")
    ] = None,
    fx: Annotated[
        Texts, typer.Option(metavar="EUR=1.1", help="Rate of a currency in dollars (repeatable).")
    ] = None,
    profile: Annotated[str, typer.Option(metavar="backtest|paper|live")] = "backtest",
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings. [default: config/settings.toml]")
    ] = None,
    set_: Annotated[
        Texts,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Any setting, as risk.max_position_pct=0.2."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Catalog. [default: catalog/, else synthetic data]"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Which built-in synthetic market.")
    ] = None,
    shape: Annotated[
        str,
        typer.Option(
            metavar="auto|kernel|python|reference",
            help="The replay: compiled kernels, a fast loop, or every row checked. "
            "[default: the fastest that fits]",
            show_default=False,
        ),
    ] = "auto",
    compile: Annotated[  # noqa: A002 - named as the option
        bool, typer.Option("--compile/--no-compile", help="Whether kernels are compiled.")
    ] = True,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="The result as JSON (- for stdout).")
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="HTML report.")] = None,
    journal: Annotated[Path | None, typer.Option(metavar="FILE", help="A new journal.")] = None,
    progress: Annotated[
        bool | None, typer.Option(help="Show progress. [default: in a terminal]")
    ] = None,
) -> None:
    """Run strategies over market data and say what came of it.

    Options win over --set, --set over the settings file, the file over the profile.
    """
    options = dict(locals())
    from ikbr.api.outputs import STDOUT, Outputs
    from ikbr.cli.run_options import request_of

    request = request_of(options)
    to_stdout = json == STDOUT
    outputs = Outputs(json=None if to_stdout else json, report=report, journal=journal)
    with prints_aside(to_stdout):
        result = run_request(request, outputs, progress)
    present(result, report, to_stdout)


def run_request(request: Request, outputs: Outputs, progress: bool | None) -> BacktestResult:
    """Check, read, run and write.

    Args:
        request: What to run.
        outputs: Files to write.
        progress: Whether to show it; None for "in a terminal".

    Returns:
        What happened.
    """
    from contextlib import ExitStack

    from ikbr.api.run import prepare

    request.check()
    outputs.check()
    with ExitStack() as stack:
        return run_plan(prepare(request, stack), outputs, progress)


@contextmanager
def prints_aside(aside: bool) -> Iterator[None]:
    """Send what a strategy prints to stderr while stdout is for JSON alone.

    What other processes print, and what is written to the descriptor, goes there too.

    Args:
        aside: Whether it is.
    """
    if not aside:
        yield
        return
    sys.stdout.flush()
    try:
        kept = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # one of them is closed: there is nothing to keep apart
        kept = -1
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if kept >= 0:
            os.dup2(kept, 1)
            os.close(kept)


def run_plan(plan: Plan, outputs: Outputs, progress: bool | None) -> BacktestResult:
    """Run what is prepared."""
    import gc

    import ikbr.backtest.segments  # noqa: F401 - loaded before the freeze
    from ikbr.api.run import execute
    from ikbr.cli.progress import progress_of

    # Numba and polars leave a million objects that live as long as the process. Every full
    # collection during the replay would walk them all.
    gc.collect()
    gc.freeze()
    with progress_of(plan.source, progress) as show:
        return execute(plan, outputs, show)


def present(result: BacktestResult, report: Path | None, to_stdout: bool) -> None:
    """Print the result for people; with JSON on stdout, on stderr.

    Args:
        result: What happened.
        report: The report that was written, if any.
        to_stdout: Whether stdout is for JSON alone.
    """
    from rich.console import Console

    from ikbr.api.outputs import json_text
    from ikbr.backtest.console import show_result

    console = Console(stderr=to_stdout, highlight=False)
    show_result(result, console, report)
    console.print(f"fill_hash {result.fill_hash}", soft_wrap=True, markup=False)
    if to_stdout:
        print(json_text(result))
