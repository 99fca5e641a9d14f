"""What a bot tells those who listen, over its socket, while it trades."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from live_rig import LOOSE, OnPrints, Outcome, calm_source, one, run_session

from ikbr.live.runner import Runner
from ikbr.live.telemetry.events import Events
from ikbr.live.telemetry.listeners import AT_ONCE
from ikbr.live.telemetry.telemetry import Telemetry
from ikbr.strategies.base_strategy import BaseStrategy

log = logging.getLogger("ikbr.test")
log.setLevel(logging.INFO)

ABOUT = {"name": "paper 4002/7", "mode": "paper"}


class Ear:
    """Listen as another process does."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self._file = self.socket.makefile("rb")

    def messages(self, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        heard = []
        for line in self._file:
            heard.append(json.loads(line))
            if until(heard[-1]):
                return heard
        raise AssertionError(f"the telemetry ended after {len(heard)} messages")

    def messages_until_the_end(self) -> int:
        with suppress(ConnectionResetError):
            return sum(1 for _ in self._file)
        return 0

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(OSError):
            self._file.close()
        self.socket.close()


def listening(
    test: Callable[[Path, Runner], None], strategy: BaseStrategy | None = None
) -> Outcome:
    """Run a session that tells, and a test beside it in a thread, as another process would be."""

    async def meanwhile(runner: Runner, _server: Any) -> None:
        events = Events(runner._bus)
        while runner.pipeline is None:
            await asyncio.sleep(0.001)
        with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
            path = Path(folder) / "bot.feed"
            telemetry = Telemetry(path, runner, events, ABOUT, lambda _now: 2_000_000)
            await telemetry.open()
            try:
                await asyncio.to_thread(test, path, runner)
            finally:
                telemetry.close()
                runner.stop("the test is over")
            assert not path.exists()

    instance = one(strategy or OnPrints(10))
    # A day of two minutes: no machine is so busy that it ends before the test does.
    day = calm_source(9_000)
    return run_session([instance], source=day, meanwhile=meanwhile, speed=200.0, limits=LOOSE)


def kinds(heard: list[dict[str, Any]]) -> set[str]:
    return {one["type"] for one in heard}


def test_a_listener_hears_at_once_how_it_stands_and_then_what_changes() -> None:
    def test(path: Path, _runner: Runner) -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with Ear(path) as ear:
            first = ear.messages(lambda one: one["type"] == "latency")
            later = ear.messages(lambda one: one.get("kind") == "fill")
            again = ear.messages(lambda one: one["type"] == "risk")
        assert kinds(first) >= {"bot", "equity", "state", "risk", "prices", "latency"}
        bot, state = first[0], next(one for one in first if one["type"] == "state")
        assert bot["name"] == "paper 4002/7"
        [strategy] = bot["strategies"]
        assert [one["name"] for one in strategy["parameters"]] == ["every", "allow_short"]
        assert state["equity"] == pytest.approx(1_000_000, rel=0.05)
        assert state["link"]["state"] == "ready"
        assert state["link"]["server_version"] > 100
        assert state["link"]["rtt_ms"] > 0
        assert state["journal_lag_ms"] == 2.0
        assert kinds(later) >= {"prices", "event"}
        assert {"id", "strategy", "symbol", "side", "quantity", "price"} <= set(later[-1])
        positions = [p for m in again if m["type"] == "state" for p in m["positions"]]
        assert all(p["currency"] == "USD" for p in positions)

    assert listening(test).end.orderly


def test_one_who_comes_late_hears_what_happened_before() -> None:
    def test(path: Path, _runner: Runner) -> None:
        with Ear(path) as ear:
            ear.messages(lambda one: one.get("kind") == "fill")
        with Ear(path) as late:
            heard = late.messages(lambda one: one["type"] == "latency")
        told = [one["kind"] for one in heard if one["type"] == "event"]
        assert {"signal", "order", "fill"} <= set(told)
        assert told.index("signal") < told.index("fill")

    listening(test)


def test_nothing_is_told_twice_however_one_comes_and_goes() -> None:
    def test(path: Path, _runner: Runner) -> None:
        with Ear(path) as ear:
            ear.messages(lambda one: one.get("kind") == "fill")
        time.sleep(0.1)
        for number in range(20):
            log.info("nobody hears %d", number)
        with Ear(path) as first:
            heard = first.messages(lambda one: one["type"] == "risk")
            with Ear(path) as second:
                late = second.messages(lambda one: one["type"] == "latency")
                late += second.messages(lambda one: one["type"] == "risk")
            heard += first.messages(lambda one: one["type"] == "risk")
        for told in (heard, late):
            events = [json.dumps(m) for m in told if m["type"] == "event"]
            assert len(events) > 20
            assert len(events) == len(set(events))

    listening(test)


def test_whoever_speaks_is_dropped_and_there_is_room_for_a_few_only() -> None:
    def test(path: Path, _runner: Runner) -> None:
        with Ear(path) as loud:
            loud.socket.sendall(b"x" * 100)
            with pytest.raises((AssertionError, ConnectionResetError)):
                loud.messages(lambda _one: False)
        with ExitStack() as stack:
            ears = [stack.enter_context(Ear(path)) for _ in range(AT_ONCE)]
            for ear in ears:
                ear.messages(lambda one: one["type"] == "state")
            with Ear(path) as late, pytest.raises((AssertionError, ConnectionResetError)):
                late.messages(lambda _one: False)
            ears[0].messages(lambda one: one["type"] == "risk")

    assert listening(test).end.orderly


def test_one_who_never_reads_is_dropped_and_trading_goes_on() -> None:
    def test(path: Path, runner: Runner) -> None:
        assert runner.pipeline is not None
        with Ear(path) as deaf, Ear(path) as ear:
            ear.messages(lambda one: one.get("kind") == "fill")
            # What a slow day would bring, at once: the deaf one has to go, the other hears it all.
            for _ in range(30):
                for number in range(150):
                    log.info("line %d %s", number, "x" * 1_500)
                log.info("that was much")
                ear.messages(lambda one: one.get("message") == "that was much")
            before = runner.pipeline.events
            until = time.monotonic() + 30
            while runner.pipeline.events == before:
                assert time.monotonic() < until
                time.sleep(0.01)
            ear.messages(lambda one: one["type"] == "risk")
            deaf.messages_until_the_end()

    assert listening(test).end.orderly


class Forgetful(OnPrints):
    """Break when it is looked at, once trading has begun."""

    looked_at = False

    @property
    def params(self) -> dict[str, Any]:
        """Break."""
        if self.looked_at:
            raise RuntimeError("who is asking?")
        return super().params


def test_what_breaks_the_telemetry_leaves_the_bot_trading() -> None:
    strategy = Forgetful(10)

    def test(path: Path, runner: Runner) -> None:
        assert runner.pipeline is not None
        with Ear(path) as ear:
            ear.messages(lambda one: one["type"] == "latency")
            strategy.looked_at = True
            ear.messages_until_the_end()
        seen, until = runner.pipeline.events, time.monotonic() + 30
        while runner.pipeline.events < seen + 100:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert runner.pipeline.trader.manager.running[0].enabled

    outcome = listening(test, strategy)
    assert outcome.end.orderly
    assert len(outcome.fills) > 3
