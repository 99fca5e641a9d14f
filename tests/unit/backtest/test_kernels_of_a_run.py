"""What a run with kernels does: which replay it takes, what it says, and what breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.backtest.stage_rig import changes, play, prints, row
from tests.unit.core.rig import FREE, Puppet

from ikbr.backtest.as_json import to_json
from ikbr.core.event_bus import EventBus
from ikbr.domain.errors import ConfigError
from ikbr.domain.events import EventType
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.tape import Kind
from ikbr.domain.ticker import Ticker
from ikbr.strategies.examples.momentum import MomentumStrategy
from ikbr.strategies.examples.momentum_kernel import MomentumKernel
from ikbr.strategies.kernel import KernelStrategy

SHAPES = pytest.mark.parametrize("shape", ["kernel", "python", "reference"])


class Fickle(KernelStrategy):
    """Buy at one price, sell at another, break at a third."""

    state: Mapping[str, Any] = {"calls": 0}
    reasons = 0

    def __init__(self, buy: float = 102.0, sell: float = 105.0, odd: float = 0.0) -> None:
        """Take prices."""

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Compare."""
        state.calls += 1
        if tick.last == params.odd:
            return 5
        if tick.last >= params.sell:
            return -1
        return 1 if tick.last >= params.buy else 0

    def reason(self, value: int, state: Any, ticker: Ticker) -> str:
        """Count how often it is asked."""
        self.reasons += 1
        return f"{ticker.last:g}"


def fails(state: Any, params: Any, tick: Any) -> int:
    state.calls += 1
    return 1 // int(103.0 - tick.last)


class Failing(Fickle):
    """Divide by zero at 103."""

    on_tick = staticmethod(fails)


@SHAPES
def test_a_signal_is_decided_at_its_row(shape: str) -> None:
    strategy = Fickle()
    result = play(prints(*range(100, 110)), strategy, shape=shape)
    assert changes(result) == [("SPY", 100, 102.01), ("SPY", -100, 104.99)]
    assert [o.request.reason for o in result.orders] == ["102", "105"]
    assert strategy.states["SPY"].calls == 10


def test_the_reason_is_asked_only_where_something_is_decided() -> None:
    strategy = Fickle()
    play(prints(*range(100, 110)), strategy, shape="kernel")
    assert strategy.reasons == 2


@SHAPES
def test_a_value_that_means_nothing_disables_the_strategy_by_name_value_and_time(
    shape: str,
) -> None:
    strategy = Fickle(odd=103.0)
    result = play(prints(*range(100, 110)), strategy, shape=shape)
    assert len(result.fills) == 1
    (alert,) = result.alerts
    assert "Fickle.on_tick returned 5 for SPY at 2026-03-02 14:30:04.000000000 UTC" in alert.message
    assert strategy.states["SPY"].calls == 4


@SHAPES
def test_an_exception_disables_the_strategy_at_its_row_and_names_the_line(shape: str) -> None:
    strategy = Failing()
    result = play(prints(*range(100, 110)), strategy, shape=shape)
    (alert,) = result.alerts
    assert "ZeroDivisionError" in alert.message
    assert "1 // int(103.0 - tick.last)" in alert.message
    assert strategy.states["SPY"].calls == 4


def test_the_fastest_replay_that_fits_is_taken_and_named() -> None:
    rows = prints(*range(100, 110))
    assert play(rows, Fickle()).shape == "kernel"
    assert play(rows, Fickle(), compile=False).shape == "python"
    assert play(rows, Fickle(), Puppet()).shape == "python"
    assert play(rows, Fickle(), shape="reference").shape == "reference"
    assert to_json(play(rows, Fickle()))["shape"] == "kernel"
    bus = EventBus()
    bus.subscribe(EventType.TICK, lambda _: None, name="all")
    assert play(rows, Fickle(), bus=bus).shape == "reference"


@pytest.mark.parametrize(
    ("strategy", "setup", "said"),
    [
        (Puppet(), {}, "s0 is none"),
        (Fickle(), {"compile": False}, "no-compile"),
        (Fickle(), {"shape": "kernels"}, "did you mean 'kernel'"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(strategy: Any, setup: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        play(prints(100), strategy, **{"shape": "kernel"} | setup)


def test_a_kernel_whose_ticks_something_else_sees_runs_as_python() -> None:
    class Own(Fickle):
        def on_market_data(self, ticker: Ticker) -> Any:
            return super().on_market_data(ticker)

    assert play(prints(*range(100, 110)), Own()).shape == "python"


@pytest.mark.parametrize("lookback", [2, 5])
def test_momentum_gives_the_same_fills_as_its_kernel(lookback: int) -> None:
    rows = prints(100, 101, 103, 102, 99, 98, 101, 104, 100, 97)
    plain = play(rows, MomentumStrategy(lookback, 0.01, True))
    kernel = play(rows, MomentumKernel(lookback, 0.01, True))
    assert kernel.shape == "kernel"
    assert len(plain.fills) > 2
    assert kernel.fill_hash == plain.fill_hash
    assert kernel.described == plain.described


@SHAPES
def test_every_strategy_in_a_symbol_sees_the_row_after_a_signal(shape: str) -> None:
    first, second = Fickle(), Fickle()
    result = play(prints(*range(100, 110)), first, second, shape=shape)
    assert first.states["SPY"].calls == second.states["SPY"].calls == 10
    assert [(f.strategy, f.signed_quantity) for f in result.fills] == [
        ("s0", 100), ("s1", 100), ("s0", -100), ("s1", -100),
    ]  # fmt: skip


@SHAPES
def test_halts_stop_nothing_but_dealing(shape: str) -> None:
    strategy = Fickle()
    rows = [*prints(*range(100, 110)), row(2.5, kind=Kind.HALT), row(20.0, kind=Kind.RESUME)]
    result = play(rows, strategy, shape=shape)
    assert strategy.states["SPY"].calls == 12
    assert [f.ts_ns for f in result.fills] == [
        f.ts_ns for f in play(rows, Fickle(), shape="reference").fills
    ]


def test_a_copy_for_another_process_starts_afresh(tmp_path: Path) -> None:
    import pickle

    strategy = pickle.loads(pickle.dumps(Fickle(buy=101.0)))
    result = play(prints(*range(100, 104)), strategy, shape="kernel")
    assert changes(result)[0] == ("SPY", 100, 101.01)


class Flipping(KernelStrategy):
    """Enter one way whenever nothing is held, and leave at once."""

    def __init__(self, way: int = 1) -> None:
        """Take the way."""
        self.allow_short = way < 0

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Turn round."""
        return params.way if tick.position == 0 else -params.way


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("interval", [3.0, 5.0])
def test_a_muted_direction_is_asked_again_at_the_very_moment_it_may_be(
    interval: float, way: int
) -> None:
    limits = msgspec.structs.replace(FREE, min_order_interval_s=interval)
    rows = prints(*[100.0] * 40)
    kernel, plain = (
        play(rows, Flipping(way), shape=shape, limits=limits) for shape in ("kernel", "reference")
    )
    assert kernel.refused["interval"] > 3
    assert [f.ts_ns for f in kernel.fills] == [f.ts_ns for f in plain.fills]
    assert kernel.refused == plain.refused
    assert [str(f) for f in kernel.findings] == [str(f) for f in plain.findings]


class Timed(Fickle):
    """Set a timer for this very moment at every fill, and note at it how many rows were seen."""

    def on_fill(self, fill: Any) -> None:
        """Set it."""
        self.set_timer("now", at_ns=self.now_ns)

    def on_timer(self, name: str) -> None:
        """Note."""
        self.log(str(self.states["SPY"].calls))


@SHAPES
def test_a_timer_set_while_a_row_is_matched_waits_until_the_kernel_saw_the_row(shape: str) -> None:
    model = ExecutionModel(fees="none", fill="next")
    result = play(prints(*range(100, 110)), Timed(), shape=shape, model=model)
    # Bought by the signal at 102 with the print at 103, the fourth row; sold at 106.
    assert [f.price for f in result.fills] == [103.0, 106.0]
    assert [text for _, _, text in result.logs] == ["4", "7"]
