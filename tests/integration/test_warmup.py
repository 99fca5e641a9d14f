"""Warm-up: a run that is shown the past decides as one that lived through it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tapes import SYMBOLS, random_tape

import ikbr
from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.data.catalog import Catalog
from ikbr.data.memory_source import MemorySource
from ikbr.data.synthetic import make_synthetic
from ikbr.domain.errors import InvariantError
from ikbr.domain.events import Bar
from ikbr.domain.order import OrderRequest, Side
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy


class Crossing(BaseStrategy):
    """Hold while the last bars' mean is above that of many; a strategy that needs a past."""

    def __init__(self, from_ns: int = 0, longest: int = 60) -> None:
        self.from_ns = from_ns
        self.closes: dict[str, deque[float]] = {}
        self.longest = longest
        self.seen: list[Bar] = []
        self.told: list[str] = []

    def on_start(self) -> None:
        self.told.append("start")

    def on_market_data(self, ticker: Ticker) -> None:
        if self.told[-1] != "tick":
            self.told.append("tick")

    def on_bar(self, bar: Bar) -> Iterator[Signal]:
        """Answer as a generator: nothing of it happens unless it is run to its end."""
        if self.told[-1] != "bar":
            self.told.append("bar")
        self.seen.append(bar)
        closes = self.closes.setdefault(bar.symbol, deque(maxlen=self.longest))
        closes.append(bar.close)
        if len(closes) == self.longest and bar.end_ns > self.from_ns:
            short = sum(list(closes)[-10:]) / 10
            long = sum(closes) / len(closes)
            yield Signal("BUY" if short > long else "FLAT", bar.symbol, bar.close)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path = tmp_path_factory.mktemp("warm") / "catalog"
    make_synthetic(path, symbols=SYMBOLS, days=3, seed=5, rows_per_day=6_000)
    return Catalog(path)


@pytest.fixture(scope="module")
def ticks(stored: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Hold the ticks alone, so that past bars must be built."""
    found = Catalog(tmp_path_factory.mktemp("ticks") / "catalog")
    for symbol in SYMBOLS:
        for kind in ("print", "quote"):
            for day in stored.days(symbol, kind):
                columns = stored.read(symbol, kind, day)
                one = stored.instrument(symbol)
                found.write(one, kind, day, columns, source="test", synthetic=True)
    return found


def run(catalog: Catalog, days: int, strategy: Crossing, **choice: Any) -> BacktestResult:
    symbols = choice.pop("symbols", SYMBOLS[:2])
    return ikbr.backtest(
        strategy, symbols, data=catalog.path, days=days, quantity=10, fees="none", **choice
    )


def crossing(bars: Sequence[str], warmup: int, **params: int) -> Crossing:
    strategy = Crossing(**params)
    strategy.bars, strategy.warmup = tuple(bars), warmup
    return strategy


def shape(bars: Sequence[Bar], whole: bool) -> list[str]:
    """Show bars; stored ones know neither prints nor average prices."""
    return [repr(b if whole else (b.symbol, b.end_ns, b.open, b.high, b.low, b.close, b.volume))
            for b in bars]  # fmt: skip


@pytest.mark.parametrize(
    ("held", "resolution", "bars", "longest"),
    [
        ("ticks", "tick", ["1min"], 60),
        ("ticks", "tick", ["5min"], 60),
        ("ticks", "tick", ["7min"], 40),
        ("stored", "tick", ["1min"], 60),
        ("stored", "minute", ["5min"], 60),
        ("stored", "minute", [], 60),
    ],
)
def test_a_warm_start_decides_as_a_run_that_saw_those_bars(
    request: pytest.FixtureRequest, held: str, resolution: str, bars: list[str], longest: int
) -> None:
    catalog: Catalog = request.getfixturevalue(held)
    days = catalog.days("SPY", "print")
    *_, before, last = catalog.sessions("SPY", days[0], days[-1])
    lived = crossing(bars[:1], 0, from_ns=before.close_ns, longest=longest)
    expected = run(catalog, 3, lived, resolution=resolution)
    past = [bar for bar in lived.seen if bar.end_ns <= last.open_ns]
    warm = crossing(bars, len(past), longest=longest)
    got = run(catalog, 1, warm, resolution=resolution)
    assert shape(warm.seen, held == "ticks") == shape(lived.seen, held == "ticks")
    assert len(expected.fills) > 3
    facts = [(f.ts_ns, f.symbol, f.side, f.quantity, f.price) for f in got.fills]
    assert facts == [(f.ts_ns, f.symbol, f.side, f.quantity, f.price) for f in expected.fills]
    cold = run(catalog, 1, crossing(bars, 0, longest=longest), resolution=resolution)
    assert got.fill_hash != cold.fill_hash


def test_daily_bars_warm_up_a_daily_run(stored: Catalog) -> None:
    strategy = crossing([], 2)
    run(stored, 1, strategy, resolution="daily")
    lived = crossing([], 0)
    run(stored, 3, lived, resolution="daily")
    assert shape(strategy.seen, True) == shape(lived.seen, True)
    assert len(lived.seen) == 6


@pytest.mark.parametrize("shape_", ["python", "reference"])
def test_the_past_comes_after_the_start_and_before_the_first_tick(
    ticks: Catalog, shape_: str
) -> None:
    strategy = crossing(["1min"], 100)
    run(ticks, 1, strategy, shape=shape_)
    assert strategy.told[:3] == ["start", "bar", "tick"]
    first = ticks.sessions("SPY", *2 * ticks.days("SPY", "print")[-1:])[0]
    past = [bar for bar in strategy.seen if bar.end_ns <= first.open_ns]
    assert [bar.symbol for bar in past].count("SPY") == 100
    assert [bar.end_ns for bar in past] == sorted(bar.end_ns for bar in past)


def test_fewer_bars_than_asked_for_are_noted_in_the_result(ticks: Catalog) -> None:
    result = run(ticks, 3, crossing(["1min"], 7), symbols=["SPY"])
    (note,) = [note for note in result.notes if "past bars" in note]
    assert note == "Crossing asks for 7 past bars of 1min; 0 of SPY are held."
    assert not result.alerts
    enough = run(ticks, 1, crossing(["1min"], 7), symbols=["SPY"])
    assert not [note for note in enough.notes if "past bars" in note]


class Given:
    """Give a fixed past."""

    def __init__(self, *bars: Bar) -> None:
        self._bars = bars

    def bars(self, symbol: str, resolution: str, end_ns: int, count: int) -> Sequence[Bar]:
        return [bar for bar in self._bars if bar.symbol == symbol][-count:]


def run_given(strategy: BaseStrategy, history: Any) -> BacktestResult:
    tape, sessions = random_tape(3, 300, 1)
    return run_backtest(
        MemorySource(tape, sessions),
        [Instance(strategy, "one", SYMBOLS[:1])],
        Setup(),
        journal=MemoryJournal(),
        history=history,
    )


def bar(end_ns: int) -> Bar:
    return Bar("SPY", end_ns - 60_000_000_000, end_ns, 10.0, 10.0, 10.0, 10.0, 100)


@pytest.mark.parametrize(
    ("bars", "words"),
    [
        ((), "names no `bars`"),
        (("100tick",), "only bars by time"),
        (("1min",), "has no past"),
    ],
)
def test_what_cannot_be_had_is_noted(bars: tuple[str, ...], words: str) -> None:
    strategy = crossing(bars, 5)
    result = run_given(strategy, None)
    assert [words in note for note in result.notes if "past bars" in note] == [True]


def test_a_history_that_looks_ahead_is_refused() -> None:
    tape, sessions = random_tape(3, 300, 1)
    begin_ns = min(int(tape.ts[0]), sessions[0].open_ns)
    run_given(crossing(["1min"], 1), Given(bar(begin_ns)))
    with pytest.raises(InvariantError, match="may give nothing that the run has still to show"):
        run_given(crossing(["1min"], 1), Given(bar(begin_ns + 1)))


class Eager(Crossing):
    """Buy on the first bar."""

    def on_bar(self, bar: Bar) -> Any:
        """Order at once."""
        self.seen.append(bar)
        return OrderRequest("SPY", Side.BUY, 10) if len(self.seen) == 1 else None


def test_answers_to_past_bars_are_dropped() -> None:
    for history, orders in ((Given(bar(10**18)), 0), (Given(), 1)):
        strategy = Eager()
        strategy.bars, strategy.warmup = ("1min",), 1
        result = run_given(strategy, history)
        assert len(strategy.seen) > 3
        assert len(result.orders) + len(result.refusals) == orders


class Broken(Crossing):
    """Fail in the past."""

    def on_bar(self, bar: Bar) -> Any:
        """Raise."""
        self.seen.append(bar)
        raise ValueError("no such bar")


def test_a_strategy_that_fails_on_past_bars_is_disabled() -> None:
    strategy = Broken()
    strategy.bars, strategy.warmup = ("1min",), 2
    result = run_given(strategy, Given(bar(10**18), bar(10**18 + 60 * 10**9)))
    assert len(strategy.seen) == 1
    (alert,) = result.alerts
    assert "no such bar" in alert.message


def test_the_options_of_the_command_line_can_ask_for_a_past(
    stored: Catalog, tmp_path: Path
) -> None:
    result = ikbr.backtest(
        "momentum", "SPY", data=stored.path, days=1, params={"warmup": 5}, fees="none"
    )
    assert any("momentum asks for 5 past bars but names no `bars`" in n for n in result.notes)
