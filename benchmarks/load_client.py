"""The clients of `load.py`, each in a process of its own: PORT VARIANT SYMBOLS SHIFT JOURNAL.

`echo` walks through the frames that come and answers each trigger with the bytes of an order: what
the machine can do at most. `ikbr` is a session on paper with strategy, smart routing, every check
of risk, a journal on disk and the watch of its event loop.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from wire_clients import HOST, benchmark_limits, complain
from wire_server import is_trigger

from ikbr.broker.client import Client
from ikbr.broker.connection import ConnectionSettings
from ikbr.core.event_bus import EventBus
from ikbr.core.pipeline import Instance
from ikbr.domain.events import Alert, EventType
from ikbr.domain.routing import RoutingRules
from ikbr.domain.signal import Signal
from ikbr.domain.supervision import SupervisionRules
from ikbr.gateway.framing import FrameReader, frame
from ikbr.journal.session_journal import SessionJournal
from ikbr.journal.session_opening import open_session
from ikbr.live.loop_watch import LoopWatch
from ikbr.live.modes import Meant
from ikbr.live.pipeline import EntryHolds
from ikbr.live.plan import Outside, SessionPlan
from ikbr.live.runner import Runner
from ikbr.strategies.base_strategy import BaseStrategy

INTENTS = "intents.txt"
RATE = 49
"""Messages in 1.1 seconds, 44.5 a second: the usual 40 would leave 40 orders a second no room."""


class Noting:
    """Note when the intent of each order is in the journal, and pass everything on to it."""

    def __init__(self, journal: SessionJournal, intents: TextIO) -> None:
        """Write to a file as it happens."""
        self._journal = journal
        self._intents = intents

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        """Append, and note the clock that the generator reads, too."""
        self._journal.append(kind, ts_ns, body)
        if kind == "intent":
            request = body[2]
            self._intents.write(f"{time.perf_counter_ns()} {request.symbol} {request.side.name}\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class Triggered(BaseStrategy):
    """Enter, and leave at the next, at every quote whose size is a trigger's."""

    urgency = "urgent"

    def __init__(self) -> None:
        """Hold nothing."""
        self.held: dict[str, bool] = {}

    def on_market_data(self, ticker: Any) -> Signal | None:
        """Act on triggers alone; everything else is looked at."""
        if not is_trigger(ticker.ask_size):
            return None
        held = self.held[ticker.symbol] = not self.held.get(ticker.symbol, False)
        return Signal("BUY" if held else "FLAT", ticker.symbol, ticker.ask)


async def ikbr(port: int, symbols: list[str], shift: int, folder: str) -> None:
    """Trade until the gateway is gone."""
    limits = benchmark_limits(symbols)
    client = Client()
    intents = (Path(folder) / INTENTS).open("w", buffering=1)

    def journal(*_where: Any) -> tuple[Noting, None]:
        return Noting(open_session(folder, "load"), intents), None

    plan = SessionPlan(
        mode="paper",
        connection=ConnectionSettings(port=port, client_id=3, rate=RATE, heartbeat_s=3600.0),
        instances=[Instance(Triggered(), "load", tuple(symbols), 1.0)],
        limits=limits,
        routing=RoutingRules(mode="smart", urgency="urgent", exit_urgency="urgent"),
        quantity=10,
        clock="wall",
    )
    outside = Outside(
        lambda: time.time_ns() + shift,
        random.random,
        journal,
        lambda _account: None,
    )
    bus = EventBus()
    runner = Runner(client, plan, Meant("paper", "paper", port), outside, bus)
    refused: dict[str, int] = {}

    def on_refused(refusal: Any) -> None:
        rule = refusal.refused.rule
        refused[rule] = refused.get(rule, 0) + 1
        if refused[rule] == 1:
            complain(f"  bot: {refusal.refused.reason}")

    def on_alert(alert: Alert) -> None:
        complain(f"  bot: {alert.severity} of {alert.source}: {alert.message}")

    bus.subscribe(EventType.REFUSED, on_refused, name="benchmark")
    bus.subscribe(EventType.ALERT, on_alert, name="benchmark")

    def begin() -> None:
        pipeline = runner.pipeline
        assert pipeline is not None
        holds = EntryHolds(pipeline, pipeline.clock)
        LoopWatch(pipeline, holds, SupervisionRules(), reads=client.client).begin()
        # Subscriptions are paced: the generator counts them.
        print("ready", flush=True)

    runner.on_begin = begin
    await runner.run()


async def echo(port: int, symbols: list[str]) -> None:
    """Subscribe as the bot does, and answer triggers at once."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"API\0" + frame(b"v100..178"))
    writer.write(frame(b"71\x002\x003\0\0"))
    names: dict[bytes, bytes] = {}
    for number, symbol in enumerate(symbols, start=1):
        names[b"%d" % number] = symbol.encode()
        writer.write(frame(b"1\x0011\0%d\x000\0%s\0STK\0" % (number, symbol.encode())))
    print("ready", flush=True)
    frames = FrameReader()
    gc.disable()
    while data := await reader.read(1 << 16):
        for payload in frames.feed(data):
            fields = payload.split(b"\0")
            if fields[0] == b"1" and fields[3] == b"2" and is_trigger(int(fields[5])):
                writer.write(frame(b"3\x001\x000\0%s\0" % names[fields[2]]))


def main() -> None:
    """Run the variant that is named."""
    port, variant, symbols = int(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
    if variant == "echo":
        asyncio.run(echo(port, symbols))
    else:
        asyncio.run(ikbr(port, symbols, int(sys.argv[4]), sys.argv[5]))


if __name__ == "__main__":
    main()
