"""What an order costs between the bytes of its tick and its own: no socket, no other process.

    python benchmarks/order_cpu.py [--orders 3000] [--between awake,cold,asleep] [--json FILE]

The bytes of a tick are handed to the client as its socket would, and the clock stops when the
client writes the bytes of the order: what a busy machine adds to a socket is left out. After each
order the gateway tells its whole fill, and the event loop turns for a while. Then `awake` goes on
at once, as with a processor of one's own; `cold` first reads more memory than a processor caches
for itself; `asleep` first sleeps two milliseconds, in which others run. Beside the median stands
what one order in ten stays below: nobody has interrupted those.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from wire_clients import session
from wire_server import ASK, BID, PLACE, SHIFT_NS, SUBSCRIBE, quote, world_of

from ikbr.gateway.framing import FrameReader
from ikbr.gateway.session import Session

SYMBOLS = ["SPY", "KO"]
WARM = 300
"""Orders that are not counted."""
CACHES = 16 << 20
"""Bytes; more than the caches that a processor has for itself."""
TURNS_S = 0.0015
"""How long the event loop turns after a fill, seconds: what is done in quiet moments is done."""
STAGES = ("signal", "risk", "journal", "written")


class Far:
    """Be the transport of a client, and the gateway behind it.

    Attributes:
        by_hand: Whether what comes is kept until `answer`; before, it is answered in a moment.
        written_ns: When an order was written last.
        subscriptions: The ids of the requests for market data.
    """

    def __init__(self, client: Any) -> None:
        """Stand behind a client that is not connected yet."""
        self.by_hand = False
        self.written_ns = 0
        self.subscriptions: list[bytes] = []
        self._kept: list[bytes] = []
        self._reader = FrameReader(preamble=True)
        self._world = world_of(SYMBOLS)
        self._session = Session(self._world, name="far")
        self._conn = conn = client.conn
        self._buffer = conn.get_buffer(0) if hasattr(conn, "get_buffer") else None

        async def connect(_host: str, _port: int) -> None:
            conn.reset()
            conn.transport = self

        conn.connectAsync = connect

    def write(self, data: bytes) -> None:
        """Take what the client writes."""
        if self.by_hand:
            if data[4:6] == PLACE:
                self.written_ns = time.perf_counter_ns()
            self._kept.append(data)
            return
        self._kept.append(data)
        asyncio.get_running_loop().call_soon(self.answer)

    def get_write_buffer_size(self) -> int:
        """Say that nothing waits."""
        return 0

    def write_eof(self) -> None:
        """Do nothing: nobody reads on."""

    def close(self) -> None:
        """Do nothing: nobody reads on."""

    def answer(self) -> None:
        """Let the gateway answer what was written, and hand that to the client."""
        for data in self._kept:
            for payload in self._reader.feed(data):
                if payload.startswith(SUBSCRIBE):
                    self.subscriptions.append(payload.split(b"\0")[2])
            self._world.advance_to(time.time_ns() + SHIFT_NS)
            self._session.receive(data)
        self._kept.clear()
        while out := self._session.take_output():
            self.hand(out)

    def hand(self, data: bytes) -> None:
        """Hand bytes to the client as its socket would."""
        if self._buffer is None:
            self._conn.data_received(data)
            return
        step = len(self._buffer)
        for at in range(0, len(data), step):
            piece = data[at : at + step]
            self._buffer[: len(piece)] = piece
            self._conn.buffer_updated(len(piece))


async def bare(between: Callable[[], None], orders: int) -> dict[str, list[int]]:
    """Let a callback of ib_async place limit orders, and check nothing."""
    from ib_async import IB, LimitOrder, Stock, util

    util.logToConsole("CRITICAL")
    ib = IB()
    ib.client.MaxRequests = 0
    far = Far(ib.client)
    await ib.connectAsync("127.0.0.1", 4002, clientId=1)
    contracts = [Stock(symbol, "SMART", "USD") for symbol in SYMBOLS]
    await ib.qualifyContractsAsync(*contracts)
    tickers = [ib.reqMktData(contract) for contract in contracts]
    await asyncio.sleep(1.0)
    state = {"buys": False}

    def on_tick(_ticker: Any) -> None:
        state["buys"] = buys = not state["buys"]
        order = LimitOrder("BUY" if buys else "SELL", 10, ASK if buys else BID)
        ib.placeOrder(contracts[0], order)

    tickers[0].updateEvent += on_tick
    return await serve(far, between, orders, None)


async def ikbr(between: Callable[[], None], orders: int) -> dict[str, list[int]]:
    """Run a session on paper, as `tick_to_order.py` does."""
    from ikbr.broker.client import Client

    client = Client()
    far = Far(client.client)
    runner, strategy, _ = session(client, 4002, "ikbr", SYMBOLS, SHIFT_NS)
    running = asyncio.create_task(runner.run())
    while runner.pipeline is None:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
    strategy.on = True
    taken = await serve(far, between, orders, runner.stopwatch)
    strategy.on = far.by_hand = False
    runner.stop("the benchmark is over")
    await running
    return taken


async def serve(
    far: Far, between: Callable[[], None], orders: int, watch: Any
) -> dict[str, list[int]]:
    """Send ticks and answer their orders; give ns from the bytes of a tick to each stage."""
    far.by_hand = True
    taken: dict[str, list[int]] = {}
    for number in range(WARM + orders):
        between()
        tick = quote(far.subscriptions[0], number)
        far.written_ns = 0
        began = time.perf_counter_ns()
        far.hand(tick)
        if not far.written_ns:
            raise SystemExit(f"tick {number} has caused no order.")
        if number >= WARM:
            taken.setdefault("order", []).append(far.written_ns - began)
            for stage in STAGES if watch is not None else ():
                taken.setdefault(stage, []).append(getattr(watch, stage) - began)
        far.answer()
        until = time.perf_counter() + TURNS_S
        while time.perf_counter() < until:
            await asyncio.sleep(0)
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=3_000)
    parser.add_argument("--between", default="awake,cold,asleep")
    parser.add_argument("--only", default="ib_async,ikbr")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    much = np.ones(CACHES // 8)
    ways: dict[str, Callable[[], None]] = {
        "awake": lambda: None,
        "cold": lambda: void(much.sum()),
        "asleep": lambda: time.sleep(0.002),
    }
    variants = {"ib_async": bare, "ikbr": ikbr}
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for way in args.between.split(","):
        for name in args.only.split(","):
            gc.collect()
            taken = asyncio.run(variants[name](ways[way], args.orders))
            found[f"{name}, {way}"] = {stage: figures(ns) for stage, ns in taken.items()}
    print(f"µs from the bytes of a tick, lowest tenth and median of {args.orders:,} orders")
    for name, row in found.items():
        told = [f"{stage}{low:6.0f}{mid:6.0f}" for stage, (low, mid) in row.items()]
        print(f"{name:18}" + "   ".join(told))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


def figures(ns: list[int]) -> tuple[float, float]:
    """Give what a tenth stays below, and the median, µs."""
    line = sorted(ns)
    return line[len(line) // 10] / 1e3, statistics.median(line) / 1e3


def void(_value: object) -> None:
    """Forget a value."""


if __name__ == "__main__":
    main()
