"""The bot's side of the exporter: what it tells, and what it does when that is not to be had."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable

import pytest

from ikbr.domain.errors import ConfigError
from ikbr.domain.metrics import MetricsSettings
from ikbr.domain.vitals import Vitals
from ikbr.ops.metrics import feed as feed_file
from ikbr.ops.metrics.feed import MetricsFeed


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def health(port: int) -> bool | None:
    """Ask whether the bot is healthy; None when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(json.load(answer)["healthy"])
    except urllib.error.HTTPError:
        return False
    except OSError:
        return None


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(check):
            await asyncio.sleep(0.05)


def with_a_feed(
    vitals: Callable[[], Vitals], port: int, test: Callable[[MetricsFeed], Awaitable[None]]
) -> list[str]:
    """Run a test beside a feed; give what people were told."""
    told: list[str] = []

    async def run() -> None:
        feed = MetricsFeed(MetricsSettings(port=port), vitals)
        feed.on_trouble = told.append
        feed.begin()
        try:
            await test(feed)
        finally:
            feed.close()

    asyncio.run(run())
    return told


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("EVERY_S", 0.05), ("AGAIN_S", 0.05), ("BIND_AGAIN_S", 0.02)):
        monkeypatch.setattr(feed_file, name, seconds)


def test_an_exporter_that_dies_is_started_again_and_told_of_once(vitals: Vitals) -> None:
    port = free_port()

    async def die(feed: MetricsFeed) -> None:
        process = feed._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        await until(lambda: feed._process is not process)

    async def test(feed: MetricsFeed) -> None:
        for _ in range(2):
            await until(lambda: health(port) is True)
            await die(feed)
        await until(lambda: health(port) is True)

    told = with_a_feed(lambda: vitals, port, test)
    assert len(told) == 1
    assert "started again" in told[0]
    assert health(port) is None


def test_a_port_that_is_in_use_is_told_once_and_nothing_else_happens(vitals: Vitals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        async def test(feed: MetricsFeed) -> None:
            await asyncio.sleep(0.3)
            assert feed._process is None

        [told] = with_a_feed(lambda: vitals, port, test)
    assert f"127.0.0.1:{port}" in told
    assert "in use" in told
    assert "--metrics-port" in told


def test_an_exporter_that_does_not_read_holds_nobody_up(vitals: Vitals) -> None:
    port = free_port()

    async def test(feed: MetricsFeed) -> None:
        await until(lambda: health(port) is True)
        process = feed._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        loop = asyncio.get_running_loop()
        longest, before = 0.0, loop.time()
        for _ in range(150):
            await asyncio.sleep(0.01)
            longest, before = max(longest, loop.time() - before), loop.time()
        assert longest < 1.0
        os.kill(process.pid, signal.SIGCONT)
        await until(lambda: health(port) is True)

    assert with_a_feed(lambda: vitals, port, test) == []


def test_vitals_that_cannot_be_taken_are_told_of_once(vitals: Vitals) -> None:
    def broken() -> Vitals:
        raise ZeroDivisionError("no equity")

    async def test(_feed: MetricsFeed) -> None:
        await asyncio.sleep(0.5)

    [told] = with_a_feed(broken, free_port(), test)
    assert "ZeroDivisionError: no equity" in told


@pytest.mark.parametrize(("port", "host"), [(-1, "127.0.0.1"), (65_536, "127.0.0.1"), (1, " ")])
def test_what_is_no_address_is_refused(port: int, host: str) -> None:
    with pytest.raises(ConfigError, match=r"metrics\."):
        MetricsSettings(port=port, host=host)
