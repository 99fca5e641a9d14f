"""Running somebody's ib_async script over market data, and evaluating what its account did."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ikbr.api.market_data import choose_source, find_data
from ikbr.api.request import Request, canonical
from ikbr.api.run import check_fees, history_of, model_of, say, setting_texts
from ikbr.backtest.account_run import AccountRun, Played
from ikbr.backtest.checks import check_fill_rule
from ikbr.backtest.engine import Progress
from ikbr.backtest.result import BacktestResult
from ikbr.broker.faults import Fault
from ikbr.broker.program import Ending, Outcome, run_program
from ikbr.broker.sim_client import Cable
from ikbr.broker.virtual_time import Driver
from ikbr.domain.errors import UsageError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO
from ikbr.domain.tape import TapeSource
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.order_record import OrderRecord
from ikbr.gateway.session import Session
from ikbr.gateway.world import World
from ikbr.settings import load_settings

ACCOUNT = "DU1000001"
NO_LIMIT = 0


@dataclass(frozen=True, slots=True)
class ScriptPlan:
    """Hold a script that is ready to run.

    Attributes:
        path: The script.
        arguments: What it is given.
        source: The market data.
        world: The gateway that it will meet.
        model: How the market treats orders.
        settings: What shapes the run, for the result.
        feed: Name of the feed.
    """

    path: Path
    arguments: Sequence[str]
    source: TapeSource
    world: World
    model: ExecutionModel
    settings: dict[str, object]
    feed: str


def prepare_script(
    request: Request,
    path: Path,
    arguments: Sequence[str],
    stack: ExitStack,
    tell: Callable[[str], None] = say,
) -> ScriptPlan:
    """Read and check everything that a script's run needs.

    Args:
        request: Over what; its strategy, parameters and sizes mean nothing here.
        path: The script.
        arguments: What it is to find in `sys.argv`.
        stack: Cleans up when the run is over.
        tell: Told what was chosen where nothing was said.

    Returns:
        The run, ready.

    Raises:
        IkbrError: When something is not there or makes no sense.
    """
    request.check()
    _check_script(path)
    _check_settings(request)
    settings = load_settings(request.profile, setting_texts(request.settings), request.config)
    holding = find_data(request, settings.data.dir, stack, tell)
    symbols = canonical(request.symbols) or holding.symbols
    source = choose_source(request, holding, symbols)
    model, feed = model_of(request, settings.sim), holding.feed or request.feed
    check_fill_rule(feed, model)
    check_fees(model, source)
    fx = {currency.upper(): float(rate) for currency, rate in request.fx.items()}
    options = GatewayOptions(
        accounts={ACCOUNT: float(request.capital)},
        model=model,
        fx=fx,
        request_rate=NO_LIMIT,
        nightly=False,
    )
    world = World(source, options, history=history_of(request, holding))
    record: dict[str, object] = {
        "script": str(path),
        "arguments": list(arguments),
        "account": ACCOUNT,
        "capital_micro": round(request.capital * MICRO),
        "base": options.base,
        "fx": fx,
        "sim": msgspec.to_builtins(model),
        "profile": settings.profile,
        "data": holding.label,
        "resolution": source.resolution,
        "feed": feed,
        "session": request.session,
    }
    return ScriptPlan(path, arguments, source, world, model, record, feed)


def execute_script(
    plan: ScriptPlan,
    progress: Progress | None = None,
    tell: Callable[[Fault], None] = lambda _fault: None,
    on_hopeless: Callable[[BacktestResult], None] = lambda _result: None,
) -> tuple[BacktestResult, Outcome]:
    """Run a script until it ends, or the tape does.

    Args:
        plan: What `prepare_script` gave.
        progress: Told how far the market is, every minute of it.
        tell: Told errors in the script's handlers when they come.
        on_hopeless: Given the result when the script goes on although it was told time and again
            that the tape is over; it must not return.

    Returns:
        What its account did, and how it ended.

    Raises:
        KeyboardInterrupt: When a person ends it.
    """
    world = plan.world
    books = world.books[ACCOUNT]
    record = OrderRecord(world, plan.path.name)

    def on_minute() -> None:
        if progress is not None:
            progress(world.player.played, world.now_ns)

    run = AccountRun(
        plan.source, plan.model, world.clock, world.market, books.account.portfolio, on_minute
    )
    record.then = lambda _fill: run.on_fill()
    began = time.perf_counter()

    def result_of(outcome: Outcome) -> BacktestResult:
        record.finish()
        return run.finish(_played(plan, record, outcome, time.perf_counter() - began))

    driver = Driver(world, Cable(lambda: Session(world)))
    driver.on_hopeless = lambda: on_hopeless(result_of(Outcome(Ending.WITH_THE_TAPE)))
    outcome = run_program(plan.path, plan.arguments, driver, tell)
    return result_of(outcome), outcome


def _played(plan: ScriptPlan, record: OrderRecord, outcome: Outcome, seconds: float) -> Played:
    world, error = plan.world, outcome.error
    return Played(
        name=plan.path.name,
        orders=list(record.orders.values()),
        fills=record.fills,
        refusals=record.refusals,
        refused=record.refused,
        alerts=record.alerts,
        first_ns=world.began_ns,
        events=world.player.played,
        seconds=seconds,
        feed=plan.feed,
        settings=plan.settings,
        notes=[f"The script ended {outcome.ending.value}."],
        failed="" if error is None else f"{type(error).__name__}: {error}",
        unnoticed={str(fault): fault.count for fault in outcome.faults},
    )


def _check_script(path: Path) -> None:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UsageError(f"script '{path}' {what}; name a Python file that uses ib_async.")


def _check_settings(request: Request) -> None:
    """Refuse settings that nobody would follow."""
    for name in request.settings:
        if not str(name).startswith(("sim.", "data.")):
            raise UsageError(
                f"setting {name} says nothing about a script, which sizes and checks its orders "
                f"itself; leave it out (settings of sim and data count)."
            )
