"""What `ikbr paper` and `ikbr live` have in common: their options, and one session from them."""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ikbr.domain.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from ikbr.api.trade import Prepared, TradeRequest
    from ikbr.backtest.result import BacktestResult
    from ikbr.live.ending import End
    from ikbr.live.status import Status

BACKTEST_ONLY = (
    "days", "start", "end", "resolution", "feed", "capital", "fees", "fees_as_of", "latency_ms",
    "fill", "fx", "profile", "data", "seed", "shape", "compile",
)  # fmt: skip
"""Options of `ikbr backtest` about a market that is not there to be chosen."""

TOLD_EVERY_S = 5.0
"""Status lines come every minute of the session's time, but not faster than this."""

Port = Annotated[int | None, typer.Option(help="Of the gateway. [default: by the settings]")]


def options(
    host: Annotated[
        str | None, typer.Option(help="Of the gateway. [default: by the settings]")
    ] = None,
    port: Port = None,
    client_id: Annotated[
        int | None, typer.Option(help="Always the same for one bot. [default: by the settings]")
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Send nothing; tell what would have become of it.")
    ] = False,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Close what the strategies hold at the end.")
    ] = False,
    until: Annotated[
        str, typer.Option(metavar="close|HH:MM", help="When to end. [default: at Ctrl-C]")
    ] = "",
    supervise: Annotated[
        bool, typer.Option("--supervise", help="Start it again when it crashes or hangs.")
    ] = False,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="Serve metrics and health there; 0 off. [default: by the settings]",
        ),
    ] = None,
    view: Annotated[
        bool | None, typer.Option(help="Show the session live. [default: in a terminal]")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="HTML report. [default: in the session's folder]"),
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE|-", help="The result as JSON (- for stdout)."),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Log. [default: in the session's folder]"),
    ] = None,
) -> None:
    """Name the options of a session; never called."""


def request_from(mode: str, given: dict[str, Any]) -> TradeRequest:
    """Make the request that the options of a session mean.

    Args:
        mode: "paper" or "live".
        given: Options by name.

    Raises:
        UsageError: When a value cannot be read.
    """
    from ikbr.api.trade import TradeRequest
    from ikbr.cli.run_options import request_of

    own = {
        name: given.pop(name)
        for name in (
            "host", "port", "client_id", "shadow", "flatten", "until", "confirm_live", "report",
            "json", "log", "metrics_port",
        )
        if name in given
    }  # fmt: skip
    return TradeRequest(mode=mode, run=request_of(given | {"profile": mode}), **own)


def trade(mode: str, given: dict[str, Any]) -> None:
    """Run a session from the command line.

    Args:
        mode: "paper" or "live".
        given: Options by name.
    """
    import asyncio
    import dataclasses

    from rich.console import Console

    from ikbr.api.outputs import STDOUT, json_text
    from ikbr.api.trade import prepare_session
    from ikbr.cli.backtest import prints_aside

    if given.pop("supervise", False):
        raise typer.Exit(supervise(mode, given))
    view = given.pop("view", None)
    request = request_from(mode, given)
    to_stdout = request.json == STDOUT
    if to_stdout:
        request = dataclasses.replace(request, json=None)
    prepared = prepare_session(request, dt.datetime.now(dt.UTC))
    console = Console(stderr=to_stdout, highlight=False)
    shown = console.is_terminal if view is None else view
    with prints_aside(to_stdout):
        end, result = asyncio.run(run_shown(prepared, request.confirm_live, console, shown))
    present(end, result, prepared, console)
    if to_stdout and result is not None:
        print(json_text(result))
    if not end.orderly:
        raise typer.Exit(1)


def supervise(mode: str, given: dict[str, Any]) -> int:
    """Run the same command in a process of its own, and again when that crashes or hangs.

    Args:
        mode: "paper" or "live".
        given: Options by name.

    Returns:
        The exit code.

    Raises:
        UsageError: When something is wrong with the options; nothing was started.
    """
    import asyncio
    import random

    from ikbr.api.session_alerts import SUPERVISED, a_courier, alerts_setup
    from ikbr.api.trade import plan_session
    from ikbr.live.supervisor import Supervisor, ikbr_command

    given.pop("view", None)
    request = request_from(mode, given)
    plan, meant, settings = plan_session(request)
    if meant.real_money and not (request.shadow or request.confirm_live):
        raise UsageError(
            "--supervise: nobody can be asked when it starts again; use --confirm-live ACCOUNT."
        )
    words = [word for word in sys.argv[1:] if word != "--supervise"]

    def say(text: str) -> None:
        print(f"ikbr: supervisor: {text}", file=sys.stderr, flush=True)

    setup = alerts_setup(settings, plan.kind, plan.connection.client_id)
    with a_courier(setup) as alert:
        supervisor = Supervisor(
            ikbr_command(words),
            say=say,
            draw=random.random,
            environment={**os.environ, SUPERVISED: "1"},
            alert=alert,
        )
        return asyncio.run(supervisor.run())


async def run_shown(
    prepared: Prepared, confirm_live: str, console: Console, shown: bool
) -> tuple[End, BacktestResult | None]:
    """Run a session and show it meanwhile.

    Args:
        prepared: What is to be done.
        confirm_live: The account with real money that may be traded; "" asks.
        console: Where to show it.
        shown: Whether with the live view; else in lines.

    Returns:
        How it ended, and what came of it.
    """
    from ikbr.api.trade import Session
    from ikbr.cli.live_view import live_view

    plan = prepared.plan
    session = Session(prepared, confirm_live, _ask)
    title = f"ikbr {'shadow' if plan.shadow else plan.mode}, port {plan.connection.port}"
    console.print(f"{title}: log in {prepared.log}", markup=False, soft_wrap=True)
    if not shown:
        session.runner.on_status = _Lines(console).tell
    runner = session.runner
    told = (
        live_view(console, title, runner.status, lambda: runner.connection.why)
        if shown
        else _warnings(console)
    )
    with told:
        return await session.run()


class _Lines:
    """Print status lines, but not too many."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._latest = 0.0

    def tell(self, status: Status) -> None:
        now = time.monotonic()
        if now - self._latest >= TOLD_EVERY_S:
            self._latest = now
            self._console.print(status.line(), markup=False, soft_wrap=True)


@contextmanager
def _warnings(console: Console) -> Iterator[None]:
    """Print what needs a person's eyes while the block runs."""
    handler = logging.StreamHandler(console.file)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("ikbr: %(message)s"))
    logger = logging.getLogger("ikbr")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _ask(_account: str) -> str:
    """Ask a person for the account that is to be traded."""
    if not sys.stdin.isatty():
        raise UsageError("real money must be confirmed; use --confirm-live ACCOUNT.")
    return input("Real money. Type the number of the account to trade in it: ")


def present(end: End, result: BacktestResult | None, prepared: Prepared, console: Console) -> None:
    """Say what came of a session, and what is left at the broker.

    Args:
        end: How it ended.
        result: What came of it.
        prepared: Where its files are.
        console: Where to say it.
    """
    from ikbr.backtest.console import show_result

    if result is not None:
        show_result(result, console, prepared.outputs.report)
        console.print(f"fill_hash {result.fill_hash}", soft_wrap=True, markup=False)
    for line in end.lines():
        console.print(line, markup=False, soft_wrap=True)
