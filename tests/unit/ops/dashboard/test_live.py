"""What pages hear of a bot, and what becomes of the line to it."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from dash_rig import BOT, PlayedFeed, Served, people, served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from ikbr.ops.dashboard.hub import MOST_WAITING, Hub
from ikbr.ops.dashboard.replica import EVENTS

INFO = {"type": "bot", "name": "paper 4002/7", "mode": "paper", "account": "DU1", "strategies": []}


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ikbr-") as name:
        yield Path(name)


def heard(line: ClientConnection, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    while not (messages and until(messages[-1])):
        messages.append(json.loads(line.recv(timeout=5)))
    return messages


def alive(dashboard: Served) -> None:
    patience = time.monotonic() + 5
    while not dashboard.dashboard.watch.replicas[BOT].info.get("account"):
        assert time.monotonic() < patience
        time.sleep(0.005)


def test_a_page_hears_everything_at_once_and_then_what_changes(folder: Path) -> None:
    with PlayedFeedSoon(folder) as soon, served(folder, passwords=people()) as dashboard:
        feed = soon.feed()
        feed.say(**INFO)
        feed.say(type="equity", points=[[1, 100.0]])
        feed.say(type="state", equity=100.0)
        feed.say(type="prices", symbols={"SPY": {"bid": 1.0}})
        feed.say(type="prices", symbols={"KO": {"bid": 2.0}})
        feed.say(type="event", kind="fill", id=1)
        feed.say(type="equity", points=[[2, 101.0]])
        alive(dashboard)
        with dashboard.browser("ann").listen() as line:
            first = heard(line, lambda one: one["type"] == "equity")
            assert [one["type"] for one in first] == [
                "hello", "bots", "state", "prices", "event", "equity",
            ]  # fmt: skip
            assert first[0] == {
                "type": "hello",
                "role": "trader",
                "user": "ann",
                "version": "1.2.3",
            }
            [bot] = first[1]["bots"]
            assert (bot["id"], bot["alive"], bot["account"]) == (BOT, True, "DU1")
            assert set(first[3]["symbols"]) == {"SPY", "KO"}
            assert first[5]["points"] == [[1, 100.0], [2, 101.0]]
            feed.say(type="state", equity=102.0)
            [news] = heard(line, lambda one: one["type"] == "state")
            assert (news["equity"], news["bot"]) == (102.0, BOT)
            feed.line.close()
            gone = heard(line, lambda one: one["type"] == "bots")
            assert gone[0] == {"type": "gone", "bot": BOT, "why": "it has ended"}
            assert gone[1]["bots"][0]["alive"] is False


def test_a_page_hears_all_that_is_known_however_much_that_is(folder: Path) -> None:
    with PlayedFeedSoon(folder) as soon, served(folder, passwords=people()) as dashboard:
        feed = soon.feed()
        feed.say(**INFO)
        alive(dashboard)
        kinds = range(MOST_WAITING // EVENTS + 1)
        events = [{"type": "event", "kind": f"k{n}", "id": n} for n in kinds for _ in range(EVENTS)]
        replica = dashboard.dashboard.watch.replicas[BOT]
        for event in events:
            replica.take(event)
        with dashboard.browser("ann").listen() as line:
            first = [json.loads(line.recv(timeout=5)) for _ in range(2 + len(events))]
        assert [one["id"] for one in first[2:]] == [event["id"] for event in events]


def test_a_bot_that_talks_nonsense_is_let_go_and_told(folder: Path) -> None:
    with PlayedFeedSoon(folder) as soon, served(folder, passwords=people()) as dashboard:
        feed = soon.feed()
        feed.say(**INFO)
        alive(dashboard)
        with dashboard.browser("bob").listen() as line:
            heard(line, lambda one: one["type"] == "bots")
            feed.line.sendall(b"{nonsense\n")
            [gone] = heard(line, lambda one: one["type"] == "gone")
            assert "cannot be read" in gone["why"]
            # What it looks like from inside is no page's business.
            assert "nonsense" not in gone["why"]


def test_a_page_that_talks_is_dropped(folder: Path) -> None:
    with served(folder, passwords=people()) as dashboard:
        with dashboard.browser("bob").listen() as line:
            # It may be shut before everything was said.
            with suppress(ConnectionClosed):
                for _ in range(50):
                    line.send("hello?")
                for _ in line:
                    pass
            assert line.close_code == 1013
        assert dashboard.browser("bob").ask("GET", "/api/me")[0] == 200


def test_a_page_that_is_too_slow_is_dropped_and_the_others_hear_on() -> None:
    hub = Hub()
    slow, quick = hub.join(), hub.join()
    assert slow is not None
    assert quick is not None
    for number in range(MOST_WAITING + 10):
        hub.tell({"number": number})
        quick.waiting.get_nowait()
    assert slow.dropped
    assert slow.waiting.get_nowait() is None
    assert slow.waiting.empty()
    assert not quick.dropped


class PlayedFeedSoon:
    """Hold a bot's socket open; the dashboard finds it by itself."""

    def __init__(self, folder: Path) -> None:
        self._played = PlayedFeed(folder / "bot.feed")
        self._thread = threading.Thread(target=self._played.__enter__)

    def __enter__(self) -> PlayedFeedSoon:
        self._thread.start()
        return self

    def feed(self) -> PlayedFeed:
        self._thread.join(10)
        return self._played

    def __exit__(self, *error: object) -> None:
        self._thread.join(10)
        self._played.__exit__(*error)
