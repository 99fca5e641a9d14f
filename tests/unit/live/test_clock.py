"""The clocks of paper and live trading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ikbr.domain.timers import NEVER
from ikbr.live.clock import MarketClock, WallClock

SECOND = 1_000_000_000


class Wall:
    """A clock on the wall that is set by hand."""

    def __init__(self) -> None:
        self.ns = 100 * SECOND

    def __call__(self) -> int:
        return self.ns


def on_loop(test: Callable[[asyncio.AbstractEventLoop, Wall, WallClock, list[Exception]], None],
            turns: int = 3) -> None:  # fmt: skip
    async def main() -> None:
        wall, faults = Wall(), []
        clock = WallClock(asyncio.get_running_loop(), wall, faults.append)
        test(asyncio.get_running_loop(), wall, clock, faults)
        for _ in range(turns):
            await asyncio.sleep(0.002)
        clock.close()

    asyncio.run(main())


def test_time_never_goes_back() -> None:
    wall = Wall()
    loop = asyncio.new_event_loop()
    clock = WallClock(loop, wall, pytest.fail)
    assert clock.now_ns == 100 * SECOND
    wall.ns = 90 * SECOND
    assert clock.now_ns == 100 * SECOND
    wall.ns = 101 * SECOND
    assert clock.now_ns == 101 * SECOND
    loop.close()


def test_a_clock_that_is_set_back_goes_on_at_half_speed_until_the_two_have_met() -> None:
    wall, loop = Wall(), asyncio.new_event_loop()
    passed_s = 1_000.0
    loop.time = lambda: passed_s  # type: ignore[method-assign]
    clock = WallClock(loop, wall, pytest.fail)
    assert clock.now_ns == 100 * SECOND
    wall.ns -= 3 * SECOND
    told = []
    for _ in range(8):
        told.append(clock.now_ns / SECOND)
        passed_s += 1.0
        wall.ns += SECOND
    assert told == [100.0, 100.5, 101.0, 101.5, 102.0, 102.0, 103.0, 104.0]
    loop.close()


def test_a_timer_is_due_in_time_although_the_clock_is_set_back() -> None:
    ran: list[str] = []

    def test(_loop: object, wall: Wall, clock: WallClock, _faults: object) -> None:
        assert clock.now_ns
        wall.ns -= 3600 * SECOND
        clock.call_at(100 * SECOND + 1_000_000, ran.append, "in time")

    on_loop(test, turns=10)
    assert ran == ["in time"]


def test_what_is_due_runs_in_order_and_what_is_cancelled_does_not() -> None:
    ran: list[str] = []

    def test(_loop: object, wall: Wall, clock: WallClock, _faults: object) -> None:
        clock.call_at(wall.ns + 2, ran.append, "second")
        clock.call_at(wall.ns - 5, ran.append, "overdue")
        clock.call_at(wall.ns + 1, ran.append, "first")
        clock.call_at(wall.ns + 1, ran.append, "never").cancel()
        wall.ns += 10

    on_loop(test)
    assert ran == ["overdue", "first", "second"]


def test_a_timer_set_by_a_timer_runs_too() -> None:
    ran: list[int] = []

    def test(_loop: object, wall: Wall, clock: WallClock, _faults: object) -> None:
        def again() -> None:
            ran.append(len(ran))
            if len(ran) < 3:
                clock.call_at(wall.ns, again)

        clock.call_at(wall.ns, again)

    on_loop(test, turns=6)
    assert ran == [0, 1, 2]


def test_an_error_in_what_was_due_is_told_and_the_clock_goes_on() -> None:
    ran: list[str] = []
    told: list[Exception] = []

    def test(_loop: object, wall: Wall, clock: WallClock, faults: list[Exception]) -> None:
        nonlocal told
        told = faults
        clock.call_at(wall.ns, [].pop)
        clock.call_at(wall.ns, ran.append, "after")

    on_loop(test, turns=6)
    assert [type(one) for one in told] == [IndexError]
    assert ran == ["after"]


def test_the_market_waits_while_it_is_held_and_goes_on_to_the_next_timer() -> None:
    ended: list[tuple[int, int]] = []
    clock = MarketClock()
    clock.end_turn = lambda turn, until: ended.append((turn, until))
    clock.on_time(5 * SECOND)
    clock.on_turn(1)
    assert ended == []
    clock.call_at(9 * SECOND, list)
    clock.release()
    assert ended == [(1, 9 * SECOND)]
    clock.on_time(9 * SECOND)
    clock.on_turn(2)
    assert ended[-1] == (2, NEVER)


def test_timers_run_at_their_own_times_and_overdue_ones_before_the_turn_ends() -> None:
    clock, seen, flushed = MarketClock(), [], []
    clock.before_turn_ends = lambda: flushed.append(clock.now_ns)
    clock.call_at(3 * SECOND, lambda: seen.append(clock.now_ns))
    clock.on_time(5 * SECOND)
    clock.release()
    clock.call_at(1 * SECOND, lambda: seen.append(clock.now_ns))
    clock.on_turn(1)
    assert seen == [3 * SECOND, 5 * SECOND]
    assert flushed == [5 * SECOND]


def test_a_turn_of_a_link_that_was_lost_is_not_ended() -> None:
    ended: list[int] = []
    clock = MarketClock()
    clock.end_turn = lambda turn, _until: ended.append(turn)
    clock.on_turn(4)
    clock.hang_up()
    clock.release()
    assert ended == []


def test_a_turn_that_comes_while_the_market_is_held_is_ended_at_its_release() -> None:
    ended: list[int] = []
    clock = MarketClock()
    clock.end_turn = lambda turn, _until: ended.append(turn)
    clock.release()
    clock.hold()
    clock.on_turn(4)
    clock.on_turn(5)
    clock.release()
    assert ended == [5]


def test_whatever_goes_wrong_the_market_goes_on() -> None:
    ended: list[int] = []
    clock = MarketClock()
    clock.end_turn = lambda turn, _until: ended.append(turn)
    clock.release()
    clock.call_at(0, [].pop)
    with pytest.raises(IndexError):
        clock.on_turn(1)
    assert ended == [1]
