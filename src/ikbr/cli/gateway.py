"""`ikbr gateway`: a simulated IB Gateway that TWS API clients connect to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ikbr.domain.errors import UsageError

if TYPE_CHECKING:
    from ikbr.domain.tape import TapeSource
    from ikbr.gateway.options import GatewayOptions
    from ikbr.gateway.server import GatewayServer
    from ikbr.gateway.state.records import State
    from ikbr.gateway.world import World

app = typer.Typer(
    help="Simulate an IB Gateway for TWS API clients.",
    no_args_is_help=True,
)

PAPER_PORT = 4002
CONTROL_PORT = 4005
MOST_PORT = 65_535


@app.callback()
def _group() -> None:
    """Keep `sim` a subcommand."""


@app.command("sim")
def sim(
    port: Annotated[
        int, typer.Option(min=0, max=MOST_PORT, help="Port for clients, on this machine only.")
    ] = PAPER_PORT,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Catalog to replay. [default: the synthetic market]"),
    ] = None,
    symbols: Annotated[
        str, typer.Option(metavar="A,B", help="What is traded. [default: all of the data]")
    ] = "",
    date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The day. [default: all days]")
    ] = None,
    speed: Annotated[
        str,
        typer.Option(metavar="N|max", help="Seconds of the market per second. [default: 1]"),
    ] = "",
    step: Annotated[
        bool, typer.Option("--step", help="The market moves only through the control port.")
    ] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Begin anew when the data ends.")] = False,
    control_port: Annotated[
        int, typer.Option(min=0, max=MOST_PORT, help="Port that moves the market; 0 for none.")
    ] = CONTROL_PORT,
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=CASH", help="Account and its cash. [default: DU1000001]"),
    ] = None,
    fx: Annotated[
        list[str] | None,
        typer.Option(metavar="CUR=RATE", help="Dollars per unit of a currency (repeatable)."),
    ] = None,
    session: Annotated[str, typer.Option(help="Hours on the tape: regular or all.")] = "regular",
    latency_ms: Annotated[float, typer.Option(help="From the gateway to the exchange.")] = 0.0,
    fees: Annotated[
        str, typer.Option(metavar="MODEL", help="ibkr-fixed, ibkr-tiered or none.")
    ] = "ibkr-fixed",
    fees_as_of: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Take the fees of this day.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Which synthetic market.")] = None,
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where accounts and orders are kept.")
    ] = None,
    faults: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What is to go wrong (TOML).")
    ] = None,
    nightly: Annotated[
        bool, typer.Option(help="IBKR's servers are reset every night (1100, 1102).")
    ] = True,
    auto_restart: Annotated[
        str, typer.Option(metavar="HH:MM", help="The gateway restarts daily (New York).")
    ] = "",
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse orders (321).")] = False,
    delayed: Annotated[
        bool, typer.Option("--delayed", help="Give delayed market data only.")
    ] = False,
) -> None:
    """Serve TWS API clients (ib_async, ibapi) a simulated market, account and exchange.

    The market begins to move when the first client has connected. Ctrl-C ends it.
    """
    from ikbr.api.request import Request, as_date
    from ikbr.cli.options import rates
    from ikbr.domain.execution import ExecutionModel, FeeModel
    from ikbr.gateway.faults.plan import load_plan
    from ikbr.gateway.options import GatewayOptions
    from ikbr.gateway.state.file import StateFile
    from ikbr.gateway.state.keeper import Keeper
    from ikbr.gateway.state.records import State

    day = as_date(date, "date")
    request = Request(
        symbols=[one.strip() for one in symbols.split(",") if one.strip()],
        data=data, start=day, end=day, session=session, seed=seed, fx=rates(fx or ()),
    )  # fmt: skip
    request.check()
    options: dict[str, Any] = {"read_only": read_only, "live_data": not delayed}
    options |= {"nightly": nightly, "auto_restart": auto_restart, "fx": request.fx}
    if faults is not None:
        options["faults"] = load_plan(faults)
    if account:
        options["accounts"] = _accounts(account)
    model = ExecutionModel(
        latency_ms=latency_ms,
        fees=cast(FeeModel, fees),
        fees_as_of=as_date(fees_as_of, "fees-as-of"),
    )
    pace = _speed(speed, step)
    if port and port == control_port:
        raise UsageError(f"--port and --control-port are both {port}; choose two.")
    with contextlib.ExitStack() as stack:
        kept = State()
        file = None
        if state is not None:
            file = stack.enter_context(contextlib.closing(StateFile(state)))
            for change in file.read():
                kept.apply(change)
            if kept.books and not account:
                options["accounts"] = dict.fromkeys(kept.books, 0.0)
        world = _world(request, stack, GatewayOptions(model=model, **options), loop, kept)
        if file is not None:
            stack.callback(Keeper(world, file, kept).close)
        asyncio.run(_serve(world, port, control_port, pace))


def _speed(text: str, step: bool) -> float:
    """Read the speed; 0 is step mode."""
    if step and text:
        raise UsageError(f"--step and --speed {text} contradict each other; leave one of them out.")
    if step:
        return 0.0
    if text == "max":
        return float("inf")
    try:
        found = float(text or "1")
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise UsageError(f"speed {text!r} must be a number above 0, or max; see also --step.")
    return found


def _accounts(texts: list[str]) -> dict[str, float]:
    from ikbr.cli.options import pairs

    found = {}
    for name, cash in pairs(texts, "--account", "DU1000001=1000000").items():
        try:
            found[name] = float(cash)
        except ValueError:
            raise UsageError(f"--account {name}={cash}: the cash is no number.") from None
    return found


def _world(
    request: Any, stack: contextlib.ExitStack, options: GatewayOptions, loop: bool, state: State
) -> World:
    from ikbr.api.market_data import choose_source, find_data
    from ikbr.api.run import say
    from ikbr.data.history import CatalogHistory
    from ikbr.domain.contracts import parse_contract
    from ikbr.gateway.looped import LoopedSource
    from ikbr.gateway.world import World
    from ikbr.settings import load_settings

    configured = load_settings("backtest", {}, None).data.dir
    holding = find_data(request, configured, stack, say)
    wanted = [parse_contract(one).symbol for one in request.symbols] or holding.symbols
    source: TapeSource = choose_source(request, holding, tuple(dict.fromkeys(wanted)))
    if loop:
        source = LoopedSource(source)
    history = None if holding.catalog is None or loop else CatalogHistory(holding.catalog)
    return World(source, options, history=history, state=state)


def _ports(port: int, control_port: int) -> str:
    return f"port {port} or {control_port}" if control_port else f"port {port}"


async def _serve(world: World, port: int, control_port: int, speed: float) -> None:
    from ikbr.gateway.server import LOCALHOST, GatewayServer

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    server = GatewayServer(world, speed=speed)
    try:
        await server.start(port, control_port or None)
    except OSError as error:
        raise UsageError(
            f"{_ports(port, control_port)} cannot be listened on ({error.strerror}); choose "
            "others with --port and --control-port."
        ) from error
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, ended.set)
    # Whoever reads that it serves may end it at once.
    _tell(server, world, LOCALHOST)
    try:
        await server.serve(ended)
    finally:
        await server.stop()


def _tell(server: GatewayServer, world: World, host: str) -> None:
    what = "SYNTHETIC data" if world.source.synthetic else "recorded data"
    names = ", ".join(one.symbol for one in world.contracts.instruments)
    days = world.days
    span = f"{days[0].date} to {days[-1].date}" if len(days) > 1 else f"{days[0].date}"
    print(f"simulated gateway on {host}:{server.port}, {what}: {names}; {span}", flush=True)
    print(f"accounts: {', '.join(world.books)}", flush=True)
    if server.control_port:
        print(f"control port: {host}:{server.control_port}", flush=True)
