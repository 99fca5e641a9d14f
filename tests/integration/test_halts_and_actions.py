"""Days, halts, margin and corporate actions through the whole pipeline."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from scripts import (
    CANCELLED,
    FREE,
    Script,
    ask,
    play,
    replay,
    say,
    states,
    tape_of,
    trades,
)
from tapes import HOUR_NS, OPEN_NS

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.backtest.stage import Stage
from ikbr.core.event_bus import EventBus
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import EventType
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderRequest, OrderType, Side, TimeInForce
from ikbr.domain.session import Session
from ikbr.domain.signal import Signal
from ikbr.domain.tape import NO_PRICE, CorporateAction, Kind, Tape
from ikbr.domain.ticker import Ticker
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.schedule import Schedule

DAY_NS = 24 * HOUR_NS
SESSIONS = [
    Session(
        dt.date(2026, 3, 2) + dt.timedelta(days=n),
        OPEN_NS + n * DAY_NS,
        OPEN_NS + n * DAY_NS + 6 * HOUR_NS,
    )
    for n in range(3)
]
BOTH = pytest.mark.parametrize("shape", ["python", "reference"])


def days_of(*days: list[float]) -> Tape:
    """Put several days of prices behind each other."""
    parts = [tape_of(day, start_ns=OPEN_NS + n * DAY_NS) for n, day in enumerate(days)]
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Tape(parts[0].instruments, **columns)


def run_days(
    script: BaseStrategy,
    tape: Tape,
    limits: RiskLimits = FREE,
    *,
    capital: float = 1_000_000.0,
    shape: str = "python",
    **model: Any,
) -> BacktestResult:
    """Run one strategy over several days."""
    setup = Setup(
        capital=capital,
        limits=limits,
        model=ExecutionModel(**{"fees": "none", **model}),
        quantity=100,
        shape=shape,
    )
    names = tuple(i.symbol for i in tape.instruments)
    source = MemorySource(tape, SESSIONS)
    return run_backtest(source, [Instance(script, "script", names)], setup, journal=MemoryJournal())


@BOTH
def test_the_loss_of_a_day_halts_entries_until_the_next(shape: str) -> None:
    script = Script()
    script.lines = {1: say("BUY"), 6: say("FLAT"), 8: say("BUY"), 12: say("BUY")}
    tape = days_of([100, 100, 93, 93, 93], [93, 93, 93, 93])
    limits = RiskLimits(
        min_order_interval_s=0, max_drawdown_pct=0, max_daily_loss_pct=0.05, max_position_pct=0
    )
    result = run_days(script, tape, limits, capital=11_000.0, shape=shape)
    assert result.refused == {"daily-loss": 1}
    assert [(f.side * f.quantity, f.ts_ns >= SESSIONS[1].open_ns) for f in result.fills] == [
        (100, False),
        (-100, False),
        (100, True),
    ]


@BOTH
def test_an_entry_refused_by_the_schedule_is_taken_the_next_day(shape: str) -> None:
    class Early(Script):
        schedule = Schedule(no_entry_after="open+4s")

    script = Early()
    script.lines = {5: say("BUY"), 9: say("BUY")}
    result = run_days(script, days_of([100] * 4, [100] * 4), shape=shape)
    assert result.refused == {"schedule": 1}
    assert result.positions == {"SPY": 100}


@BOTH
def test_day_orders_end_at_the_close_and_stops_stay(shape: str) -> None:
    script = Script(stop=0.02)
    limit = ask(Side.BUY, 10, order_type=OrderType.LIMIT, limit_price=90.0)
    script.lines = {1: say("BUY"), 3: limit}
    result = run_days(script, days_of([100] * 4, [99] * 3, [97.5, 89, 89]), shape=shape)
    assert [f.side * f.quantity for f in result.fills] == [100, -100]
    assert states(result)[-1] is CANCELLED
    assert result.fills[1].ts_ns > SESSIONS[2].open_ns


@BOTH
def test_a_squeezed_short_is_liquidated_and_the_rest_goes_on(shape: str) -> None:
    prices = [100.0, 100, 100, 120, 140, 150, 160, 165, 170, 175, 180, 190, 200, 210]
    lines = {1: ask(Side.SELL, 100)}
    result, script = play(prices, lines, capital=8_000.0, shape=shape)
    changes = [change for change, _ in trades(result)]
    assert changes[0] == -100
    assert len(changes) > 1
    assert all(change > 0 for change in changes[1:])
    assert sum(changes) <= 0
    assert max(script.seen) == 0
    assert any("margin call" in alert.message for alert in result.alerts)
    assert result.final_equity > 0


@BOTH
def test_a_liquidated_position_does_not_cross_zero_through_its_stop(shape: str) -> None:
    prices = [100.0, 100, 100, 120, 140, 150, 160, 165, 170, 180, 190, 200, 210, 220, 230]
    lines = {1: ask(Side.SELL, 100, stop_loss=185.0)}
    result, script = play(prices, lines, capital=8_000.0, shape=shape)
    assert max(script.seen) == 0
    assert result.positions == {}


# --- splits and dividends ---------------------------------------------------------------------


class Holder(BaseStrategy):
    """Buy on the first row and hold."""

    def __init__(self, stop: float = 0.0) -> None:
        """Take a protective stop."""
        self.stop_loss_pct = stop
        self.seen: list[int] = []

    def on_market_data(self, ticker: Ticker) -> Signal | None:
        """Be long."""
        self.seen.append(self.position(ticker.symbol))
        return Signal("BUY", ticker.symbol, ticker.last) if len(self.seen) == 1 else None


def daily_tape(bars: list[tuple[float, float, float, float]]) -> tuple[Tape, list[Session]]:
    """Make daily bars of one stock."""
    spy = parse_contract("SPY")
    sessions = [
        Session(
            dt.date(2026, 3, 2) + dt.timedelta(days=n),
            OPEN_NS + n * DAY_NS,
            OPEN_NS + n * DAY_NS + 6 * HOUR_NS,
        )
        for n in range(len(bars))
    ]
    ts = [s.open_ns + n * (6 * HOUR_NS // 3) - (n == 3) for s in sessions for n in range(4)]
    kinds = [int(Kind.BAR_OPEN), int(Kind.BAR_HIGH), int(Kind.BAR_LOW), int(Kind.BAR_CLOSE)]
    count = len(ts)
    none = np.full(count, NO_PRICE, np.int32)
    tape = Tape(
        (spy,),
        np.array(ts, np.int64),
        np.zeros(count, np.int16),
        np.array(kinds * len(bars), np.uint8),
        none,
        none,
        np.array([spy.to_units(price) for bar in bars for price in bar], np.int32),
        np.zeros(count, np.int32),
        np.zeros(count, np.int32),
        np.array([0, 0, 0, 1_000] * len(bars), np.int64),
    )
    return tape, sessions


def hold_through(
    action: CorporateAction, bars: list[tuple[float, float, float, float]], stop: float = 0.0
) -> tuple[Stage, Holder, list[tuple[int, int]]]:
    """Hold 101 shares through a corporate action; note equity on both sides at every row."""
    tape, sessions = daily_tape(bars)
    bus = EventBus()
    holder = Holder(stop)
    setup = Setup(limits=FREE, model=ExecutionModel(fees="none"), quantity=101)
    instances = [Instance(holder, "holder", ("SPY",))]
    stage = Stage(
        tape.instruments, sessions, [action], instances, setup,
        bus=bus, journal=MemoryJournal(), intraday=False,
    )  # fmt: skip
    equities: list[tuple[int, int]] = []
    errors: list[Exception] = []
    bus.on_failure = lambda _, error: errors.append(error)

    def note(_: object) -> None:
        ours, theirs = stage.trader.portfolio, stage.account.portfolio
        assert ours.cash_micro == theirs.cash_micro
        assert ours.quantity("SPY") == theirs.quantity("SPY") == holder.position("SPY")
        assert ours.equity_micro() == theirs.equity_micro() == stage.valuation.equity_micro
        equities.append((stage.clock.now_ns, ours.equity_micro()))

    bus.subscribe(EventType.TICK, note, name="note")
    bus.subscribe(EventType.SESSION, note, name="note sessions")
    bus.start()
    replay(stage, tape, sessions)
    for error in errors:
        raise error
    return stage, holder, equities


FLAT_BAR = (100.0, 100.0, 100.0, 100.0)


@pytest.mark.parametrize(
    ("split", "dividend", "after", "held"),
    [
        (2.0, 0.0, 50.0, 202),
        (2.0, 1.0, 49.5, 202),
        (1.0, 1.5, 98.5, 101),
        (0.5, 0.0, 200.0, 50),
        (1.5, 0.0, 66.67, 151),
    ],
)
def test_equity_is_continuous_through_splits_and_dividends(
    split: float, dividend: float, after: float, held: int
) -> None:
    action = CorporateAction("SPY", OPEN_NS + 2 * DAY_NS - HOUR_NS, split, dividend)
    stage, holder, equities = hold_through(action, [FLAT_BAR] * 2 + [(after,) * 4] * 2)
    assert stage.trader.portfolio.quantity("SPY") == held
    assert holder.seen[-1] == held
    worst = max(abs(equity - 100_000 * 10**6) for _, equity in equities)
    assert worst <= held * 10_000  # a cent per share, where the price is rounded to one


def test_a_split_cancels_the_orders_in_the_stock() -> None:
    action = CorporateAction("SPY", OPEN_NS + 2 * DAY_NS - HOUR_NS, 2.0)
    bars = [FLAT_BAR] * 2 + [(50.0, 50.5, 49.5, 50.0)] * 2
    stage, holder, _ = hold_through(action, bars, stop=0.05)
    assert holder.seen[-1] == stage.trader.portfolio.quantity("SPY") == 202
    stop_order = stage.trader.orders.orders[2]
    assert (stop_order.state, stop_order.request.stop_price) == (CANCELLED, 95.0)
    assert "split" in stop_order.message


# --- strategies that misbehave ----------------------------------------------------------------


class Raises(Script):
    """Raise on one row, with an order working and a position held."""

    def on_market_data(self, ticker: Ticker) -> Any:
        """Raise at row 6."""
        if self.row == 5:
            self.row += 1
            raise ValueError("no idea")
        return super().on_market_data(ticker)


class Awaits(Script):
    """Do the same as a coroutine that never waits."""

    async def on_market_data(self, ticker: Ticker) -> Any:  # type: ignore[override]
        """Answer what stands in the script."""
        return Script.on_market_data(self, ticker)


class Suspends(Script):
    """Wait for something, which a backtest cannot do."""

    async def on_market_data(self, ticker: Ticker) -> Any:  # type: ignore[override]
        """Suspend."""
        import asyncio

        await asyncio.sleep(1)


def run_two(one: Script, two: Script, shape: str) -> BacktestResult:
    """Run two strategies side by side."""
    instances = [Instance(one, "one", ("SPY",), 0.5), Instance(two, "two", ("SPY",), 0.5)]
    setup = Setup(limits=FREE, model=ExecutionModel(fees="none"), quantity=10, shape=shape)
    return run_backtest(
        MemorySource(tape_of([100.0] * 8), SESSIONS), instances, setup, journal=MemoryJournal()
    )


@BOTH
@pytest.mark.parametrize("order", [0, 1])
def test_a_strategy_that_raises_is_disabled_and_others_go_on(order: int, shape: str) -> None:
    bad, good = Raises(), Script()
    resting = ask(Side.BUY, 7, order_type=OrderType.LIMIT, limit_price=90.0, tif=TimeInForce.GTC)
    bad.lines = {1: say("BUY"), 2: resting, 9: say("FLAT")}
    good.lines = {1: say("BUY"), 9: say("FLAT"), 11: say("BUY")}
    pair = (bad, good) if order == 0 else (good, bad)
    result = run_two(*pair, shape)
    name = ("one", "two")[order]

    def by_name(who: str) -> list[int]:
        return [f.side * f.quantity for f in result.fills if f.strategy == who]

    assert by_name(name) == [10]
    assert by_name(("two", "one")[order]) == [10, -10, 10]
    assert len(good.seen) == 16
    assert any(name in alert.source and "no idea" in alert.message for alert in result.alerts)
    assert [o.state for o in result.orders if o.request.limit_price] == [CANCELLED]


@BOTH
def test_a_coroutine_means_the_same_as_a_plain_method(shape: str) -> None:
    lines = {1: say("BUY"), 9: say("FLAT"), 11: say("BUY")}
    plain, coroutine = Script(), Awaits()
    plain.lines = coroutine.lines = lines
    result = run_two(plain, coroutine, shape)
    fills = [(f.ts_ns, f.side, f.price) for f in result.fills]
    assert fills[::2] == fills[1::2]
    assert len(fills) == 6


@BOTH
def test_one_that_suspends_is_reported_by_name(shape: str) -> None:
    good = Script()
    good.lines = {3: say("BUY")}
    result = run_two(Suspends(), good, shape)
    assert [f.strategy for f in result.fills] == ["two"]
    (alert,) = result.alerts
    assert "Suspends.on_market_data" in alert.message


def test_a_request_for_a_symbol_it_does_not_run_on_disables_it() -> None:
    bad, good = Script(), Script()
    bad.lines = {1: lambda _: OrderRequest("KO", Side.BUY, 1)}
    good.lines = {3: say("BUY")}
    result = run_two(bad, good, "python")
    assert [f.strategy for f in result.fills] == ["two"]
    assert any("KO" in alert.message for alert in result.alerts)
