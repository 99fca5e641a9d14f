"""Sessions over TCP against the simulated gateway, in the market's time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from live_rig import (
    ACCOUNT,
    CAPITAL,
    LOOSE,
    OPEN_NS,
    SECOND,
    OnPrints,
    calm_days,
    calm_source,
    one,
    run_session,
)

from ikbr.backtest.engine import Setup, run_backtest
from ikbr.backtest.result import fill_hash
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ConfigError, IkbrError
from ikbr.domain.events import Bar
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.order import Order, OrderRequest, OrderType, Side
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.gateway.faults.fault import read_fault
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import MAX, STEP
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.journal.replay import replay
from ikbr.live.modes import Meant
from ikbr.live.runner import Runner
from ikbr.strategies.base_strategy import BaseStrategy


def two_bots() -> list[Any]:
    return [
        one(OnPrints(40), "SPY", "KO", name="both", share=0.5),
        one(OnPrints(25, allow_short=False), "SPY", name="long", share=0.5),
    ]


def test_a_day_ends_with_the_same_books_on_both_sides_to_the_cent() -> None:
    seen = run_session(two_bots())
    ours, theirs = seen.books, seen.theirs
    assert len(seen.fills) > 40
    assert seen.end.orderly
    assert ours.cash_micro == theirs.cash_micro
    for symbol in ("SPY", "KO"):
        mine, his = ours.position(symbol), theirs.position(symbol)
        assert mine.quantity == his.quantity
        assert mine.fees_micro == his.fees_micro
        assert mine.realised_micro == his.realised_micro
    assert round(ours.equity, 2) == round(theirs.equity, 2)
    assert seen.runner.pipeline is not None
    assert seen.runner.pipeline.trader.orders.anomalies == {}


def test_the_strategies_share_the_account_and_each_owns_its_part() -> None:
    seen = run_session(two_bots())
    assert seen.runner.pipeline is not None
    running = seen.runner.pipeline.trader.manager.running
    for symbol in ("SPY", "KO"):
        assert sum(r.books.quantity(symbol) for r in running) == seen.books.quantity(symbol)


def test_it_fills_exactly_as_the_backtest_over_the_same_day() -> None:
    source = calm_source()
    live = run_session([one(OnPrints(40), "SPY", "KO")], source=source)
    setup = Setup(capital=CAPITAL, limits=LOOSE, model=ExecutionModel())
    past = run_backtest(
        source, [one(OnPrints(40), "SPY", "KO")], setup, journal=MemoryJournal(), feed="both"
    )
    assert len(past.fills) > 20
    assert fill_hash(live.fills) == past.fill_hash


@pytest.mark.parametrize("speed", [MAX, 50_000.0])
def test_it_does_the_same_at_any_speed(speed: float) -> None:
    source = calm_source(1_500)
    first = run_session([one(OnPrints(30), "SPY", "KO")], source=source)
    again = run_session([one(OnPrints(30), "SPY", "KO")], source=source, speed=speed)
    assert len(first.fills) > 10
    assert fill_hash(first.fills) == fill_hash(again.fills)


def test_the_journal_replays_to_the_state_of_the_session() -> None:
    seen = run_session(two_bots())
    state = replay(seen.journal.records)
    assert state.portfolio.cash_micro == seen.books.cash_micro
    orders = seen.runner.pipeline.trader.orders.orders  # type: ignore[union-attr]
    assert {i: o.state for i, o in state.orders.items()} == {i: o.state for i, o in orders.items()}
    kinds = [kind for kind, _, _ in seen.journal.records]
    assert kinds[0] == "start"
    assert kinds[-1] == "stop"


def hold_something(world: World) -> None:
    """Let the account hold 300 KO and be short 50 SPY before anybody comes."""
    world.advance_to(OPEN_NS + 300 * SECOND)
    for number, (symbol, side, quantity) in enumerate(
        [("KO", Side.BUY, 300), ("SPY", Side.SELL, 50)], 900_001
    ):
        request = OrderRequest(symbol, side, quantity)
        broker = world.books[ACCOUNT].broker
        broker.submit(Order(number, request, parse_contract(symbol), "somebody", world.now_ns))


def test_what_is_held_already_is_a_baseline_that_counts_and_that_no_strategy_owns() -> None:
    seen = run_session([one(OnPrints(40, allow_short=False), "SPY")], before=hold_something,
                       flatten=True)  # fmt: skip
    assert seen.books.quantity("KO") == 300
    assert seen.books.quantity("SPY") == -50, "flattening leaves the baseline alone"
    assert seen.end.positions == {}
    assert seen.fills
    # An account tells its cash in cents, so that the books begin within half a cent of it.
    assert abs(seen.books.cash_micro["USD"] - seen.theirs.cash_micro["USD"]) <= 5_000
    assert abs(seen.books.equity_micro() - seen.theirs.equity_micro()) <= 5_000
    state = replay(seen.journal.records)
    assert state.portfolio.quantity("KO") == 300
    assert state.portfolio.cash_micro == seen.books.cash_micro


def test_the_baseline_counts_against_the_limits() -> None:
    def hold_much(world: World) -> None:
        world.advance_to(OPEN_NS + 300 * SECOND)
        units = world.market.ask[0]
        price = parse_contract("SPY").to_price(units)
        request = OrderRequest("SPY", Side.BUY, int(0.199 * CAPITAL / price))
        order = Order(900_001, request, parse_contract("SPY"), "somebody", world.now_ns)
        world.books[ACCOUNT].broker.submit(order)

    seen = run_session([one(OnPrints(40, allow_short=False), "SPY")], before=hold_much)
    assert seen.fills == []
    assert seen.runner.pipeline is not None
    assert seen.runner.pipeline.trader.desk.refused["position"] > 0


def test_a_shadow_session_decides_and_sends_nothing() -> None:
    seen = run_session([one(OnPrints(40), "SPY", "KO")], shadow=True)
    assert len(seen.fills) > 20, "what would have become of the orders"
    assert seen.world.desk.orders.next_id(7) == 1, "no order has reached the gateway"
    assert seen.theirs.cash_micro == {"USD": round(CAPITAL * 1_000_000)}
    kinds = {kind for kind, _, _ in seen.journal.records}
    assert {"decision", "intent", "fill"} <= kinds


def test_a_shadow_session_fills_as_the_exchange_would() -> None:
    source = calm_source()
    real = run_session([one(OnPrints(40), "SPY", "KO")], source=source)
    shadow = run_session([one(OnPrints(40), "SPY", "KO")], source=source, shadow=True)
    assert fill_hash(shadow.fills) == fill_hash(real.fills)


class Broken(BaseStrategy):
    """Raise at its tenth print."""

    count = 0

    def on_market_data(self, ticker: Ticker) -> Signal | None:
        """Break."""
        self.count += 1
        if self.count == 10:
            raise ValueError("something is wrong")
        return None


def test_a_strategy_that_breaks_is_disabled_and_the_others_go_on() -> None:
    seen = run_session(
        [one(Broken(), name="broken", share=0.5), one(OnPrints(40), name="whole", share=0.5)]
    )
    assert {f.strategy for f in seen.fills} == {"whole"}
    assert [a.source for a in seen.alerts if a.severity == "critical"] == ["strategy broken"]


def test_an_error_inside_the_pipeline_stops_entries_and_is_told() -> None:
    async def break_the_recorder(runner: Runner, _server: GatewayServer) -> None:
        while runner.pipeline is None or not runner.pipeline.events:
            await asyncio.sleep(0)

        def fail(*_what: object) -> None:
            raise RuntimeError("a bug")

        runner.pipeline.on_row = fail

    seen = run_session([one(OnPrints(5), "SPY", "KO")], meanwhile=break_the_recorder)
    assert seen.runner.pipeline is not None
    halted = seen.runner.pipeline.trader.risk.halted
    assert halted is not None
    assert "a bug" in halted.reason
    assert any("a bug" in a.message for a in seen.alerts if a.severity == "critical")


def test_after_a_lost_connection_it_goes_on_and_nothing_is_lost() -> None:
    dropped: list[int] = []

    async def drop_once(runner: Runner, server: GatewayServer) -> None:
        while not runner.pipeline or len(runner.pipeline.trader.orders.orders) < 5:
            await asyncio.sleep(0.001)
        for connection in tuple(server._connections):
            connection.drop("for the test")
        dropped.append(len(runner.pipeline.trader.orders.orders))

    seen = run_session(
        [one(OnPrints(20), "SPY", "KO")], speed=2_000.0, until="12:30", meanwhile=drop_once,
    )  # fmt: skip
    assert len(seen.fills) > dropped[0] + 5
    assert seen.books.cash_micro == seen.theirs.cash_micro
    words = [a.message for a in seen.alerts if a.source == "link"]
    assert any("entries wait" in w for w in words)
    assert "entries go on" in words[-1]


def test_protective_exits_stay_at_the_broker_when_a_session_ends() -> None:
    class Protected(OnPrints):
        stop_loss_pct = 0.05

    bot = one(Protected(50, allow_short=False), "SPY")
    seen = run_session([bot], until="10:30", source=calm_source(6_000))
    assert seen.end.orderly
    assert [o.parent_id > 0 for o in seen.end.working] == [True]
    assert seen.end.positions["SPY"]


@pytest.mark.parametrize(
    ("options", "gateway", "says"),
    [
        ({}, {"accounts": {"U1000001": 1e6}}, "mode paper, TRADING_MODE paper, port .* U1000001"),
        ({"until": "09:00"}, {}, "has passed"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    options: dict[str, Any], gateway: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        run_session([one(OnPrints())], gateway=GatewayOptions(**gateway), **options)


def test_a_symbol_that_ib_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(IkbrError, match="IBM"):
        run_session([one(OnPrints(), "IBM")])


def test_real_money_is_not_traded_before_its_account_is_confirmed() -> None:
    asked: list[str] = []

    def refuse(account: str) -> None:
        asked.append(account)
        raise ConfigError("not confirmed")

    with pytest.raises(ConfigError, match="not confirmed"):
        run_session(
            [one(OnPrints())],
            gateway=GatewayOptions(accounts={"U1000001": 1e6}),
            meant=Meant("live", "live", 4001),
            kind="live",
            mode="live",
            confirm=refuse,
        )
    assert asked == ["U1000001"]


class Bare(OnPrints):
    """Order without a stop, and every other time with one."""

    def on_market_data(self, ticker: Ticker) -> Any:
        signal = super().on_market_data(ticker)
        if signal is None:
            return None
        stop = None if signal.action == "BUY" else round(ticker.last * 0.9, 2)
        return OrderRequest(ticker.symbol, Side.BUY, 10, stop_loss=stop)


def test_with_real_money_nothing_is_held_without_a_stop_at_the_broker() -> None:
    limits = msgspec.structs.replace(LOOSE, require_stop=True)
    seen = run_session(
        [one(Bare(50), "SPY")],
        source=calm_source(2_000),
        gateway=GatewayOptions(accounts={"U1000001": 1e6}),
        meant=Meant("live", "live", 4001),
        kind="live",
        mode="live",
        limits=limits,
    )
    refused = seen.runner.pipeline.trader.desk.refused
    assert refused.keys() == {"protection"}
    held = seen.end.positions["SPY"]
    assert 0 < held == sum(o.remaining for o in seen.end.working)
    at_the_broker = [one.order for one in seen.world.desk.orders.of()]
    assert {o.request.order_type for o in at_the_broker} == {OrderType.STOP}
    assert sum(o.remaining for o in at_the_broker) == held


def test_in_step_mode_it_does_the_same_as_at_the_highest_speed() -> None:
    source = calm_source(1_500)
    free = run_session([one(OnPrints(30), "SPY", "KO")], source=source)

    async def step(runner: Runner, server: GatewayServer) -> None:
        while runner.pipeline is None:
            await asyncio.sleep(0.001)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.control_port)
        ended = False
        while not ended:
            writer.write(b'{"do": "step", "rows": 7}\n')
            answer = json.loads(await reader.readline())
            assert answer["ok"], answer
            ended = answer["ended"]
        writer.close()
        await writer.wait_closed()

    stepped = run_session(
        [one(OnPrints(30), "SPY", "KO")], source=source, speed=STEP, meanwhile=step
    )
    assert len(free.fills) > 10
    assert fill_hash(stepped.fills) == fill_hash(free.fills)


def test_the_link_to_ib_is_lost_and_comes_back() -> None:
    async def lose(runner: Runner, server: GatewayServer) -> None:
        while not runner.pipeline or len(runner.pipeline.trader.orders.orders) < 4:
            await asyncio.sleep(0)
        server.world.faults.add(read_fault({"what": "link_down", "seconds": 600, "data": "lost"}))
        server.world.settle()

    seen = run_session([one(OnPrints(20), "SPY", "KO")], meanwhile=lose)
    words = [a.message for a in seen.alerts if a.source == "link"]
    assert any("cut off" in w for w in words)
    assert "entries go on" in words[-1]
    states = [b.state for k, _, b in seen.journal.records if k == "connection"]
    assert states[-2:] == ["cut off", "ready"]
    back = next(t for k, t, b in reversed(seen.journal.records) if k == "connection")
    lost = next(t for k, t, b in reversed(seen.journal.records)
                if k == "connection" and b.state == "cut off")  # fmt: skip
    assert back - lost == pytest.approx(600 * SECOND, abs=60 * SECOND)
    intents = [t for k, t, b in seen.journal.records if k == "intent"]
    assert not [t for t in intents if lost < t < back], "nothing is entered while it is lost"
    assert len([t for t in intents if t >= back]) > 5
    assert seen.books.cash_micro == seen.theirs.cash_micro


def test_a_session_goes_on_over_more_days_than_the_gateway_tells_at_once() -> None:
    days = 9
    source, sessions = calm_days(days)

    async def stop_at_the_end(runner: Runner, server: GatewayServer) -> None:
        while not server.world.ended:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        runner.stop("the data is over")

    seen = run_session([one(OnPrints(20), "SPY", "KO")], source=source, until="",
                       meanwhile=stop_at_the_end)  # fmt: skip
    assert seen.runner.pipeline is not None
    assert [s.date for s in seen.runner.pipeline.agenda.begun] == [s.date for s in sessions]
    assert len(seen.runner.pipeline.recorder.session_equity) == days
    assert seen.books.cash_micro == seen.theirs.cash_micro


class Warm(BaseStrategy):
    """Want past bars, and note what was seen before the first tick."""

    bars = ("1min",)
    warmup = 30

    def __init__(self) -> None:
        """See nothing yet."""
        self.past: list[Bar] = []
        self.ticks = 0

    def on_bar(self, bar: Bar) -> None:
        """Note what came before the first tick."""
        if not self.ticks:
            self.past.append(bar)

    def on_market_data(self, _ticker: Ticker) -> None:
        """Count."""
        self.ticks += 1


def test_strategies_see_the_past_of_the_gateway_before_the_first_tick() -> None:
    def play_an_hour(world: World) -> None:
        world.advance_to(OPEN_NS + 3_600 * SECOND)

    strategy = Warm()
    seen = run_session([one(strategy, "SPY")], before=play_an_hour, until="10:45")
    assert strategy.ticks > 0
    assert len(strategy.past) == 30
    assert [b.end_ns for b in strategy.past] == sorted(b.end_ns for b in strategy.past)
    assert strategy.past[-1].end_ns <= OPEN_NS + 3_600 * SECOND
    assert all(b.end_ns - b.start_ns == 60 * SECOND for b in strategy.past)
    assert seen.end.orderly


def test_with_the_clock_of_the_machine_it_trades_and_ends_when_told() -> None:
    where: list[World] = []

    async def stop_after_some_fills(runner: Runner, _server: GatewayServer) -> None:
        while not runner.pipeline or len(runner.pipeline.trader.orders.orders) < 4:
            await asyncio.sleep(0.005)
        runner.stop("enough")

    seen = run_session(
        [one(OnPrints(10), "SPY", "KO")], clock="wall", until="", speed=2_000.0,
        before=where.append, wall_ns=lambda: where[0].now_ns, meanwhile=stop_after_some_fills,
    )  # fmt: skip
    assert not seen.runner.is_simulated, "it has not even looked"
    assert seen.end.reason == "enough"
    assert seen.end.orderly
    assert len(seen.fills) >= 3
    assert seen.books.cash_micro == seen.theirs.cash_micro


class Resting(BaseStrategy):
    """Leave a limit order far from the market."""

    def on_market_data(self, ticker: Ticker) -> OrderRequest | None:
        """Order once."""
        if self.orders or not ticker.bid > 0:
            return None
        price = round(ticker.bid * 0.97, 2)
        return OrderRequest(ticker.symbol, Side.BUY, 10, OrderType.LIMIT, price)


def test_asked_twice_it_ends_at_once_and_tells_what_is_open() -> None:
    async def stop_twice(runner: Runner, server: GatewayServer) -> None:
        while not runner.pipeline or not runner.pipeline.trader.orders.working:
            await asyncio.sleep(0)
        server.world.faults.add(read_fault({"what": "mute", "message": "cancelOrder", "times": 0}))
        runner.stop("Ctrl-C")
        await asyncio.sleep(0.1)
        runner.stop("Ctrl-C")

    seen = run_session([one(Resting(), "SPY")], until="", grace_s=30.0, meanwhile=stop_twice)
    assert not seen.end.orderly
    [order] = seen.end.working
    told = "\n".join(seen.end.lines())
    assert f"order {order.order_id}, BUY 10 SPY" in told
    assert "look at the account" in told


def test_its_own_working_orders_are_cancelled_when_it_ends() -> None:
    seen = run_session([one(Resting(), "SPY")], until="10:00")
    assert seen.end.orderly
    assert seen.end.working == []
    assert seen.runner.pipeline is not None
    assert {o.state.value for o in seen.runner.pipeline.trader.orders.orders.values()} == {
        "Cancelled"
    }


@pytest.mark.parametrize("messages", [8, 10, 12, 14, 16])
def test_a_link_that_is_lost_while_the_session_is_prepared_is_made_again(messages: int) -> None:
    def lose(world: World) -> None:
        world.faults.add(read_fault({"what": "drop", "after_messages": messages}))

    seen = run_session([one(OnPrints(20), "SPY", "KO")], before=lose, until="10:30",
                       speed=6_000.0)  # fmt: skip
    assert seen.runner.connection.attempts >= 2
    assert seen.end.orderly
    assert seen.fills
    assert seen.books.cash_micro == seen.theirs.cash_micro
