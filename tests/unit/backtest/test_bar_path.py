"""The path of a bar: what hurts the holder comes first."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.backtest.stage_rig import MINUTE, OPEN, SESSION, Row, changes, play, row
from tests.unit.core.rig import Puppet, buy, sell, signal

from ikbr.domain.order import OrderType
from ikbr.domain.session import Session
from ikbr.domain.tape import Kind


def bar(
    minute: int, o: float, h: float, low: float, c: float, volume: int = 100, symbol: str = "SPY"
) -> list[Row]:
    """Write a bar of one minute as its four rows."""
    at = minute * 60.0
    end = at + 60.0 - 1e-9
    return [
        row(at, Kind.BAR_OPEN, symbol, last=o),
        row(at + 30.0, Kind.BAR_HIGH, symbol, last=h),
        row(at + 30.0, Kind.BAR_LOW, symbol, last=low),
        row(end, Kind.BAR_CLOSE, symbol, last=c, size=volume),
    ]


def seen_path(first: Any, second: tuple[float, float, float, float]) -> list[float]:
    """Show the order in which a strategy meets the second of two bars."""
    puppet = Puppet(short=True)
    path: list[float] = []

    def look(ticker: Any) -> Any:
        path.append(ticker.last)
        return first if len(path) == 4 else None

    puppet.does["on_market_data"] = look
    rows = bar(0, 100, 100, 100, 100) + bar(1, 100, 100, 100, 100) + bar(2, *second)
    play(rows, puppet, resolution="minute")
    return path[8:]


@pytest.mark.parametrize(
    ("held", "bar_prices", "path"),
    [
        (None, (100, 105, 95, 101), [100, 95, 105, 101]),
        (None, (100, 105, 95, 100), [100, 95, 105, 100]),
        (None, (100, 105, 95, 99), [100, 105, 95, 99]),
        (signal("BUY"), (100, 105, 95, 99), [100, 95, 105, 99]),
        (signal("BUY"), (100, 105, 95, 101), [100, 95, 105, 101]),
        (signal("SELL"), (100, 105, 95, 101), [100, 105, 95, 101]),
        (signal("SELL"), (100, 105, 95, 99), [100, 105, 95, 99]),
    ],
)
def test_the_extreme_against_the_position_comes_first(
    held: Any, bar_prices: Any, path: list[float]
) -> None:
    assert seen_path(held, bar_prices) == path


def test_a_stop_and_a_target_in_one_bar_meet_the_stop() -> None:
    puppet = Puppet()
    puppet.does["on_start"] = lambda: None
    entry = [buy(100, stop_loss=96.0, take_profit=104.0)]
    puppet.does["on_market_data"] = lambda _: entry.pop() if entry else None
    rows = bar(0, 100, 100, 100, 100) + bar(1, 100, 105, 95, 104)
    result = play(rows, puppet, resolution="minute")
    assert changes(result) == [("SPY", 100, 100.0), ("SPY", -100, 96.0)]


def test_a_closed_bar_is_told_whole_at_its_end() -> None:
    puppet = Puppet()
    times: list[int] = []
    puppet.does["on_bar"] = lambda _: times.append(puppet.now_ns)
    play(
        bar(0, 100, 105, 95, 101, 700) + bar(1, 101, 102, 100, 100, 50), puppet, resolution="minute"
    )
    told = [h[1] for h in puppet.heard if h[0] == "on_bar"]
    first = told[0]
    assert (first.open, first.high, first.low, first.close) == (100, 105, 95, 101)
    assert (first.start_ns, first.end_ns, first.volume) == (OPEN, OPEN + MINUTE, 700)
    assert times == [OPEN + MINUTE, OPEN + 2 * MINUTE]


def test_bars_of_several_symbols_do_not_mix() -> None:
    puppet = Puppet()
    rows = bar(0, 100, 105, 95, 101) + bar(0, 50, 52, 49, 48, symbol="KO")
    rows.sort(key=lambda r: (r["at"], r["symbol"]))
    play(rows, puppet, symbols=("SPY", "KO"), resolution="minute")
    told = {h[1].symbol: h[1] for h in puppet.heard if h[0] == "on_bar"}
    assert (told["SPY"].high, told["SPY"].low) == (105, 95)
    assert (told["KO"].high, told["KO"].low, told["KO"].close) == (52, 49, 48)


def test_a_bar_without_its_open_or_price_is_not_told() -> None:
    puppet = Puppet()
    rows = [*bar(0, 100, 105, 95, 101)[1:], row(61.0, Kind.BAR_OPEN, last=100)]
    rows += [row(100.0, Kind.BAR_CLOSE, last=None), *bar(2, 100, 101, 99, 100)]
    play(rows, puppet, resolution="minute")
    told = [h[1] for h in puppet.heard if h[0] == "on_bar"]
    assert [b.start_ns for b in told] == [OPEN + 2 * MINUTE]


def test_a_bar_with_one_extreme_keeps_its_order() -> None:
    puppet = Puppet()
    path: list[float] = []
    puppet.does["on_market_data"] = lambda t: path.append(t.last)
    o, h, _, c = bar(0, 100, 105, 95, 101)
    play([o, h, c, *bar(1, 101, 103, 99, 102)], puppet, resolution="minute")
    assert path == [100, 105, 101, 101, 99, 103, 102]


def test_a_daily_tape_trades_at_opens_and_closes_alone() -> None:
    puppet = Puppet()
    answers = {2: sell(100, order_type=OrderType.MARKET), 1: None}
    puppet.allow_short = True
    puppet.does["on_market_data"] = lambda _: answers.pop(puppet.count("on_market_data"), None)
    rows = bar(0, 100, 105, 95, 101) + bar(1, 102, 103, 99, 102)
    result = play(
        rows, puppet, resolution="minute", sessions=(Session(SESSION.date, OPEN, SESSION.close_ns),)
    )
    # Sent at the low (met second), it fills at the close and never at an extreme.
    assert changes(result) == [("SPY", -100, 101.0)]
