"""The link watch: entries wait for a lost link, and go on once the gateway has answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.live.watch_rig import Desk

from ikbr.broker.connection import LinkState
from ikbr.domain.errors import BrokerError
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.live import link_watch
from ikbr.live.clock import MarketClock
from ikbr.live.link_watch import LinkWatch


class Link:
    """A link, and a gateway that answers at the attempt that a test says."""

    def __init__(self, answers_at: int) -> None:
        self.desk = Desk("2026-01-15T15:00")
        self.state, self.why = LinkState.READY, "a test says so"
        self.pacer = SimpleNamespace()
        self.asked = 0
        self._answers_at = answers_at
        supervision: Any = SimpleNamespace(
            on_state=lambda _state, _why: None, severity_of=lambda _state: "warning"
        )
        itself: Any = self
        self.watch = LinkWatch(
            itself, itself, self.desk.pipeline, MemoryJournal(), MarketClock(), supervision
        )
        self.becomes(LinkState.READY)

    def becomes(self, state: LinkState) -> None:
        self.state = state
        self.watch.on_state(state)

    async def again(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.asked < self._answers_at:
            raise BrokerError("nobody answers")


def in_loop(test: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_watch, "AGAIN_S", 0.01)
    asyncio.run(test())


def test_a_gateway_that_does_not_answer_after_a_lost_link_is_asked_until_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        link = Link(answers_at=3)
        assert link.desk.held == []
        link.becomes(LinkState.CUT_OFF)
        assert link.desk.held == ["link"]
        link.becomes(LinkState.READY)
        await asyncio.sleep(0.005)
        assert (link.asked, link.desk.held) == (1, ["link"])
        await asyncio.sleep(0.1)
        assert (link.asked, link.desk.held) == (3, [])

    in_loop(test, monkeypatch)


def test_nobody_is_asked_over_a_link_that_is_lost_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        link = Link(answers_at=99)
        link.becomes(LinkState.CUT_OFF)
        link.becomes(LinkState.READY)
        await asyncio.sleep(0.005)
        link.becomes(LinkState.DOWN)
        await asyncio.sleep(0.05)
        assert (link.asked, link.desk.held) == (1, ["link"])

    in_loop(test, monkeypatch)
