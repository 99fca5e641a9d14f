"""The loop watch: who holds up the event loop is named, also when it never comes back."""

from __future__ import annotations

import asyncio
import logging
import selectors
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.live.watch_rig import Desk

from ikbr.domain.supervision import SupervisionRules
from ikbr.live import loop_watch
from ikbr.live.journal_watch import JournalWatch
from ikbr.live.loop_watch import LoopWatch

QUICK = SupervisionRules(loop_warn_ms=60.0, loop_hold_ms=250.0)


class Passing(selectors.DefaultSelector):
    """Let the loop's time pass at once where it would wait."""

    now_s = 1_000.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout:
            self.now_s += timeout
        return found


class Loop(asyncio.SelectorEventLoop):
    """Be late where the test says so, and never because the machine is busy."""

    def __init__(self) -> None:
        self.passing = Passing()
        super().__init__(self.passing)

    def time(self) -> float:
        return self.passing.now_s


def hold_up(watch: LoopWatch, seconds: float) -> None:
    """Let time pass while the loop stands still, until the watch has looked who is to blame."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    loop.passing.now_s += seconds
    until = time.monotonic() + 20
    while not watch._culprit:
        assert time.monotonic() < until
        time.sleep(0.001)


class Slow:
    """Take its time."""

    watch: LoopWatch

    def on_market_data(self, seconds: float) -> None:
        hold_up(self.watch, seconds)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_watch, "BEAT_S", 0.02)
    monkeypatch.setattr(loop_watch, "CALM_S", 0.1)


class Reads:
    """Be a client that reads; the test says when."""

    is_behind = False

    def __init__(self) -> None:
        self.late_at = float("inf")
        self.call: Callable[[], None] = list

    def before_late(self, seconds: float, call: Callable[[], None]) -> None:
        self.late_at, self.call = asyncio.get_running_loop().time() + seconds, call

    def read(self) -> None:
        """Read something now, as the first thing that the loop does."""
        if asyncio.get_running_loop().time() > self.late_at:
            self.call()


def watched(test: Any, *, holds: bool = True, reads: Reads | None = None) -> Desk:
    desk = Desk("2026-01-14T14:00")
    slow = Slow()
    desk.manager.running[0].strategy = slow

    async def run() -> None:
        watch = LoopWatch(desk.pipeline, desk.holds if holds else None, QUICK, reads=reads)
        slow.watch = watch
        watch.begin()
        await asyncio.sleep(0.05)
        try:
            await test(desk, slow)
        finally:
            watch.stop()

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(run())
    return desk


def test_a_slow_handler_is_named_and_a_very_slow_one_holds_entries_for_a_while() -> None:
    async def test(desk: Desk, slow: Slow) -> None:
        slow.on_market_data(0.15)
        await asyncio.sleep(0.05)
        [(severity, words)] = desk.told
        assert severity == "warning"
        assert "by strategy bot in Slow.on_market_data (test_loop_watch.py:" in words
        assert desk.held == []
        slow.on_market_data(0.4)
        await asyncio.sleep(0.05)
        assert desk.held == ["event loop"]
        await asyncio.sleep(0.4)
        assert desk.held == []

    watched(test)


def test_data_that_has_waited_is_not_acted_on_though_it_is_heard_before_the_beat() -> None:
    reads = Reads()

    async def test(desk: Desk, slow: Slow) -> None:
        reads.read()
        assert desk.held == []
        slow.on_market_data(0.4)
        reads.read()
        assert desk.held == ["event loop"]
        told = len(desk.told)
        await asyncio.sleep(0.05)
        assert len(desk.told) == told
        await asyncio.sleep(0.3)
        assert desk.held == []

    watched(test, reads=reads)


def test_entries_wait_until_what_has_waited_is_worked_off() -> None:
    reads = Reads()

    async def test(desk: Desk, slow: Slow) -> None:
        slow.on_market_data(0.4)
        reads.is_behind = True
        await asyncio.sleep(0.4)
        assert desk.held == ["event loop"]
        reads.is_behind = False
        await asyncio.sleep(0.1)
        assert desk.held == []

    watched(test, reads=reads)


def test_where_the_market_waits_for_us_nothing_is_held() -> None:
    async def test(desk: Desk, slow: Slow) -> None:
        slow.on_market_data(0.4)
        await asyncio.sleep(0.05)
        assert desk.held == []
        assert len(desk.told) == 1

    watched(test, holds=False)


def test_a_loop_that_is_on_time_is_told_of_nothing() -> None:
    async def test(_desk: Desk, _slow: Slow) -> None:
        await asyncio.sleep(0.2)

    assert watched(test).told == []


def test_a_handler_that_does_not_return_is_named_while_it_hangs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop_watch, "HANGS_S", 0.1)

    async def test(_desk: Desk, slow: Slow) -> None:
        slow.on_market_data(0.3)
        until = time.monotonic() + 20
        while "hangs" not in caplog.text and time.monotonic() < until:
            time.sleep(0.001)
        assert "hangs" in caplog.text
        assert "strategy bot in Slow.on_market_data" in caplog.text

    with caplog.at_level(logging.ERROR, "ikbr.live"):
        watched(test)


def test_code_of_nobody_of_ours_is_named_by_where_it_is() -> None:
    async def test(desk: Desk, slow: Slow) -> None:
        hold_up(slow.watch, 0.15)
        await asyncio.sleep(0.05)
        assert "test_loop_watch.py:" in desk.told[0][1]

    watched(test)


def test_a_journal_that_cannot_be_written_is_told_once_and_holds_entries_until_it_can() -> None:
    desk, state = Desk("2026-01-14T14:00"), SimpleNamespace(why="")
    watch = JournalWatch(desk.pipeline, desk.holds, lambda: state.why)
    watch.look()
    assert (desk.held, desk.told) == ([], [])
    state.why = "the disk is nearly full"
    watch.look()
    watch.look()
    assert desk.held == ["journal"]
    assert [severity for severity, _ in desk.told] == ["critical", "warning"]
    assert "the disk is nearly full" in desk.told[0][1]
    state.why = ""
    watch.look()
    assert desk.held == []
