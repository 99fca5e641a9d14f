"""Protective exits through the whole pipeline: they work, they leave, nothing crosses zero."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from tapes import HOUR_NS, OPEN_NS

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.domain.session import Session
from ikbr.domain.signal import Signal
from ikbr.domain.tape import Kind, Tape
from ikbr.domain.ticker import Ticker
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.schedule import Schedule

SECOND_NS = 1_000_000_000
SESSION = Session(dt.date(2026, 3, 2), OPEN_NS, OPEN_NS + 6 * HOUR_NS)
FREE = RiskLimits(min_order_interval_s=0, max_drawdown_pct=0, max_position_pct=0, max_gross_pct=0)


class Script(BaseStrategy):
    """Answer the rows by number, as a test says."""

    def __init__(self, short: bool = False, stop: float = 0.0) -> None:
        """Take what may vary."""
        self.allow_short = short
        self.stop_loss_pct = stop
        self.lines: dict[int, Callable[[Script], Any]] = {}
        self.row = -1
        self.seen: list[int] = []

    def on_market_data(self, ticker: Ticker) -> Any:
        """Answer what stands in the script."""
        self.row += 1
        self.seen.append(self.position(ticker.symbol))
        line = self.lines.get(self.row)
        return line(self) if line else None


def say(action: str, **more: Any) -> Callable[[Script], Any]:
    """Signal something."""
    return lambda _: Signal(action, "SPY", 0.0, **more)


def ask(side: Side, quantity: int, **more: Any) -> Callable[[Script], Any]:
    """Request an order."""
    return lambda _: OrderRequest("SPY", side, quantity, **more)


def tape_of(prices: Sequence[float], spread: float = 0.02) -> Tape:
    """Make a quote around every price and a print at it, one second after the other."""
    spy = parse_contract("SPY")
    rows = []
    for n, price in enumerate(prices):
        units, half = spy.to_units(price), spy.to_units(spread / 2)
        rows.append((OPEN_NS + (2 * n + 1) * SECOND_NS, units - half, units + half, Kind.QUOTE))
        rows.append((OPEN_NS + (2 * n + 2) * SECOND_NS, units - half, units + half, Kind.PRINT))
    ts, bid, ask_, kind = (list(column) for column in zip(*rows, strict=True))
    last = [spy.to_units(prices[n // 2]) for n in range(len(rows))]
    count = len(rows)
    return Tape(
        (spy,),
        np.array(ts, np.int64),
        np.zeros(count, np.int16),
        np.array([int(k) for k in kind], np.uint8),
        np.array(bid, np.int32),
        np.array(ask_, np.int32),
        np.array(last, np.int32),
        np.full(count, 500, np.int32),
        np.full(count, 500, np.int32),
        np.array([100 if k is Kind.PRINT else 0 for k in kind], np.int64),
    )


def play(
    prices: Sequence[float],
    lines: dict[int, Callable[[Script], Any]],
    *,
    latency_ms: float = 0.0,
    short: bool = False,
    stop: float = 0.0,
    limits: RiskLimits = FREE,
    capital: float = 1_000_000.0,
    quantity: int = 100,
    shape: str = "python",
    **model: Any,
) -> tuple[BacktestResult, Script]:
    """Run a script over prices; row 2n is the quote and row 2n + 1 the print of price n."""
    script = Script(short=short, stop=stop)
    script.lines = lines
    setup = Setup(
        capital=capital,
        limits=limits,
        model=ExecutionModel(**{"fees": "none", "latency_ms": latency_ms, **model}),
        quantity=quantity,
        shape=shape,
    )
    return run_script(script, prices, setup), script


def run_script(script: Script, prices: Sequence[float], setup: Setup) -> BacktestResult:
    """Run one script over prices."""
    source = MemorySource(tape_of(prices), [SESSION])
    return run_backtest(
        source, [Instance(script, "script", ("SPY",))], setup, journal=MemoryJournal()
    )


def trades(result: BacktestResult) -> list[tuple[int, float]]:
    """Show fills as signed quantity and price."""
    return [(f.side * f.quantity, f.price) for f in result.fills]


def states(result: BacktestResult) -> list[OrderState]:
    """Show what became of every order."""
    return [order.state for order in result.orders]


FILLED, CANCELLED = OrderState.FILLED, OrderState.CANCELLED
LATENCIES = pytest.mark.parametrize("latency_ms", [0.0, 300.0, 2_500.0])
BOTH = pytest.mark.parametrize("shape", ["python", "reference"])


@BOTH
@LATENCIES
def test_a_protective_stop_works_from_the_entry_and_fills_when_touched(
    latency_ms: float, shape: str
) -> None:
    prices = [100, 100, 100, 100.5, 99.5, 98.9, 98.5, 98.5, 98.5]
    result, _ = play(prices, {1: say("BUY")}, latency_ms=latency_ms, stop=0.01, shape=shape)
    entry, stop = trades(result)
    assert entry == (100, 100.01)
    assert stop == (-100, 98.89)
    assert states(result) == [FILLED, FILLED]
    assert result.positions == {}


@BOTH
@LATENCIES
def test_an_exit_of_the_strategy_takes_the_stop_along(latency_ms: float, shape: str) -> None:
    prices = [100, 100, 100, 100, 101, 101, 101, 98, 97]
    lines = {1: say("BUY"), 8: say("FLAT")}
    result, _ = play(prices, lines, latency_ms=latency_ms, stop=0.01, shape=shape)
    assert [change for change, _ in trades(result)] == [100, -100]
    assert states(result) == [FILLED, CANCELLED, FILLED]


@LATENCIES
def test_take_profit_and_stop_loss_cancel_each_other(latency_ms: float) -> None:
    entry = ask(Side.BUY, 100, take_profit=101.0, stop_loss=99.0)
    up, _ = play([100, 100, 100, 100.5, 101.2, 98, 98], {1: entry}, latency_ms=latency_ms)
    assert trades(up) == [(100, 100.01), (-100, 101.0)]
    assert states(up) == [FILLED, FILLED, CANCELLED]
    down, _ = play([100, 100, 100, 99.5, 98.8, 102, 102], {1: entry}, latency_ms=latency_ms)
    assert trades(down) == [(100, 100.01), (-100, 98.79)]
    assert states(down) == [FILLED, CANCELLED, FILLED]


@LATENCIES
def test_a_limit_entry_that_never_fills_takes_its_children_along(latency_ms: float) -> None:
    entry = ask(
        Side.BUY, 100, order_type=OrderType.LIMIT, limit_price=95.0, take_profit=101.0,
        stop_loss=94.0,
    )  # fmt: skip
    result, _ = play([100, 100, 102, 100, 99], {1: entry}, latency_ms=latency_ms)
    assert trades(result) == []
    assert set(states(result)) == {CANCELLED}


@BOTH
@LATENCIES
def test_a_reversal_leaves_no_stop_of_the_old_side_behind(latency_ms: float, shape: str) -> None:
    prices = [100, 100, 100, 100, 100.5, 100.5, 98, 97, 96, 96]
    lines = {1: say("BUY"), 8: say("SELL")}
    result, _ = play(prices, lines, latency_ms=latency_ms, stop=0.01, short=True, shape=shape)
    assert sum(change for change, _ in trades(result)) == -100
    assert result.positions == {"SPY": -100}


@LATENCIES
def test_a_reversed_position_is_protected_too(latency_ms: float) -> None:
    prices = [100, 100, 100, 100, 100, 100, 100, 100, 102, 103, 103]
    lines = {1: say("BUY"), 8: say("SELL")}
    result, _ = play(prices, lines, latency_ms=latency_ms, stop=0.01, short=True)
    assert result.positions == {}
    assert [change for change, _ in trades(result)][-1] == 100


@LATENCIES
def test_a_stop_never_sells_more_than_a_reduced_position_holds(latency_ms: float) -> None:
    prices = [100, 100, 100, 100, 100, 100, 100, 98, 97, 97, 97]
    lines = {1: say("BUY"), 8: say("BUY", target=40)}
    result, script = play(prices, lines, latency_ms=latency_ms, stop=0.01)
    assert min(script.seen) == 0
    assert [change for change, _ in trades(result)] == [100, -60, -40]
    assert result.positions == {}


def test_a_protected_position_may_reverse_within_the_limit_of_its_size() -> None:
    prices = [100, 100, 100, 100, 100.5, 100.5, 100.5]
    lines = {1: say("BUY"), 8: say("SELL")}
    limits = RiskLimits(min_order_interval_s=0, max_drawdown_pct=0, max_position_pct=0.3)
    result, _ = play(prices, lines, stop=0.01, short=True, limits=limits, capital=40_000.0)
    assert result.refused == {}
    assert [change for change, _ in trades(result)] == [100, -200]


@LATENCIES
def test_a_new_entry_keeps_its_stop_when_the_old_position_is_closed(latency_ms: float) -> None:
    prices = [100, 100, 100, 100, 100, 100, 100, 100, 100, 98, 98, 98]
    lines = {1: say("BUY"), 8: say("FLAT"), 9: say("BUY")}
    result, _ = play(prices, lines, latency_ms=latency_ms, stop=0.01)
    assert [change for change, _ in trades(result)] == [100, -100, 100, -100]
    assert result.positions == {}


@pytest.mark.parametrize("leave", [6, 12, 25, 30, 33])
def test_exit_and_stop_that_fill_in_parts_never_sell_more_than_is_held(leave: int) -> None:
    prices = [100] * 14 + [98] * 30
    result, script = play(
        prices, {1: say("BUY"), leave: say("FLAT")}, stop=0.01, volume_cap=0.1, fill="next"
    )
    assert min(script.seen) == 0
    assert result.positions == {}


@LATENCIES
def test_a_flattened_strategy_stays_flat(latency_ms: float) -> None:
    class Brief(Script):
        schedule = Schedule(no_entry_after="open+12s", flatten_at="open+12s")

    for enter in (8, 10, 11):
        prices = [100, 100, 100, 100, 100, 100, 98.5, 98, 97.5, 97, 97, 97]
        script = Brief(stop=0.01)
        script.lines = {enter: say("BUY")}
        model = ExecutionModel(fees="none", latency_ms=latency_ms)
        result = run_script(script, prices, Setup(limits=FREE, model=model, quantity=100))
        assert result.positions == {}, enter
        assert sum(change for change, _ in trades(result)) == 0, enter
        assert min(script.seen) == 0, enter


@LATENCIES
@pytest.mark.parametrize("how", [{}, {"order_type": OrderType.LIMIT, "limit_price": 99.0}])
def test_flattening_does_not_close_what_is_being_closed(
    latency_ms: float, how: dict[str, Any]
) -> None:
    class Brief(Script):
        schedule = Schedule(flatten_at="open+12s")

    script = Brief()
    script.lines = {1: say("BUY"), 10: ask(Side.SELL, 100, **how)}
    model = ExecutionModel(fees="none", latency_ms=latency_ms)
    result = run_script(script, [100.0] * 16, Setup(limits=FREE, model=model, quantity=100))
    assert result.positions == {}
    assert script.seen[-1] == 0
