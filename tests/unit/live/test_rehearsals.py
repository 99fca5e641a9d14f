"""Orders are rehearsed a moment after something was read, and not again before that is over."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.live.rehearsals import Rehearsals


class Loop:
    """Hold what is to be called."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def call_later(self, _delay: float, call: Callable[[], None]) -> object:
        self.calls.append(call)
        return self

    def turn(self) -> None:
        self.calls.pop(0)()


def test_reads_that_follow_each_other_are_followed_by_one_rehearsal() -> None:
    loop, done = Loop(), [0]

    def rehearse() -> None:
        done[0] += 1

    it = Rehearsals(loop, rehearse, print)  # type: ignore[arg-type]
    assert loop.calls == []
    for _ in range(3):
        it.on_read()
    loop.turn()
    assert (done, loop.calls) == ([1], [])
    it.on_read()
    loop.turn()
    assert done == [2]


def test_a_rehearsal_that_fails_is_told_once_and_is_the_last() -> None:
    loop, told = Loop(), []

    def rehearse() -> None:
        raise ValueError("the way is blocked")

    it = Rehearsals(loop, rehearse, told.append)  # type: ignore[arg-type]
    it.on_read()
    loop.turn()
    it.on_read()
    assert loop.calls == []
    assert [str(fault) for fault in told] == ["the way is blocked"]
