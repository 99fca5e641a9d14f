"""No second has more messages than IB allows, and cancellations do not stand in line."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async import IB

from ikbr.broker import pacing
from ikbr.broker.pacing import LANES, WINDOW_S, Lane, Pacer, Placing, pace, pacer_of
from ikbr.domain.errors import BrokerError


class Wall:
    """Time, and what has gone at which time."""

    def __init__(self, rate: int) -> None:
        self.now = 0.0
        self.given_up: list[Counter[int]] = []
        self.late: list[bool] = []
        self.calls: list[tuple[float, Callable[[], None]]] = []
        self.went: list[tuple[float, str]] = []
        self.pacer = Pacer(
            rate,
            write=lambda message: self.went.append((self.now, message)),
            time_s=lambda: self.now,
            call_later=lambda delay, call: self.calls.append((self.now + delay, call)),
        )
        self.pacer.on_given_up = self.given_up.append
        self.pacer.on_late = self.late.append

    def place(self, order_id: int, lane: Lane = Lane.OPEN, parent: int = 0, **more: bool) -> str:
        self.pacer.place(order_id, f"3\0{order_id}\0", Placing(lane, parent, **more))
        return f"3\0{order_id}\0"

    @property
    def messages(self) -> list[str]:
        return [message for _, message in self.went]

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while self.calls and min(self.calls)[0] <= end:
            due = min(self.calls, key=lambda call: call[0])
            self.calls.remove(due)
            self.now = max(self.now, due[0])
            due[1]()
        self.now = end


DATA, ORDER, CANCEL, TIME = "1\0", "3\x007\0", "4\x001\x008\0", "49\0"


def test_a_second_that_a_float_misses_is_not_waited_for_without_end() -> None:
    wall = Wall(2)
    wall.now = 7.77947
    assert (wall.now + WINDOW_S) - wall.now < WINDOW_S
    for order_id in range(3):
        wall.place(order_id)
    for _ in range(3):
        if wall.calls:
            [(wall.now, wake)] = wall.calls
            wall.calls.clear()
            wake()
    assert len(wall.went) == 3


@pytest.mark.parametrize(("rate", "is_worked_off"), [(45, False), (49, True)])
def test_what_gathers_in_a_hang_of_a_second_is_worked_off_at_forty_orders_a_second(
    rate: int, is_worked_off: bool
) -> None:
    # 45 messages in 1.1 seconds are 40.9 a second: 40 orders leave next to no room.
    wall = Wall(rate)
    waits = []
    for order_id in range(640):
        if order_id == 100:
            wall.pass_time(1.0)
        wall.place(order_id)
        wall.pass_time(0.0 if 100 <= order_id < 140 else 1 / 40)
        waits.append(wall.pacer.oldest_s)
    assert (max(waits[540:]) < 0.1) is is_worked_off


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
    assert all(
        later - first >= WINDOW_S - 1e-9 for first, later in zip(times, times[5:], strict=False)
    )
    for lane in (ORDER, CANCEL):
        assert [m for _, m in wall.went].count(lane) == [m for _, m in asked].count(lane)


def test_messages_that_arrive_sooner_than_the_last_ones_do_not_break_the_limit() -> None:
    wall, rate = Wall(40), 50
    for _ in range(80):
        wall.pacer.send(DATA)
    wall.pass_time(10)
    arrivals = sorted(
        at + (0.09 if number < 40 else 0.0) for number, (at, _) in enumerate(wall.went)
    )
    assert all(b - a >= 1.0 for a, b in zip(arrivals, arrivals[rate:], strict=False))


def test_what_waits_is_given_up_with_the_connection_and_its_orders_are_named() -> None:
    wall = Wall(1)
    for message in (DATA, DATA, ORDER, ORDER, CANCEL):
        wall.pacer.send(message)
    wall.place(9)
    wall.pacer.clear()
    wall.pass_time(10)
    assert (len(wall.went), wall.pacer.given_up, wall.pacer.waiting) == (1, 5, 0)
    assert wall.given_up == [Counter({7: 2, 9: 1})]
    wall.pacer.send(ORDER)
    assert wall.went[-1] == (10.0, ORDER)
    wall.pacer.clear()
    assert len(wall.given_up) == 1


def test_data_without_end_is_refused_but_orders_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "MOST_WAITING", 2)
    wall = Wall(1)
    for _ in range(3):
        wall.pacer.send(DATA)
    with pytest.raises(BrokerError, match="2 requests for data wait"):
        wall.pacer.send(DATA)
    wall.pacer.send(ORDER)
    assert wall.pacer.waiting == 3


def test_orders_that_close_go_before_orders_that_open() -> None:
    wall = Wall(2)
    wall.pacer.send(DATA)
    wall.pacer.send(DATA)
    opening = [wall.place(number) for number in (1, 2)]
    closing = [wall.place(number, Lane.CLOSE) for number in (3, 4)]
    wall.pacer.send(CANCEL)
    wall.pass_time(5)
    assert wall.messages == [DATA, DATA, CANCEL, *closing, *opening]


def test_messages_of_one_order_keep_their_order_whatever_their_lanes() -> None:
    wall = Wall(1)
    wall.pacer.send(DATA)
    first, cancel = wall.place(1), "4\x001\x001\0"
    wall.place(2, Lane.CLOSE)
    change = wall.place(1, Lane.CLOSE)
    wall.pacer.send(cancel)
    wall.pass_time(9)
    assert wall.messages == [DATA, "3\x002\0", first, change, cancel]
    wall.place(1)
    assert wall.messages[-1] == first


def test_a_family_goes_together_or_not_at_all() -> None:
    wall = Wall(4)
    wall.pacer.send(DATA)
    wall.pacer.send(DATA)
    wall.place(1, more=True)
    assert wall.messages == [DATA, DATA]
    wall.place(2, Lane.CLOSE, 1, more=True)
    wall.place(3, Lane.CLOSE, 1)
    assert wall.messages == [DATA, DATA]
    wall.pass_time(WINDOW_S)
    assert wall.messages[2:] == [f"3\0{n}\0" for n in (1, 2, 3)]
    wall.place(4, more=True)
    wall.pacer.clear()
    assert wall.given_up == [Counter({4: 1})]


def test_a_family_that_was_left_alone_goes_when_its_head_is_sent_again() -> None:
    wall = Wall(9)
    wall.place(1, more=True)
    wall.place(2, parent=1, more=True)
    assert wall.messages == []
    wall.place(2, parent=1)
    assert wall.messages == ["3\x001\0", "3\x002\0", "3\x002\0"]


def test_an_order_that_waits_is_taken_back_with_its_family() -> None:
    wall = Wall(1)
    wall.pacer.send(DATA)
    wall.place(1, more=True)
    wall.place(2, parent=1)
    wall.place(3)
    assert wall.pacer.take_back(2) == Counter()
    assert wall.pacer.take_back(1) == Counter({1: 1, 2: 1})
    assert wall.pacer.take_back(1) == Counter()
    wall.pass_time(9)
    assert wall.messages == [DATA, "3\x003\0"]


def test_waiting_for_too_long_is_told_once_but_data_may_wait() -> None:
    wall = Wall(1)
    for _ in range(4):
        wall.pacer.send(DATA)
    wall.pass_time(2.5)
    assert (wall.late, wall.pacer.is_late) == ([], False)
    for number in range(1, 5):
        wall.place(number)
    wall.pass_time(2.0)
    assert (wall.late, wall.pacer.is_late) == ([True], True)
    wall.pass_time(9.0)
    assert (wall.late, wall.pacer.oldest_s) == ([True, False], 0.0)
    wall.place(5)
    wall.place(6)
    wall.pass_time(0.5)
    wall.pacer.clear()
    assert wall.late == [True, False]


@pytest.mark.parametrize(
    ("number", "lane"), [("4", Lane.CANCEL), ("58", Lane.CANCEL), ("3", Lane.OPEN)]
)
def test_the_lanes_are_those_of_the_wire(number: str, lane: Lane) -> None:
    assert LANES[number] is lane
    assert LANES.get("20", Lane.DATA) is Lane.DATA


def test_ib_async_sends_through_the_pacer() -> None:
    async def main() -> None:
        ib = IB()
        client: Any = ib.client
        sent: list[bytes] = []
        client.conn.sendMsg = sent.append
        assert pacer_of(ib) is None
        pacer = pace(ib, rate=2)
        assert pacer_of(ib) is pacer
        client.connState = client.CONNECTED
        for _ in range(3):
            client.reqCurrentTime()
        assert (len(sent), pacer.waiting) == (2, 1)
        client.connState = client.DISCONNECTED
        ib.disconnectedEvent.emit()
        assert (pacer.waiting, pacer.given_up) == (0, 1)

    asyncio.run(main())


def test_an_order_behind_a_burst_of_subscriptions_goes_at_once() -> None:
    time = [0.0]
    written: list[str] = []
    pacer = Pacer(40, write=written.append, time_s=lambda: time[0],
                  call_later=lambda _delay, _call: None)  # fmt: skip
    for number in range(100):
        pacer.send(f"1\x0011\0{number}\0")
    assert len(written) == 30
    pacer.place(7, "3\x007\0", Placing(Lane.OPEN))
    assert written[-1] == "3\x007\0"
    # What is kept free is for what is urgent, and no more than that in a second.
    for number in range(8, 30):
        pacer.send(f"3\0{number}\0")
    assert len(written) == 40
