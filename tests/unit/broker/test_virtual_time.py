"""A program that waits lets the market play: to what concerns it, and no further."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from ikbr.broker.sim_client import Cable
from ikbr.broker.virtual_loop import VirtualLoop, VirtualPolicy
from ikbr.broker.virtual_time import SECOND, Driver, TapeEnded

START = 1_000 * SECOND
FAR = 2**63 - 1


class Due:
    def __init__(self, next_ns: int = FAR) -> None:
        self.next_ns = next_ns


class Market:
    """A market of bare times; some of them are news."""

    def __init__(self, rows: list[float], timers: tuple[float, ...] = ()) -> None:
        self.now_ns = START
        self.rows = [START + round(row * SECOND) for row in rows]
        self.timers = [START + round(timer * SECOND) for timer in timers]
        self.player, self.clock = Due(), Due()
        self.news_at: set[float] = set()
        self.news = False
        self.played: list[float] = []
        self._show()

    def _show(self) -> None:
        self.player.next_ns = self.rows[0] if self.rows else FAR
        self.clock.next_ns = self.timers[0] if self.timers else FAR

    @property
    def ended(self) -> bool:
        return not self.rows

    def step(self, rows: int = 1) -> int:
        for _ in range(rows):
            self._reach(self.rows.pop(0))
        return rows

    def advance_to(self, ts_ns: int) -> int:
        for due in sorted(t for t in [*self.rows, *self.timers] if t <= ts_ns):
            (self.rows if due in self.rows else self.timers).remove(due)
            self._reach(due)
        self.now_ns = max(self.now_ns, ts_ns)
        self._show()
        return 0

    def _reach(self, ts_ns: int) -> None:
        self.now_ns = ts_ns
        at = (ts_ns - START) / SECOND
        self.played.append(at)
        self.news |= at in self.news_at
        self._show()


class NewsCable(Cable):
    def __init__(self, market: Market) -> None:
        super().__init__(lambda: None)
        self.market = market

    def deliver(self) -> bool:
        news, self.market.news = self.market.news, False
        return news


def driver_of(market: Market) -> Driver:
    return Driver(market, NewsCable(market))


@pytest.mark.parametrize(
    ("wait", "news", "now", "played"),
    [
        (2.5, [], 2.5, [1, 2]),
        (3.0, [], 3.0, [1, 2, 3]),
        (2.5, [2], 2, [1, 2]),
        (0.5, [1], 0.5, []),
        (None, [3], 3, [1, 2, 3]),
    ],
)
def test_waiting_ends_at_the_news_or_at_the_limit(
    wait: float | None, news: list[float], now: float, played: list[float]
) -> None:
    market = Market([1, 2, 3, 4])
    market.news_at = set(news)
    driver = driver_of(market)
    driver.wait(wait)
    assert (driver.seconds(), market.played) == (now, played)


def test_news_that_waits_moves_nothing() -> None:
    market = Market([1, 2])
    market.news = True
    driver = driver_of(market)
    driver.wait(5)
    assert market.played == []


def test_timers_between_rows_are_reached_by_themselves() -> None:
    market = Market([1, 4], (2, 3))
    market.news_at = {2}
    driver = driver_of(market)
    driver.wait(10)
    assert driver.seconds() == 2


def test_a_blocking_sleep_plays_on_without_a_word() -> None:
    market = Market([1, 2, 3])
    market.news_at = {1}
    driver = driver_of(market)
    driver.sleep(2.5)
    assert (driver.seconds(), market.played) == (2.5, [1, 2])


def test_a_program_that_waits_for_nothing_is_ended_with_the_tape() -> None:
    market = Market([1])
    driver = driver_of(market)
    with pytest.raises(TapeEnded):
        driver.wait(None)
    assert market.played == [1]


def test_a_program_may_see_its_last_answers_and_is_then_ended_again_and_again() -> None:
    driver = driver_of(Market([1]))
    driver.wait(1)
    for _ in range(2):
        driver.wait(50)
        with pytest.raises(TapeEnded):
            driver.wait(50)
    assert driver.seconds() == 101


@pytest.fixture
def virtual() -> Iterator[Driver]:
    driver = driver_of(Market([1, 2, 3, 3_600]))
    before = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(VirtualPolicy(driver))
    yield driver
    asyncio.set_event_loop_policy(before)


def test_sleeping_takes_virtual_time_only(virtual: Driver) -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        times = [loop.time()]
        for seconds in (0, 0.1, 1e-9, 2.9, 600):
            await asyncio.sleep(seconds)
            times.append(loop.time())
        return times

    times = asyncio.run(main())
    assert times == pytest.approx([0, 0, 0.1, 0.1, 3.0, 603.0])


def test_timeouts_and_order_follow_virtual_time(virtual: Driver) -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_later(7, seen.append, "seven")
        loop.call_later(5, seen.append, "five")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 60)
        seen.append(str(round(loop.time())))
        return seen

    assert asyncio.run(main()) == ["five", "seven", "60"]


def test_real_sockets_work_beside_it(virtual: Driver) -> None:
    async def main() -> bytes:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.send(b"real")
            return await asyncio.get_running_loop().sock_recv(ours, 10)

    assert asyncio.run(main()) == b"real"
    assert virtual.seconds() == 0
