"""A session goes on where the last one stopped, whatever has happened meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from ib_async import IB, LimitOrder, MarketOrder, Stock
from tests.integration.live_rig import OPEN_NS, SECOND, calm_source, one, plan_of

from ikbr.broker.client import Client
from ikbr.core.event_bus import EventBus
from ikbr.domain.errors import ConfigError
from ikbr.domain.events import Alert, EventType
from ikbr.domain.order import Fill, OrderRequest, OrderType, Side, TimeInForce
from ikbr.domain.session_events import Baseline
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.gateway.faults.fault import read_fault
from ikbr.gateway.messages import order_answers as say
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import STEP
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.journal.replay import replay
from ikbr.live.latch import Killed
from ikbr.live.modes import Meant
from ikbr.live.plan import Outside
from ikbr.live.runner import Runner
from ikbr.strategies.base_strategy import BaseStrategy

SPY = Stock("SPY", "SMART", "USD")


class Told(BaseStrategy):
    """Do at the next tick what the test says, and remember what was heard."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.heard: list[Any] = []

    def on_market_data(self, ticker: Ticker) -> Any:
        return self.answers.pop(0) if self.answers else None

    def on_fill(self, fill: Fill) -> None:
        self.heard.append(fill)


@dataclass
class Life:
    """One session of the trader, from its start to its death."""

    runner: Runner
    task: asyncio.Task[Any]
    strategy: Told
    alerts: list[Alert] = field(default_factory=list)

    @property
    def pipeline(self) -> Any:
        assert self.runner.pipeline is not None
        return self.runner.pipeline

    def held(self) -> dict[str, int]:
        positions = self.pipeline.trader.portfolio.positions
        return {s: p.quantity for s, p in positions.items() if p.quantity}

    @property
    def position(self) -> int:
        quantity: int = self.pipeline.trader.slots.of("bot", "SPY").position
        return quantity

    @property
    def working(self) -> list[Any]:
        return list(self.pipeline.trader.orders.working.values())


class Town:
    """A gateway, a journal that outlives its sessions, and the sessions."""

    def __init__(self) -> None:
        self.world = World(calm_source(), GatewayOptions())
        self.server = GatewayServer(self.world, speed=STEP)
        self.journal = MemoryJournal()
        self.killed: Killed | None = None
        self.lives: list[Life] = []
        self.clients: list[IB] = []

    async def begin(self, strategy: Told | None = None, **options: Any) -> Life:
        """Start a session and wait until it trades."""
        strategy = strategy or Told()
        bus, alerts = EventBus(), list[Alert]()
        bus.subscribe(
            EventType.ALERT, lambda a: alerts.append(a) if a.source != "link" else None, name="test"
        )
        past = replay(self.journal.records) if self.journal.records else None
        outside = Outside(
            lambda: OPEN_NS, lambda: 0.5, lambda *_about: (self.journal, past),
            lambda _account: None, lambda: self.killed,
        )  # fmt: skip
        values = {"until": "", "clock": "gateway", "quantity": 100, **options}
        plan = plan_of(self.server.port, [one(strategy)], **values)
        runner = Runner(Client(), plan, Meant("paper", "paper", self.server.port), outside, bus)
        life = Life(runner, asyncio.create_task(runner.run()), strategy, alerts)
        self.lives.append(life)
        for _ in range(500):
            if runner.pipeline is not None or life.task.done():
                break
            await asyncio.sleep(0.01)
        if life.task.done():
            life.task.result()
        await self.play(1)
        return life

    async def die(self, life: Life) -> None:
        """End a session without its last words."""
        life.task.cancel()
        with suppress(asyncio.CancelledError):
            await life.task
        await asyncio.sleep(0.02)

    async def play(self, rows: int) -> None:
        """Let the market go on, and the bot with it."""
        for _ in range(rows):
            self.world.follow_to(1 << 62, 1) if self.world.followers else self.world.step(1)
            self.server.flush()
            await asyncio.sleep(0.005)

    async def until(self, what: Callable[[], bool], rows: int = 60) -> None:
        for _ in range(rows):
            if what():
                return
            await self.play(1)
        raise AssertionError("it did not happen")

    async def other(self, client_id: int = 9) -> IB:
        ib = IB()
        await ib.connectAsync("127.0.0.1", self.server.port, clientId=client_id)
        self.clients.append(ib)
        return ib

    def theirs(self) -> dict[str, int]:
        books = next(iter(self.world.books.values())).account.portfolio
        return {s: p.quantity for s, p in books.positions.items() if p.quantity}

    def records(self, kind: str) -> list[Any]:
        return [body for name, _, body in self.journal.records if name == kind]


def in_town(test: Callable[[Town], Awaitable[None]]) -> None:
    async def run() -> None:
        town = Town()
        await town.server.start(0, None)
        town.world.advance_to(OPEN_NS + 60 * SECOND)
        try:
            await test(town)
        finally:
            for life in town.lives:
                if not life.task.done():
                    await town.die(life)
            for ib in town.clients:
                ib.disconnect()
            await town.server.stop()

    asyncio.run(asyncio.wait_for(run(), 60))


BUY = Signal("BUY", "SPY", 1.0, reason="the test says so")
REST = OrderRequest(
    "SPY", Side.BUY, 50, OrderType.LIMIT, limit_price=1.0, tif=TimeInForce.GTC, reason="far below"
)


async def bought(town: Town, *more: Any) -> Life:
    """Begin a session that holds 100 SPY."""
    life = await town.begin()
    life.strategy.answers = [BUY, *more]
    await town.until(lambda: life.position == 100 and not life.strategy.answers)
    return life


def test_what_a_strategy_held_is_its_own_again_and_counted_once() -> None:
    async def test(town: Town) -> None:
        await town.die(await bought(town))
        life = await town.begin()
        assert life.position == 100
        assert life.held() == town.theirs() == {"SPY": 100}
        assert life.alerts == []
        assert len(life.pipeline.trader.orders.fills) == 1
        life.strategy.answers = [Signal("FLAT", "SPY", 1.0)]
        await town.until(lambda: life.position == 0)
        assert town.theirs() == {}

    in_town(test)


def test_an_order_that_works_is_followed_again_and_its_fill_is_heard() -> None:
    async def test(town: Town) -> None:
        await town.die(await bought(town, REST))
        life = await town.begin()
        [order] = life.working
        assert (order.remaining, order.request.limit_price) == (50, 1.0)
        ticker = life.pipeline.trader.market_data.tickers["SPY"]
        life.pipeline.trader.desk.modify(order.order_id, limit_price=round(ticker.ask + 5, 2))
        await town.until(lambda: life.position == 150)
        assert [fill.quantity for fill in life.strategy.heard] == [50]
        assert town.theirs() == {"SPY": 150}

    in_town(test)


def test_a_fill_while_nobody_listened_is_booked_before_anything_is_traded() -> None:
    async def test(town: Town) -> None:
        life = await town.begin()
        ask = life.pipeline.trader.market_data.tickers["SPY"].ask
        near = OrderRequest("SPY", Side.BUY, 70, OrderType.LIMIT, limit_price=round(ask - 0.05, 2))
        life.strategy.answers = [near]
        await town.until(lambda: bool(life.working))
        await town.die(life)
        for _ in range(400):
            if town.theirs():
                break
            town.world.step(1)
        assert town.theirs() == {"SPY": 70}
        life = await town.begin()
        assert life.position == 70
        assert life.held() == {"SPY": 70}
        assert life.strategy.heard == []
        assert len(town.records("fill")) == 1
        assert life.alerts == []

    in_town(test)


def test_an_order_that_never_arrived_is_rejected_and_not_sent_again() -> None:
    async def test(town: Town) -> None:
        life = await bought(town)
        orders = life.pipeline.trader.orders
        intent = (orders.next_id, "bot", REST, 0)
        await town.die(life)
        town.journal.append("intent", OPEN_NS, intent)
        life = await town.begin()
        assert life.working == []
        assert life.pipeline.trader.orders.orders[intent[0]].state.value == "Rejected"
        assert life.pipeline.trader.orders.next_id > intent[0]
        assert life.held() == town.theirs() == {"SPY": 100}

    in_town(test)


def test_what_others_did_is_taken_over_as_theirs() -> None:
    async def test(town: Town) -> None:
        await town.die(await bought(town))
        other = await town.other()
        other.placeOrder(SPY, MarketOrder("BUY", 40))
        await asyncio.sleep(0.05)
        life = await town.begin()
        assert life.position == 100
        assert life.held() == town.theirs() == {"SPY": 140}
        assert "explained by 1 executions of client 9" in life.alerts[0].message
        assert life.pipeline.trader.risk.clearance.blocked == {}
        # It was explained once and for all.
        await town.die(life)
        assert (await town.begin()).alerts == []

    in_town(test)


def test_what_nothing_explains_blocks_its_symbol_and_counts() -> None:
    async def test(town: Town) -> None:
        await town.die(await bought(town))
        books = next(iter(town.world.books.values())).account.portfolio
        books.adopt("SPY", 7, 0)
        life = await town.begin()
        assert life.held() == {"SPY": 107}
        assert "nothing explains it" in life.alerts[-1].message
        assert life.alerts[-1].severity == "critical"
        blocked = life.pipeline.trader.risk.clearance.blocked["SPY"]
        assert blocked.startswith("our books hold +100, the broker +107")
        life.strategy.answers = [OrderRequest("SPY", Side.BUY, 10)]
        await town.until(lambda: life.pipeline.trader.desk.refused["blocked"] > 0)

    in_town(test)


def test_orders_of_others_count_in_the_limits_while_they_work() -> None:
    async def test(town: Town) -> None:
        other = await town.other()
        trade = other.placeOrder(SPY, LimitOrder("BUY", 30, 1.0))
        await asyncio.sleep(0.05)
        life = await town.begin()
        ledger = life.pipeline.trader.risk.ledger
        assert [order_id < 0 for order_id in ledger.orders] == [True]
        assert "of client 9 works" in life.alerts[0].message
        other.cancelOrder(trade.order)
        await asyncio.sleep(0.05)
        await life.runner._alignment.again()
        assert ledger.orders == {}

    in_town(test)


def test_a_difference_is_found_while_the_session_runs() -> None:
    async def test(town: Town) -> None:
        life = await bought(town)
        other = await town.other()
        other.placeOrder(SPY, MarketOrder("SELL", 40))
        await asyncio.sleep(0.05)
        life.runner._alignment.check_drift()
        for _ in range(300):
            if life.alerts:
                break
            await asyncio.sleep(0.01)
        assert "our books hold +100, the broker +60" in life.alerts[0].message
        assert life.held() == {"SPY": 60}
        assert life.position == 100
        baselines = [b for b in town.records("baseline") if isinstance(b, Baseline)]
        assert [b.quantity for b in baselines] == [-40]

    in_town(test)


def test_money_that_came_or_went_is_taken_over_at_the_start() -> None:
    async def test(town: Town) -> None:
        await town.die(await town.begin())
        books = next(iter(town.world.books.values())).account.portfolio
        books.add_cash(12_340_000)
        life = await town.begin()
        assert any("+12.34 USD" in note for note in life.runner.notes)
        assert life.pipeline.trader.portfolio.cash_micro == books.cash_micro

    in_town(test)


def test_a_strategy_that_does_not_run_any_more_is_named() -> None:
    async def test(town: Town) -> None:
        await town.die(await bought(town, REST))
        town.journal.records[:] = [
            (kind, ts, (body[0], "gone", *body[2:]) if kind == "intent" else body)
            for kind, ts, body in town.journal.records
        ]
        life = await town.begin()
        assert any("gone does not run, and its order still works" in n for n in life.runner.notes)

    in_town(test)


def test_high_water_mark_and_halts_survive() -> None:
    async def test(town: Town) -> None:
        life = await bought(town)
        life.pipeline.trader.halt("the test says so")
        await town.play(2)
        peak = life.pipeline.trader.risk.peak_micro
        await town.die(life)
        risk = replay(town.journal.records).risk
        assert risk is not None
        life = await town.begin()
        assert life.pipeline.trader.risk.peak_micro == peak
        halted = life.pipeline.trader.risk.halted
        assert halted is not None
        assert "the test says so" in halted.reason

    in_town(test)


def test_a_killed_trader_does_not_begin_again_before_it_is_armed() -> None:
    async def test(town: Town) -> None:
        town.killed = Killed(OPEN_NS, "command line", "the fan is on fire")
        with pytest.raises(ConfigError, match=r"the fan is on fire.*ikbr arm"):
            await town.begin()
        assert town.journal.records == []
        town.killed = None
        await town.begin()

    in_town(test)


@pytest.mark.parametrize("works", [False, True])
def test_numbers_that_journal_and_gateway_have_lost_are_not_used_again(works: bool) -> None:
    async def test(town: Town) -> None:
        life = await bought(town, *([REST] if works else []))
        highest = max(life.pipeline.trader.orders.orders)
        await town.die(life)
        town.journal.records.clear()
        town.world.desk.orders.highest.clear()
        life = await town.begin()
        assert life.pipeline.trader.orders.next_id > highest

    in_town(test)


def test_an_order_of_ours_that_was_forgotten_counts_in_the_limits() -> None:
    async def test(town: Town) -> None:
        await town.die(await bought(town, REST))
        kept = [one for one in town.journal.records if one[0] != "intent" or one[2][2] != REST]
        forgotten = {one[2][0] for one in town.journal.records if one[0] == "intent"}
        forgotten -= {one[2][0] for one in kept if one[0] == "intent"}
        town.journal.records[:] = [
            one for one in kept if getattr(one[2], "order_id", 0) not in forgotten
        ]
        life = await town.begin()
        assert life.working == []
        assert [order_id < 0 for order_id in life.pipeline.trader.risk.ledger.orders] == [True]
        assert any("of ours, which had ended or was forgotten" in a.message for a in life.alerts)

    in_town(test)


def test_a_fill_that_waits_for_its_commission_is_no_difference() -> None:
    async def test(town: Town) -> None:
        life = await town.begin()
        late = {"what": "late_commission", "seconds": 1e6, "lasts_s": 1e6}
        town.world.faults.add(read_fault(late))
        life.strategy.answers = [BUY]
        await town.until(lambda: town.theirs() == {"SPY": 100})
        await asyncio.sleep(0.05)
        assert life.held() == {}
        await life.runner._alignment._look()
        assert life.held() == {"SPY": 100}
        assert life.position == 100
        assert life.alerts == []
        assert life.pipeline.trader.risk.clearance.blocked == {}

    in_town(test)


def test_what_ib_says_about_an_order_and_nothing_settles_is_told_to_a_person() -> None:
    async def test(town: Town) -> None:
        life = await bought(town, REST)
        [order] = life.working
        session = next(iter(town.world.links.values()))
        wo = town.world.desk.orders.open(7, order.order_id)
        assert wo is not None
        session.send(say.ORDER_STATUS, wo.status_values() | {"status": "Pondering"})
        session.error(order.order_id, 399, "it ponders")
        town.server.flush()
        for _ in range(100):
            if life.alerts:
                break
            await asyncio.sleep(0.01)
        assert [(a.severity, a.source) for a in life.alerts] == [("warning", "orders")]
        assert life.alerts[0].message == f"order {order.order_id}: code 399: it ponders"

    in_town(test)
