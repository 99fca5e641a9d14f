"""Bars in a run: which prints they hold and when strategies hear of them, in either shape."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.backtest.stage_rig import (
    HOUR,
    MINUTE,
    NEXT_SESSION,
    OPEN,
    SESSION,
    play,
    prints,
)  # fmt: skip
from tests.unit.core.rig import Puppet, signal

from ikbr.core.event_bus import EventBus
from ikbr.domain.events import Bar, EventType

SHAPES = pytest.mark.parametrize("shape", ["python", "reference"])
CLOSE_S = 6 * 3600


def bars_of(puppet: Puppet) -> list[Bar]:
    return [heard[1] for heard in puppet.heard if heard[0] == "on_bar"]


def brief(puppet: Puppet) -> list[tuple[float, float, float, float, int]]:
    """Show start and end in minutes from the open, open and close, prints."""
    return [
        ((b.start_ns - OPEN) / MINUTE, (b.end_ns - OPEN) / MINUTE, b.open, b.close, b.count)
        for b in bars_of(puppet)
    ]


@SHAPES
def test_a_bar_holds_the_prints_before_its_end(shape: str) -> None:
    puppet = Puppet(bars=("1min",))
    play(prints(*range(100, 109), every_s=15.0, start_s=0.0), puppet, shape=shape)
    assert brief(puppet) == [
        (0, 1, 100, 103, 4), (1, 2, 104, 107, 4), (2, 3, 108, 108, 1),
    ]  # fmt: skip


@SHAPES
def test_prints_before_the_open_are_in_no_bar(shape: str) -> None:
    puppet = Puppet(bars=("1min",))
    play(prints(90, 91, start_s=-90.0) + prints(200, 201), puppet, shape=shape)
    assert brief(puppet) == [(0, 1, 200, 201, 2)]


@SHAPES
def test_a_bar_that_the_close_cuts_short_is_told_at_the_close(shape: str) -> None:
    puppet = Puppet(bars=("7min",))
    days = prints(100, 101, start_s=CLOSE_S - 10.0) + prints(200, start_s=24 * 3600 + 5.0)
    play(days, puppet, sessions=(SESSION, NEXT_SESSION), shape=shape)
    first, second = bars_of(puppet)
    assert (first.open, first.close, first.end_ns) == (100, 101, SESSION.close_ns)
    assert 0 < first.end_ns - first.start_ns < 7 * MINUTE
    assert (second.open, second.close) == (200, 200)
    assert NEXT_SESSION.open_ns < second.end_ns < NEXT_SESSION.close_ns


@SHAPES
def test_the_last_bar_of_a_run_is_told_though_it_is_cut_short(shape: str) -> None:
    puppet = Puppet(bars=("7min",))
    play(prints(100, 101, start_s=CLOSE_S - 10.0), puppet, shape=shape)
    assert [(b.close, b.end_ns) for b in bars_of(puppet)] == [(101, SESSION.close_ns)]


@SHAPES
def test_a_bar_that_ends_with_the_session_comes_before_the_close(shape: str) -> None:
    bus, order = EventBus(), list[Any]()
    bus.subscribe(EventType.BAR, lambda bar: order.append(("bar", bar.end_ns)))
    bus.subscribe(EventType.SESSION, lambda _: order.append("session"))
    puppet = Puppet(bars=("1min", "1h"))
    puppet.does["on_bar"] = lambda bar: order.append("strategy")
    play(prints(100, start_s=CLOSE_S - 10.0), puppet, bus=bus, shape=shape)
    told = ["strategy", ("bar", SESSION.close_ns)]
    # 15:30 is no full hour, so the hour's bar is the one that is cut short.
    assert order == ["session", *told, *told, "session"]


@SHAPES
def test_around_the_clock_bars_do_not_stop_at_the_close(shape: str) -> None:
    puppet = Puppet(bars=("1min",))
    rows = prints(90, start_s=-30.0) + prints(100, 101, every_s=20.0, start_s=CLOSE_S - 10.0)
    play(rows, puppet, all_hours=True, sessions=(SESSION, NEXT_SESSION), shape=shape)
    assert brief(puppet) == [(-1, 0, 90, 90, 1), (359, 360, 100, 100, 1), (360, 361, 101, 101, 1)]


@SHAPES
def test_bars_of_one_span_are_built_once_for_all_who_ask(shape: str) -> None:
    bus, told = EventBus(), list[Any]()
    bus.subscribe(EventType.BAR, told.append)
    puppets = [Puppet(bars=("1min",)), Puppet(bars=("1min", "5tick")), Puppet()]
    play(prints(*range(100, 105)), *puppets, bus=bus, shape=shape)
    assert [[b.count for b in bars_of(p)] for p in puppets] == [[5], [5, 5], []]
    assert len(told) == 2


@pytest.mark.parametrize(
    ("text", "ends"),
    [("2tick", [101, 103, 105]), ("250vol", [102, 105]), ("1000vol", [])],
)
def test_the_data_closes_tick_and_volume_bars(text: str, ends: list[int]) -> None:
    puppet = Puppet(bars=(text,))
    play(prints(*range(100, 107)), puppet)
    assert [b.close for b in bars_of(puppet)] == ends


@SHAPES
def test_a_bar_can_be_answered(shape: str) -> None:
    puppet = Puppet(bars=("1min",))
    puppet.does["on_bar"] = lambda bar: signal("BUY")
    result = play(prints(*[100] * 10, every_s=10.0), puppet, shape=shape)
    assert [(f.ts_ns - OPEN, f.price) for f in result.fills] == [(MINUTE, 100.01)]


def test_the_hours_of_the_rig_are_what_the_cases_say() -> None:
    assert SESSION.close_ns - OPEN == CLOSE_S * 10**9 == 6 * HOUR
