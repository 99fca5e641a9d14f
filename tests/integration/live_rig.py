"""A calm market behind a simulated gateway, and sessions that trade in it over TCP."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np

from ikbr.broker.client import Client
from ikbr.broker.connection import ConnectionSettings
from ikbr.core.event_bus import EventBus
from ikbr.core.pipeline import Instance
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Alert, EventType
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import Fill
from ikbr.domain.session import Session
from ikbr.domain.signal import Signal
from ikbr.domain.tape import Kind, Tape
from ikbr.domain.ticker import Ticker
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import MAX
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.journal.replay import replay
from ikbr.live.ending import End
from ikbr.live.modes import Meant
from ikbr.live.plan import Outside, SessionPlan
from ikbr.live.runner import Runner
from ikbr.live.session_recorder import SessionRecorder
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import Range
from ikbr.strategies.parameters import CHANGEABLE

OPEN_NS = 1_772_461_800_000_000_000
SECOND = 1_000_000_000
ACCOUNT = "DU1000001"
CAPITAL = 1_000_000.0
LOOSE = RiskLimits(max_position_pct=0.2, min_order_interval_s=0.0, max_drawdown_pct=0.5)


def calm_tape(rows: int = 3_000, symbols: Sequence[str] = ("SPY", "KO"), seed: int = 1) -> Tape:
    """Lay out a day: a quote or a print every few seconds, each row another than the last."""
    draw = random.Random(seed)
    instruments = tuple(parse_contract(symbol) for symbol in symbols)
    scale = instruments[0].price_scale
    cent = scale // 100
    mids = [draw.randrange(5_000, 30_000) * cent for _ in symbols]
    standing = [[mid - cent, mid + cent, mid, 300, 300] for mid in mids]
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    columns: dict[str, list[int]] = {name: [] for name in names}
    step = 23_000 * SECOND // rows
    for row in range(rows):
        sym = draw.randrange(len(symbols))
        own = standing[sym]
        kind, size = Kind.QUOTE, 0
        if draw.random() < 0.4:
            kind, size = Kind.PRINT, draw.choice([10, 100, 300])
            own[2] = draw.choice(own[:2])
        else:
            move = draw.choice([-3, -2, -1, 1, 2, 3]) * cent
            own[0], own[1] = own[0] + move, own[1] + move
            own[3], own[4] = draw.randrange(1, 9) * 100, draw.randrange(1, 9) * 100
        ts = OPEN_NS + SECOND + row * step
        for name, value in zip(names, (ts, sym, int(kind), *own, size), strict=True):
            columns[name].append(value)
    types = {"ts": np.int64, "sym": np.int16, "kind": np.uint8, "size": np.int64}
    arrays: dict[str, Any] = {n: np.array(v, types.get(n, np.int32)) for n, v in columns.items()}
    return Tape(instruments, **arrays)


DAY = Session(dt.date(2026, 3, 2), OPEN_NS, OPEN_NS + 23_400 * SECOND)


def calm_source(rows: int = 3_000, **options: Any) -> MemorySource:
    return MemorySource(calm_tape(rows, **options), [DAY], synthetic=True)


def calm_days(days: int, rows: int = 300) -> tuple[MemorySource, list[Session]]:
    """Lay out the same calm day again and again; give the sessions, too."""
    tapes, sessions = [], []
    for day in range(days):
        base, shift = calm_tape(rows), day * 86_400 * SECOND
        tapes.append(dataclasses.replace(base, ts=base.ts + shift))
        date = DAY.date + dt.timedelta(day)
        sessions.append(Session(date, DAY.open_ns + shift, DAY.close_ns + shift))
    columns = {
        field.name: np.concatenate([getattr(tape, field.name) for tape in tapes])
        for field in dataclasses.fields(Tape)
        if field.name != "instruments"
    }
    tape = Tape(tapes[0].instruments, **columns)
    return MemorySource(tape, sessions, synthetic=True), sessions


class OnPrints(BaseStrategy):
    """Turn the position around at every n-th print of a symbol."""

    def __init__(
        self, every: Annotated[int, Range(1, 10_000), CHANGEABLE] = 40, allow_short: bool = True
    ) -> None:
        """Count."""
        self.every = every
        self.allow_short = allow_short
        self.seen: dict[str, int] = {}

    def on_market_data(self, ticker: Ticker) -> Signal | None:
        """Act on some prints; quotes that change nothing do not come over the wire."""
        if not ticker.is_print:
            return None
        count = self.seen[ticker.symbol] = self.seen.get(ticker.symbol, 0) + 1
        if count % self.every:
            return None
        action = "BUY" if count // self.every % 2 else "SELL"
        return Signal(action, ticker.symbol, ticker.last, reason="it is time")


@dataclass
class Outcome:
    """What a session left behind."""

    end: End
    runner: Runner
    world: World
    journal: MemoryJournal
    fills: list[Fill] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)

    @property
    def books(self) -> Any:
        assert self.runner.pipeline is not None
        return self.runner.pipeline.trader.portfolio

    @property
    def theirs(self) -> Any:
        return self.world.books[next(iter(self.world.books))].account.portfolio


def plan_of(
    port: int, instances: Sequence[Instance], kind: Any = "paper", **options: Any
) -> SessionPlan:
    values: dict[str, Any] = {"mode": "paper", "limits": LOOSE, "until": "close"} | options
    connection = ConnectionSettings(
        port=port, client_id=7, mode=kind, timeout_s=5.0, retry_first_s=0.05
    )
    return SessionPlan(instances=instances, connection=connection, **values)


def one(strategy: BaseStrategy, *symbols: str, name: str = "bot", share: float = 1.0) -> Instance:
    return Instance(strategy, name, symbols or ("SPY",), share)


def run_session(
    instances: Sequence[Instance],
    *,
    source: MemorySource | None = None,
    gateway: GatewayOptions | None = None,
    speed: float = MAX,
    meanwhile: Callable[[Runner, GatewayServer], Awaitable[None]] | None = None,
    before: Callable[[World], None] | None = None,
    confirm: Callable[[str], None] = lambda _account: None,
    meant: Meant | None = None,
    wall_ns: Callable[[], int] | None = None,
    recorder: SessionRecorder | None = None,
    **options: Any,
) -> Outcome:
    """Run a session against a gateway in this process, over TCP."""

    async def session() -> Outcome:
        world = World(source or calm_source(), gateway or GatewayOptions())
        if before is not None:
            before(world)
        server = GatewayServer(world, speed=speed)
        await server.start()
        journal, bus = MemoryJournal(), EventBus()
        fills: list[Fill] = []
        alerts: list[Alert] = []
        bus.subscribe(EventType.FILL, fills.append, name="test")
        bus.subscribe(EventType.ALERT, alerts.append, name="test")
        past = replay(journal.records) if journal.records else None
        outside = Outside(
            wall_ns or _no_time,
            lambda: 0.5,
            lambda *_where: (journal, past),
            confirm,
            recorder=recorder,
        )
        plan = plan_of(server.port, instances, **options)
        meaning = meant or Meant(plan.mode, "paper", server.port)
        runner = Runner(Client(), plan, meaning, outside, bus)
        helper = asyncio.create_task(meanwhile(runner, server)) if meanwhile else None
        try:
            end = await asyncio.wait_for(runner.run(), 240)
            if helper is not None:
                await helper
        finally:
            if helper is not None:
                helper.cancel()
            if recorder is not None:
                recorder.close()
            await asyncio.sleep(0)
            await server.stop()
        return Outcome(end, runner, world, journal, fills, alerts)

    return asyncio.run(session())


def _no_time() -> int:
    """Give a time that no test may depend on: that of the market is what counts."""
    return OPEN_NS - 10_000 * SECOND
