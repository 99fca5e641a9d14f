"""The hours of the coming days are asked for until they are known, and a person is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.live.watch_rig import SECOND, Desk

from ikbr.domain.errors import BrokerError
from ikbr.live import hours
from ikbr.live.hours import HoursAhead

START = "2026-01-14T21:00"


class Ahead:
    """Hours that come at the attempt that a test says."""

    def __init__(self, left: int, answers_at: int) -> None:
        self.desk = Desk(START)
        self.asked = 0
        self._answers_at = answers_at
        self.desk.pipeline.after_close = []
        self.desk.pipeline.agenda = SimpleNamespace(left=left, extend=lambda new: new)
        nothing: Any = None
        self.hours = HoursAhead(nothing, nothing, self.desk.pipeline)

    async def ask(self, *_what: Any) -> list[Any]:
        self.asked += 1
        if self.asked < self._answers_at:
            raise BrokerError("no answer came")
        return []

    async def close(self) -> None:
        for told in self.desk.pipeline.after_close:
            told(None)
        await asyncio.sleep(0)

    async def wait(self, minutes: int) -> None:
        self.desk.clock.advance(self.desk.clock.now_ns + minutes * 60 * SECOND)
        await asyncio.sleep(0)


def played(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch, play: Callable[[Ahead], Any]
) -> list[tuple[str, str]]:
    monkeypatch.setattr(hours, "ask_sessions", ahead.ask)
    asyncio.run(play(ahead))
    return ahead.desk.told


@pytest.mark.parametrize(("left", "severity"), [(2, "warning"), (0, "critical")])
def test_hours_that_are_not_told_are_asked_for_again_and_a_person_hears(
    left: int, severity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(ahead: Ahead) -> None:
        await ahead.close()
        for _ in range(3):
            await ahead.wait(10)

    ahead = Ahead(left, answers_at=3)
    told = played(ahead, monkeypatch, play)
    assert ahead.asked == 3
    assert [one[0] for one in told] == [severity] * 2
    assert "no answer came" in told[0][1]


def test_nothing_is_asked_while_enough_sessions_are_known_or_once_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def play(ahead: Ahead) -> None:
        await ahead.close()
        ahead.hours.stop()
        await ahead.wait(10)

    enough, over = Ahead(3, answers_at=1), Ahead(0, answers_at=9)
    assert played(enough, monkeypatch, play) == []
    assert enough.asked == 0
    played(over, monkeypatch, play)
    assert over.asked == 1
