"""Requests wait where IB would object, and the simulated gateway never has to."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.broker.history_budget import HistoryBudget
from ikbr.gateway.history_pace import HistoryPace

SECOND = 10**9


class Day:
    """A budget on a clock that runs when it is waited for."""

    def __init__(self, **options: int) -> None:
        self.now = 100.0
        self.budget = HistoryBudget(time_s=lambda: self.now, sleep=self.sleep, **options)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    async def ask(self, same: str, kind: str = "a", **more: bool) -> float:
        with await self.budget.turn(same, kind, **{"small": True, **more}):
            return self.now


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from("ab"), st.booleans(), st.floats(0, 3)),
        min_size=1,
        max_size=90,
    )
)
def test_the_gateway_never_has_to_object(asked: list[tuple[int, str, bool, float]]) -> None:
    async def main() -> None:
        day, pace = Day(), HistoryPace()
        for number, kind, twice, wait in asked:
            day.now += wait
            at = await day.ask(f"{kind}{number}", kind, twice=twice)
            assert pace.allows(round(at * SECOND), f"{kind}{number}", kind, twice=twice)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("requests", "small", "waited"),
    [
        (["a", "b", "c"], True, 0.0),
        (["a", "a"], True, 15.05),
        (["a", "a"], False, 0.0),
        (["a", "b", "c", "d", "e", "f"], True, 2.05),
        ([f"{n}" for n in range(61)], True, 600.05),
        ([f"{n}" for n in range(200)], False, 0.0),
    ],
)
def test_how_long_requests_wait(requests: list[str], small: bool, waited: float) -> None:
    async def main() -> None:
        day = Day()
        for one in requests:
            last = await day.ask(one, small=small)
        assert last - 100.0 == pytest.approx(waited, abs=0.2)

    asyncio.run(main())


def test_a_pause_holds_everything_back_and_places_are_given_back() -> None:
    async def main() -> None:
        day = Day(most_open=1)
        day.budget.pause(30.0)
        assert await day.ask("a", small=False) == 130.0
        assert await day.ask("a", small=False) == 130.0
        with await day.budget.turn("a", "a", small=False):
            blocked = asyncio.ensure_future(day.ask("b", small=False))
            await asyncio.sleep(0)
            assert not blocked.done()
        await blocked
        day.budget.pause(1e9)
        waiting = asyncio.ensure_future(day.budget.turn("a", "a", small=False))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
