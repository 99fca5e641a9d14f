"""No second has more messages than IB allows, and cancellations do not stand in line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async import IB

from ikbr.broker import pacing
from ikbr.broker.pacing import LANES, Lane, Pacer, pace


class Wall:
    """Time, and what has gone at which time."""

    def __init__(self, rate: int) -> None:
        self.now = 0.0
        self.calls: list[tuple[float, Callable[[], None]]] = []
        self.went: list[tuple[float, str]] = []
        self.pacer = Pacer(
            rate,
            write=lambda message: self.went.append((self.now, message)),
            time_s=lambda: self.now,
            call_later=lambda delay, call: self.calls.append((self.now + delay, call)),
        )

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while self.calls and min(self.calls)[0] <= end:
            due = min(self.calls, key=lambda call: call[0])
            self.calls.remove(due)
            self.now = max(self.now, due[0])
            due[1]()
        self.now = end


DATA, ORDER, CANCEL, TIME = "1\0", "3\0", "4\0", "49\0"


def test_what_is_within_the_limit_goes_at_once() -> None:
    wall = Wall(3)
    for message in (DATA, DATA, ORDER):
        wall.pacer.send(message)
    assert [at for at, _ in wall.went] == [0.0] * 3
    assert wall.pacer.waiting == 0
    assert wall.calls == []


def test_what_is_urgent_overtakes_what_waits() -> None:
    wall = Wall(2)
    for message in (DATA, DATA, DATA, DATA, TIME, ORDER, CANCEL):
        wall.pacer.send(message)
    assert wall.pacer.waiting == 5
    wall.pass_time(0.999)
    assert wall.pacer.oldest_s == 0.999
    wall.pass_time(3)
    assert [message for _, message in wall.went] == [DATA, DATA, CANCEL, ORDER, TIME, DATA, DATA]
    assert [round(at) for at, _ in wall.went] == [0, 0, 1, 1, 2, 2, 3]
    assert (wall.pacer.oldest_s, wall.pacer.sent) == (0.0, 7)


@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from([DATA, ORDER, CANCEL])), max_size=60))
def test_no_second_has_too_many_and_nothing_is_lost(asked: list[tuple[float, str]]) -> None:
    wall = Wall(5)
    for wait, message in asked:
        wall.pass_time(wait)
        wall.pacer.send(message)
    wall.pass_time(60)
    assert sorted(message for _, message in wall.went) == sorted(m for _, m in asked)
    times = [at for at, _ in wall.went]
    assert all(later - first >= 1.0 - 1e-9 for first, later in zip(times, times[5:], strict=False))
    for lane in (ORDER, CANCEL):
        assert [m for _, m in wall.went].count(lane) == [m for _, m in asked].count(lane)


def test_what_waits_is_given_up_with_the_connection() -> None:
    wall = Wall(1)
    for _ in range(3):
        wall.pacer.send(DATA)
    wall.pacer.clear()
    wall.pass_time(10)
    assert (len(wall.went), wall.pacer.dropped, wall.pacer.waiting) == (1, 2, 0)
    wall.pacer.send(ORDER)
    assert wall.went[-1] == (10.0, ORDER)


def test_data_without_end_is_not_kept_but_orders_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "MOST_WAITING", 2)
    wall = Wall(1)
    for _ in range(5):
        wall.pacer.send(DATA)
    wall.pacer.send(ORDER)
    assert (wall.pacer.dropped, wall.pacer.waiting) == (2, 3)


@pytest.mark.parametrize(
    ("number", "lane"), [("4", Lane.CANCEL), ("58", Lane.CANCEL), ("3", Lane.ORDER)]
)
def test_the_lanes_are_those_of_the_wire(number: str, lane: Lane) -> None:
    assert LANES[number] is lane
    assert LANES.get("20", Lane.DATA) is Lane.DATA


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


def test_ib_async_sends_through_the_pacer(loop: asyncio.AbstractEventLoop) -> None:
    ib = IB()
    client: Any = ib.client
    sent: list[bytes] = []
    client.conn.sendMsg = sent.append
    pacer = pace(ib, loop, rate=2)
    client.connState = client.CONNECTED
    for _ in range(3):
        client.reqCurrentTime()
    assert (len(sent), pacer.waiting) == (2, 1)
    client.connState = client.DISCONNECTED
    ib.disconnectedEvent.emit()
    assert (pacer.waiting, pacer.dropped) == (0, 1)
