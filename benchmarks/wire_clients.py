"""The clients of `tick_to_order.py`, each in a process of its own: PORT VARIANT SYMBOLS SHIFT.

`echo` answers every tick with the bytes of an order. `ib_async` and `ibapi` place a limit order
from their tick callback and check nothing. `ikbr` is a session on paper as `ikbr paper` runs it:
strategy, smart routing, risk, durable journal, order manager. `_uvloop` is the same on uvloop.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from wire_server import ASK, BID

from ikbr.domain.limits import PROFILES, RiskLimits
from ikbr.domain.routing import RoutingRules

HOST, ACCOUNT = "127.0.0.1", "DU1000001"
CLIENT_IDS = {"ib_async": 1, "ibapi": 2, "ikbr": 3, "ikbr_uvloop": 4, "ib_async_uvloop": 5}
MUCH = 1_000_000_000

BENCHMARK = {
    "max_position_notional": 1e6,
    "max_order_notional": 1e6,
    "preview_notional": 1e6,
    "max_daily_loss_pct": 0.5,
    "max_drawdown_pct": 0.5,
    "min_order_interval_s": 1e-6,
    "duplicate_s": 1e-6,
    "max_messages_per_s": MUCH,
    "max_orders_per_minute": MUCH,
    "max_orders_per_day": MUCH,
    "max_quantity_per_minute": MUCH,
    "max_quantity_per_day": MUCH,
    "max_notional_per_minute": 1e15,
    "max_notional_per_day": 1e15,
    "max_runs": MUCH,
}
"""The profile `benchmark`: that of paper trading, with room for orders without end."""


def benchmark_limits(symbols: list[str]) -> RiskLimits:
    """Give limits with every check on, none of which an order of the benchmark meets."""
    import msgspec

    limits = msgspec.structs.replace(
        PROFILES["paper"],
        **BENCHMARK,
        allowed=tuple(symbols),
        restricted=("ZZZZ",),
        sectors=("all: " + " ".join(symbols),),
        collar_pct=0.05,
    )
    # These orders have no stop, which is what `require_stop` refuses before anything else.
    wanted = set(limits.__struct_fields__) - {"require_stop"}
    off = [name for name in wanted if not getattr(limits, name)]
    if off:
        raise SystemExit(f"these checks are off: {', '.join(off)}")
    return limits


# --- echo ----------------------------------------------------------------------------------------


async def echo(port: int) -> None:
    order = b"3\0" + b"1\0" * 90
    answer = len(order).to_bytes(4, "big") + order

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport
            transport.write(b"API\0")

        def data_received(self, data: bytes) -> None:
            self.transport.write(answer)

        def connection_lost(self, exc: Exception | None) -> None:
            over.set()

    over = asyncio.Event()
    await asyncio.get_running_loop().create_connection(Echo, HOST, port)
    print("ready", flush=True)
    await over.wait()


# --- ib_async alone -------------------------------------------------------------------------------


async def ib_async(port: int, variant: str, symbols: list[str]) -> None:
    from ib_async import IB, LimitOrder, Stock, util

    util.logToConsole("CRITICAL")
    ib = IB()
    ib.client.MaxRequests = 0
    await ib.connectAsync(HOST, port, clientId=CLIENT_IDS[variant])
    contracts = [Stock(symbol, "SMART", "USD") for symbol in symbols]
    await ib.qualifyContractsAsync(*contracts)
    tickers = [ib.reqMktData(contract) for contract in contracts]
    await asyncio.sleep(1.0)
    state = {"buys": False}

    def on_tick(_ticker: Any) -> None:
        state["buys"] = buys = not state["buys"]
        order = LimitOrder("BUY" if buys else "SELL", 10, ASK if buys else BID)
        ib.placeOrder(contracts[0], order)

    tickers[0].updateEvent += on_tick
    print("ready", flush=True)
    over = asyncio.Event()
    ib.disconnectedEvent += over.set
    await over.wait()


# --- IBKR's own client ----------------------------------------------------------------------------


def ibapi(port: int, symbols: list[str]) -> None:
    from ibapi.client import EClient
    from ibapi.contract import Contract
    from ibapi.order import Order
    from ibapi.wrapper import EWrapper

    contract = Contract()
    contract.symbol, contract.secType = symbols[0], "STK"
    contract.exchange, contract.currency = "SMART", "USD"

    class App(EWrapper, EClient):  # type: ignore[misc]
        def __init__(self) -> None:
            EClient.__init__(self, self)
            self.next_id, self.buys, self.armed = 0, False, False

        def nextValidId(self, orderId: int) -> None:  # noqa: N802, N803
            self.next_id = orderId
            self.reqAccountUpdates(True, ACCOUNT)
            self.reqMktData(1_000_000, contract, "", False, False, [])

        def tickPrice(self, reqId: int, tickType: int, price: float, attrib: Any) -> None:  # noqa: N802, N803
            if tickType != 2 or not self.armed:
                return
            self.buys = buys = not self.buys
            order = Order()
            order.action, order.totalQuantity = ("BUY" if buys else "SELL"), 10
            order.orderType, order.lmtPrice = "LMT", ASK if buys else BID
            self.placeOrder(self.next_id, contract, order)
            self.next_id += 1

        def error(self, *_what: Any) -> None:
            pass

    app = App()
    app.connect(HOST, port, CLIENT_IDS["ibapi"])

    def arm() -> None:
        app.armed = True
        print("ready", flush=True)

    threading.Timer(2.0, arm).start()
    app.run()


# --- ikbr -----------------------------------------------------------------------------------------


def complain(what: Any) -> None:
    """Tell why there will be no order, which the benchmark would wait for."""
    print(what, file=sys.stderr, flush=True)


def telemetry(runner: Any, bus: Any) -> Any:
    """Tell how the session stands, as `ikbr paper` does, in a folder where a dashboard finds it."""
    from ikbr.live.telemetry.events import Events
    from ikbr.live.telemetry.telemetry import Telemetry

    events = Events(bus)
    locks = Path(os.environ["IKBR_BENCH_LOCKS"])

    async def begin() -> None:
        (locks / "client-127.0.0.1-4002-3.lock").touch()
        feed = locks / "client-127.0.0.1-4002-3.feed"
        await Telemetry(feed, runner, events, {"name": "bench"}, lambda _now: 0).open()

    return begin


def session(client: Any, port: int, variant: str, symbols: list[str], shift: int) -> Any:
    """Give a session on paper as `ikbr paper` runs it, its strategy and its bus; not connected."""
    from ikbr.broker.connection import ConnectionSettings
    from ikbr.core.event_bus import EventBus
    from ikbr.core.pipeline import Instance
    from ikbr.domain.events import EventType
    from ikbr.domain.signal import Signal
    from ikbr.journal.session_opening import open_session
    from ikbr.live.modes import Meant
    from ikbr.live.plan import Outside, SessionPlan
    from ikbr.live.runner import Runner
    from ikbr.strategies.base_strategy import BaseStrategy

    traded = symbols[0]

    class Alternate(BaseStrategy):
        """Enter and leave in turn, at every quote of one symbol."""

        urgency = "urgent"

        def __init__(self) -> None:
            self.on = False
            self.buys = False

        def on_market_data(self, ticker: Any) -> Signal | None:
            if not self.on or ticker.symbol != traded:
                return None
            self.buys = not self.buys
            return Signal("BUY" if self.buys else "FLAT", ticker.symbol, ticker.ask)

    strategy = Alternate()
    folder = os.environ.get("IKBR_BENCH_JOURNAL") or tempfile.mkdtemp()
    plan = SessionPlan(
        mode="paper",
        connection=ConnectionSettings(
            port=port, client_id=CLIENT_IDS[variant], rate=MUCH, heartbeat_s=3600.0
        ),
        instances=[Instance(strategy, "bench", tuple(symbols), 1.0)],
        limits=benchmark_limits(symbols),
        routing=RoutingRules(mode="smart", urgency="urgent", exit_urgency="urgent"),
        quantity=10,
        clock="wall",
    )
    outside = Outside(
        lambda: time.time_ns() + shift,
        random.random,
        lambda _account, _now, _simulated: (open_session(folder, "bench"), None),
        lambda _account: None,
    )
    bus = EventBus()
    runner = Runner(client, plan, Meant("paper", "paper", port), outside, bus)
    bus.subscribe(EventType.REFUSED, complain, name="benchmark")
    return runner, strategy, bus


async def ikbr(port: int, variant: str, symbols: list[str], shift: int) -> None:
    from ikbr.broker.client import Client

    runner, strategy, bus = session(Client(), port, variant, symbols, shift)
    tell = telemetry(runner, bus) if "IKBR_BENCH_LOCKS" in os.environ else None

    async def begin() -> None:
        while runner.pipeline is None:
            await asyncio.sleep(0.05)
        if tell is not None:
            await tell()
        await asyncio.sleep(1.0)
        strategy.on = True
        print("ready", flush=True)

    helper = asyncio.create_task(begin())
    try:
        await runner.run()
    finally:
        helper.cancel()


def main() -> None:
    port, variant, symbols = int(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
    name, _, _ = variant.partition("_uvloop")
    if variant == "ibapi":
        ibapi(port, symbols)
        return
    job = {"echo": lambda: echo(port)}.get(name) or (
        lambda: (
            ikbr(port, variant, symbols, int(sys.argv[4]))
            if name == "ikbr"
            else ib_async(port, variant, symbols)
        )
    )
    if name == "echo":
        gc.disable()
    if variant.endswith("_uvloop"):
        import uvloop

        uvloop.run(job())
    else:
        asyncio.run(job())


if __name__ == "__main__":
    main()
