"""`ikbr demo`: a backtest that comes out the same everywhere, and a morning on paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ikbr.api.run import Plan

SYMBOLS = ("SPY", "AAPL", "KO", "PEP")
PARAMETERS = {"lookback": 300, "threshold": 0.002}
"""Chosen so that something is to be seen; they are no advice."""
CAPITAL = 250_000.0
LATENCY_MS = 75.0
REPORT = Path("reports/demo.html")


def command(
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"HTML report. [default: {REPORT}]")
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper/--no-paper", help="Show trading on paper, too.")
    ] = True,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="The result as JSON (- for stdout).")
    ] = None,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the report in a browser.")
    ] = False,
) -> None:
    """Show a backtest and a morning of trading on paper, each with a report.

    All market data is built in and synthetic. Settings files and the environment do not change the
    backtest: its fill_hash is always the same. Trading on paper goes over TCP to a simulated
    gateway in a process of its own.
    """
    from ikbr.api.outputs import STDOUT, Outputs
    from ikbr.cli.backtest import present, run_plan

    target = report or REPORT
    if report is None:
        target.parent.mkdir(exist_ok=True)
    to_stdout = json == STDOUT
    outputs = Outputs(json=None if to_stdout else json, report=target)
    outputs.check()
    result = run_plan(demo_plan(), outputs, None)
    present(result, target.resolve(), to_stdout)
    reports = [target.resolve()]
    if paper:
        from ikbr.cli.demo_paper import trade_a_morning

        reports.append(trade_a_morning(target.parent, aside=to_stdout))
    if open_:
        for one in reports:
            typer.launch(one.as_uri())


def demo_plan() -> Plan:
    """Prepare the demo from nothing but what stands in this file."""
    from ikbr.api.embedded import SEED, embedded_catalog
    from ikbr.api.run import Plan, say
    from ikbr.backtest.stage import Instance, Setup
    from ikbr.data.catalog import Catalog
    from ikbr.data.tape_source import CatalogSource, select_days
    from ikbr.domain.execution import ExecutionModel
    from ikbr.domain.limits import PROFILES
    from ikbr.strategies.registry import create

    catalog = Catalog(embedded_catalog(SEED, say))
    source = CatalogSource(catalog, SYMBOLS, select_days(catalog, SYMBOLS))
    setup = Setup(
        capital=CAPITAL,
        limits=PROFILES["backtest"],
        model=ExecutionModel(fill="quote", latency_ms=LATENCY_MS, fees="ibkr-fixed"),
    )
    strategy = create("momentum", PARAMETERS)
    record = {"profile": "backtest", "data": f"embedded synthetic, seed {SEED}"}
    return Plan(source, [Instance(strategy, "momentum", SYMBOLS)], setup, "both", record)
