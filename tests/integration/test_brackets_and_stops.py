"""Protective exits through the whole pipeline: they work, they leave, nothing crosses zero."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scripts import CANCELLED, FILLED, FREE, Script, ask, play, run_script, say, states, trades
from tapes import random_tape

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.data.memory_source import MemorySource
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import Fill, OrderRequest, OrderType, Side, TimeInForce
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.schedule import Schedule

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


@pytest.mark.parametrize("kind", [OrderType.MARKET, OrderType.MIDPRICE])
def test_an_entry_with_exits_off_the_price_grid_is_refused_whole(kind: OrderType) -> None:
    entry = ask(Side.BUY, 100, order_type=kind, take_profit=101.003, stop_loss=99.0)
    result, _ = play([100, 100, 100, 98, 98], {1: entry})
    assert trades(result) == []
    assert result.refused == {"invalid": 1}


@pytest.mark.parametrize(
    ("tif", "limit", "got"),
    [
        (TimeInForce.IOC, 100.01, [(100, 100.01)]),
        (TimeInForce.IOC, 100.0, []),
        (TimeInForce.FOK, 100.02, [(100, 100.01)]),
        (TimeInForce.FOK, 99.0, []),
        (TimeInForce.DAY, 100.0, [(100, 100.0)]),
    ],
)
@LATENCIES
def test_immediate_orders_fill_at_once_or_not_at_all(
    latency_ms: float, tif: TimeInForce, limit: float, got: list[tuple[int, float]]
) -> None:
    order = ask(Side.BUY, 100, order_type=OrderType.LIMIT, limit_price=limit, tif=tif)
    result, _ = play([100, 100, 100, 100, 99.5, 98], {1: order}, latency_ms=latency_ms)
    assert trades(result) == got
    assert states(result) == [FILLED if got else CANCELLED]


@LATENCIES
def test_of_a_group_only_one_fills(latency_ms: float) -> None:
    def both(_: Script) -> list[OrderRequest]:
        return [
            OrderRequest("SPY", Side.BUY, 50, OrderType.LIMIT, limit_price=99.0, oca_group="one"),
            OrderRequest("SPY", Side.BUY, 70, OrderType.STOP, stop_price=101.0, oca_group="one"),
        ]

    down, _ = play([100, 100, 100, 98.5, 102, 102], {1: both}, latency_ms=latency_ms)
    assert trades(down) == [(50, 99.0)]
    up, _ = play([100, 100, 100, 101.5, 98, 98], {1: both}, latency_ms=latency_ms)
    assert trades(up) == [(70, 101.51)]


@BOTH
def test_a_drawdown_halts_entries_but_not_exits(shape: str) -> None:
    prices = [100, 100, 100, 93, 93, 93, 100, 100, 100, 100]
    lines = {1: say("BUY"), 8: say("FLAT"), 14: say("BUY"), 16: say("BUY")}
    limits = RiskLimits(min_order_interval_s=0, max_drawdown_pct=0.05, max_position_pct=0)
    result, _ = play(prices, lines, limits=limits, capital=11_000.0, shape=shape)
    assert [change for change, _ in trades(result)] == [100, -100]
    assert result.refused == {"drawdown": 1}
    assert [alert.source for alert in result.alerts] == ["risk"]


class Wavering(BaseStrategy):
    """Enter and leave at random, one thing at a time, long only, with a tight stop."""

    def __init__(self, seed: int = 0) -> None:
        """Take a seed."""
        self.seed = seed
        self.stop_loss_pct = 0.0004
        self.rows = 0
        self.seen: set[int] = set()

    def on_market_data(self, ticker: Ticker) -> Any:
        """Do something on some rows."""
        self.rows += 1
        draw = random.Random(self.seed * 1_000_003 + self.rows)
        self.seen.add(self.position(ticker.symbol))
        if draw.random() < 0.4 or self.pending(ticker.symbol):
            return None
        action = draw.choice(["BUY", "BUY", "SELL", "FLAT"])
        return Signal(action, ticker.symbol, ticker.last)

    def on_fill(self, fill: Fill) -> None:
        """Note what is held after each fill."""
        self.seen.add(self.position(fill.symbol))


@given(
    seed=st.integers(0, 100_000),
    fill=st.sampled_from(["quote", "next", "last"]),
    ways=st.sampled_from([(0.0, 0.0), (0.0, 0.2), (75.0, 0.0), (3_000.0, 0.0)]),
)
@settings(max_examples=50, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_long_only_with_a_stop_is_never_short(
    seed: int, fill: str, ways: tuple[float, float]
) -> None:
    tape, sessions = random_tape(seed, 400, 1)
    strategy = Wavering(seed)
    latency, cap = ways
    setup = Setup(
        limits=FREE,
        model=ExecutionModel(fees="none", fill=fill, latency_ms=latency, volume_cap=cap),
        quantity=100,
        capital=1_000_000.0,
    )
    names = tuple(i.symbol for i in tape.instruments)
    run_backtest(
        MemorySource(tape, sessions),
        [Instance(strategy, "wavering", names)],
        setup,
        journal=MemoryJournal(),
    )
    assert min(strategy.seen) >= 0
    assert max(strategy.seen) <= 100
