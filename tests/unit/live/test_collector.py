"""Garbage is collected when the market is quiet, and in short passes when it is not."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ikbr.live import collector
from ikbr.live.collector import Collector


class Loop:
    """Hold what is to be called."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def call_later(self, _delay: float, call: Callable[[], None]) -> Any:
        self.calls.append(call)
        return self

    def cancel(self) -> None:
        self.calls.clear()

    def turn(self) -> None:
        self.calls.pop(0)()


class Node:
    """Be garbage that only a pass frees."""

    alive = 0

    def __init__(self) -> None:
        self.me = self
        Node.alive += 1

    def __del__(self) -> None:
        Node.alive -= 1


@pytest.fixture
def world() -> Iterator[tuple[Loop, Collector, list[int]]]:
    """Give a loop, a collector that has begun, and the count of messages."""
    loop, messages = Loop(), [0]
    it = Collector(loop, lambda: messages[0])  # type: ignore[arg-type]
    Node.alive = 0
    it.begin()
    yield loop, it, messages
    it.end()
    gc.collect()


def waste(count: int) -> None:
    for _ in range(count):
        Node()


def test_nothing_is_collected_by_itself_and_what_was_there_is_frozen(
    world: tuple[Loop, Collector, list[int]],
) -> None:
    assert not gc.isenabled()
    assert gc.get_freeze_count() > 1_000
    waste(5_000)
    assert Node.alive == 5_000


def test_a_quiet_moment_is_used(world: tuple[Loop, Collector, list[int]]) -> None:
    loop, it, _ = world
    waste(collector.QUIET_MOST + 100)
    loop.turn()
    assert Node.alive == 0
    assert it.passes["quiet"] == 1


def test_a_busy_market_is_left_alone_up_to_a_bound(
    world: tuple[Loop, Collector, list[int]],
) -> None:
    loop, it, messages = world
    waste(collector.QUIET_MOST + 100)
    messages[0] += 1
    loop.turn()
    assert Node.alive == collector.QUIET_MOST + 100
    waste(collector.BUSY_MOST)
    messages[0] += 1
    loop.turn()
    assert Node.alive == 0
    assert it.passes["busy"] == 1


def test_after_a_long_rest_what_has_outlived_passes_is_looked_at_once_and_frozen(
    world: tuple[Loop, Collector, list[int]],
) -> None:
    loop, it, _ = world
    keep = [[number] for number in range(collector.WHOLE_MOST + 5_000)]
    frozen = gc.get_freeze_count()
    for _ in range(round(collector.REST_S / collector.LOOK_S) + 1):
        loop.turn()
    assert it.passes["whole"] == 1
    assert gc.get_freeze_count() >= frozen + len(keep)


def test_the_end_leaves_it_to_python_again(world: tuple[Loop, Collector, list[int]]) -> None:
    _, it, _ = world
    it.end()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
