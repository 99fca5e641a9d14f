"""Warming up: past bars, in order, whatever is missing said in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.core.rig import START, Puppet, Rig, signal

from ikbr.core.warm_up import warm_up
from ikbr.domain.errors import InvariantError
from ikbr.domain.events import Bar

MINUTE = 60_000_000_000


class Past:
    """Hold so many bars of every symbol, the last of which ends at a time."""

    def __init__(self, held: int, end_ns: int = START) -> None:
        self.held, self.end_ns = held, end_ns

    def bars(self, symbol: str, resolution: str, end_ns: int, count: int) -> Sequence[Bar]:
        assert (resolution, end_ns) == ("1min", START)
        ends = [self.end_ns - n * MINUTE for n in range(min(count, self.held))]
        return [Bar(symbol, e - MINUTE, e, 1, 1, 1, 1, 1) for e in reversed(ends)]


def rig_with(warmup: int, bars: tuple[str, ...] = ("1min",), symbols: Any = ("SPY",)) -> Rig:
    puppet = Puppet(bars=bars)
    puppet.warmup = warmup
    return Rig(puppet, symbols=symbols)


def test_bars_of_all_symbols_come_in_time_order_and_answers_are_dropped() -> None:
    rig = rig_with(3, symbols=("SPY", "KO"))
    rig.puppet.does["on_bar"] = lambda bar: signal("BUY", bar.symbol)
    assert warm_up(rig.trader, Past(9), START, "") == []
    ends = [h[1].end_ns for h in rig.puppet.heard if h[0] == "on_bar"]
    assert ends == sorted(ends)
    assert len(ends) == 6
    assert rig.journal.records == []


@pytest.mark.parametrize(
    ("bars", "data_bars", "past", "words"),
    [
        ((), "", Past(9), "names no `bars`: it got none"),
        (("5tick",), "", Past(9), "only bars by time can be had"),
        (("1min",), "", None, "has no past: it got none"),
        (("1min",), "", Past(2), "2 of SPY are held"),
        ((), "1min", Past(1), "1 of SPY are held"),
    ],
)
def test_what_is_missing_is_said(bars: Any, data_bars: str, past: Any, words: str) -> None:
    (note,) = warm_up(rig_with(3, bars).trader, past, START, data_bars)
    assert words in note


def test_who_asks_for_nothing_gets_nothing() -> None:
    rig = rig_with(0)
    assert warm_up(rig.trader, None, START, "") == []


def test_a_history_that_tells_the_future_breaks_an_invariant() -> None:
    with pytest.raises(InvariantError, match="past bars of SPY end at"):
        warm_up(rig_with(1).trader, Past(3, START + 1), START, "")


def test_a_strategy_that_fails_on_the_past_is_disabled_and_shown_no_more() -> None:
    rig = rig_with(3)
    rig.puppet.does["on_bar"] = lambda _: 1 // 0
    warm_up(rig.trader, Past(3), START, "")
    assert not rig.running.enabled
    assert rig.puppet.count("on_bar") == 1
