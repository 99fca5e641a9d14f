"""Kernels called per tick: their state, their parameters and what their results become."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies.context import FakeContext

from ikbr.domain.errors import StrategyError
from ikbr.domain.events import Bar
from ikbr.domain.instrument import Instrument
from ikbr.domain.ticker import Ticker
from ikbr.strategies.kernel import KernelStrategy, cells, is_kernel
from ikbr.strategies.kernel_bars import BarKernelStrategy
from ikbr.strategies.kernel_layout import Layout
from ikbr.strategies.kernel_legs import LegsStrategy
from ikbr.strategies.kernel_orders import (
    CANCEL,
    MOVE,
    PLACE,
    QUOTE,
    OrdersStrategy,
    fill_record,
    grid_down,
    grid_up,
    orders_layout,
    step_at,
)

DECLARED = {"ring": cells("many", math.nan), "n": 3, "level": 0.5, "on": True, "bits": cells(2, 1)}


def test_a_row_starts_as_declared_and_keeps_what_is_written() -> None:
    layout = Layout("Mine", DECLARED, {"many": 3})
    rows = layout.rows(2)
    first, second = (layout.view(rows, number) for number in range(2))
    assert (first.n, first.level, first.on, list(first.bits)) == (3, 0.5, True, [1, 1])
    assert all(map(math.isnan, first.ring))
    assert len(first.ring) == 3
    first.n, first.level, first.on, first.ring[2] = -7, 1.25, False, 9.0
    again = layout.view(rows, 0)
    assert (again.n, again.level, again.on, again.ring[2]) == (-7, 1.25, False, 9.0)
    assert (second.n, second.level, second.on) == (3, 0.5, True)
    assert "level=1.25" in repr(again)


def test_a_row_has_the_declared_fields_and_no_others() -> None:
    layout = Layout("Mine", DECLARED, {"many": 3})
    row = layout.view(layout.rows(1), 0)
    with pytest.raises(AttributeError):
        row.other = 1
    with pytest.raises(AttributeError):
        row.ring = 1
    with pytest.raises(IndexError):
        row.ring[3] = 1.0
    with pytest.raises(AttributeError):
        layout.view(layout.rows(1), 0, fixed=True).n = 1


def test_lengths_change_the_row_and_not_the_fields() -> None:
    short, long = (Layout("Mine", DECLARED, {"many": many}) for many in (2, 200))
    assert short.fields == long.fields
    assert long.width - short.width == 198


class Counting(KernelStrategy):
    """Count ticks; buy at every third."""

    state: Mapping[str, Any] = {"ticks": 0, "held": 0}

    def __init__(self, every: int = 3, name_of_it: str = "x", fast: bool = True) -> None:
        """Take parameters, one of which is no number."""

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Count."""
        state.ticks += 1
        state.held = tick.position * 10 + tick.number
        return 1 if state.ticks % params.every == 0 and params.fast else 0


def test_each_symbol_has_a_state_of_its_own() -> None:
    strategy = Counting()
    context = FakeContext(strategy, "SPY", "KO")
    for _ in range(3):
        context.tick("SPY", bid=9.99, ask=10.01, last=10.0)
    context.tick("KO", bid=9.99, ask=10.01, last=10.0)
    assert (strategy.states["SPY"].ticks, strategy.states["KO"].ticks) == (3, 1)
    assert [(s.action, s.symbol, s.price) for s in context.signals] == [("BUY", "SPY", 10.0)]
    context.tick("SPY", last=11.0)
    assert (strategy.states["SPY"].held, strategy.states["KO"].held) == (1000, 1)


def test_parameters_that_are_no_numbers_stay_in_python() -> None:
    assert set(Counting().kernel_params()) == {"every", "fast"}


def test_a_price_that_is_not_printed_yet_is_the_mark() -> None:
    context = FakeContext(Counting(every=1), "SPY")
    context.tick("SPY", bid=9.0, ask=11.0)
    assert context.signals[0].price == 10.0


@pytest.mark.parametrize("value", [2, None, "x", 0.5, math.nan])
def test_a_result_that_means_nothing_is_refused_by_name(value: Any) -> None:
    class Odd(Counting):
        on_tick = staticmethod(lambda state, params, tick: value)

    context = FakeContext(Odd(), "SPY")
    with pytest.raises(StrategyError, match=r"Odd\.on_tick returned .*return -1, 0 or 1"):
        context.tick("SPY", last=1.0)


def test_what_else_sees_the_ticks_is_no_kernel() -> None:
    class Own(Counting):
        def on_market_data(self, ticker: Ticker) -> Any:
            return super().on_market_data(ticker)

    patched = Counting()
    patched.on_market_data = lambda ticker: None  # type: ignore[method-assign]
    assert is_kernel(Counting())
    assert not any(map(is_kernel, (Own(), patched, object())))


class Spread(LegsStrategy):
    """Note the legs at every tick."""

    state: Mapping[str, Any] = {"seen": cells(2), "ticks": 0}

    @staticmethod
    def on_legs(state: Any, params: Any, tick: Any, legs: Any) -> int:
        """Note."""
        state.ticks += 1
        for leg in range(2):
            state.seen[leg] = legs.last[leg] + 1000 * legs.position[leg]
        return 1 if state.ticks == 2 else 0


def test_legs_show_the_latest_of_every_symbol_in_one_state() -> None:
    strategy = Spread()
    context = FakeContext(strategy, "SPY", "KO")
    context.tick("SPY", last=10.0)
    assert math.isnan(strategy.legs.last[1])
    context.tick("KO", last=20.0, bid=19.0, ask=21.0)
    context.tick("SPY", last=11.0)
    state = strategy.states["KO"]
    assert state.ticks == strategy.states["SPY"].ticks == 3
    assert list(state.seen) == [11.0, 20.0 + 1000 * 100]
    assert (strategy.legs.bid[1], strategy.legs.ask[1]) == (19.0, 21.0)


class Rising(BarKernelStrategy):
    """Buy after a bar that closed above its open."""

    state: Mapping[str, Any] = {"bars": 0}

    @staticmethod
    def on_close(state: Any, params: Any, bar: Any) -> int:
        """Compare."""
        state.bars += 1
        return 1 if bar.close > bar.open else 0


def test_a_kernel_on_bars_hears_bars_alone() -> None:
    strategy = Rising()
    context = FakeContext(strategy, "SPY")
    context.prints("SPY", [10.0, 11.0])
    assert strategy.states["SPY"].bars == 0
    context.tick("SPY", bid=10.9, ask=11.1)
    context.carry_out(strategy.on_bar(Bar("SPY", 0, 1, 10.0, 11.0, 10.0, 11.0, 5)))
    assert strategy.states["SPY"].bars == 1
    assert [s.action for s in context.signals] == ["BUY"]


class Resting(OrdersStrategy):
    """Do at a tick what its sizes say: action, side and price units."""

    state: Mapping[str, Any] = {"n": 0}

    @staticmethod
    def on_orders(state: Any, params: Any, tick: Any, orders: Any) -> int:
        """Fill one record."""
        if orders.halted:
            return 0
        side = 1 if tick.ask_size > 0 else -1
        fill_record(orders, 0, tick.bid_size, side, round(tick.last * orders.scale), 70)
        return tick.last_size

    def reason(self, value: int, state: Any, ticker: Ticker) -> str:
        """Say the side."""
        return "bid" if value > 0 else "offer"


def rests(context: FakeContext) -> list[tuple[str, int, float | None, str]]:
    return [
        (o.side.name, o.remaining, o.request.limit_price, o.request.reason) for o in context.orders
    ]


def test_records_place_move_and_cancel_resting_orders() -> None:
    context = FakeContext(Resting(), "SPY")

    def act(action: int, side: int, price: float) -> None:
        sizes = {"bid_size": action, "ask_size": int(side > 0), "last_size": 1}
        context.tick("SPY", last=price, **sizes)

    act(MOVE, 1, 10.0)
    act(CANCEL, 1, 10.0)
    assert rests(context) == []
    act(PLACE, 1, 10.0)
    act(QUOTE, -1, 12.0)
    assert rests(context) == [("BUY", 70, 10.0, "bid"), ("SELL", 70, 12.0, "offer")]
    act(QUOTE, -1, 12.5)
    act(MOVE, 1, 10.5)
    act(MOVE, 1, 10.5)
    assert rests(context) == [("BUY", 70, 10.5, "bid"), ("SELL", 70, 12.5, "offer")]
    assert len(context.modified) == 2
    act(PLACE, 1, 9.0)
    act(CANCEL, 1, 0.0)
    assert rests(context) == [("SELL", 70, 12.5, "offer")]
    context.tick("SPY", halted=True)
    act(CANCEL, -1, 0.0)
    assert len(context.orders) == 1


@pytest.mark.parametrize(
    ("many", "action", "said"),
    [
        (9, PLACE, "returned 9 .* 0 to 8"),
        (-1, PLACE, "returned -1"),
        (1, 7, "action 7 on side 1 is unknown"),
        (2, PLACE, "record 1 for SPY: action 0 on side 0"),
    ],
)
def test_records_that_mean_nothing_are_refused(many: int, action: int, said: str) -> None:
    context = FakeContext(Resting(), "SPY")
    with pytest.raises(StrategyError, match=said):
        context.tick("SPY", last=10.0, bid_size=action, ask_size=1, last_size=many)


GRIDS = [((0, 1), (10_000, 100)), ((0, 5),), ((0, 1), (500, 5), (2_000, 10), (9_000, 25))]


@given(st.integers(-20_000, 20_000), st.sampled_from(GRIDS))
def test_the_price_grid_of_a_kernel_is_the_instruments(units: int, bands: Any) -> None:
    instrument = Instrument(symbol="SPY", tick_bands=bands)
    layout = orders_layout(bands)
    row = layout.view(layout.rows(1), 0)
    for number, (start, step) in enumerate(bands):
        row.band_from[number], row.band_step[number] = start, step
    assert step_at(row, units) == instrument.increment(units)
    assert grid_down(row, units) == instrument.on_grid(units, "down")
    assert grid_up(row, units) == instrument.on_grid(units, "up")
