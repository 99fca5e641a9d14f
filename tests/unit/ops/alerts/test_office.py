"""The office sends what is due, tries again what failed, and keeps the heartbeat honest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ikbr.domain.alerts import AlertRoute, AlertRules
from ikbr.domain.events import Alert
from ikbr.ops.alerts import office
from ikbr.ops.alerts.note import Message
from ikbr.ops.alerts.office import Office
from ikbr.ops.alerts.words import Setup, Trouble


class Doors:
    """Lead to people who answer as they are told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.pings = 0
        self.answers: dict[str, str] = {}
        self.hangs: set[str] = set()
        self.open = threading.Event()

    def send(self, url: str, message: Message) -> str:
        if url in self.hangs:
            self.open.wait(20)
        self.sent.append((url, message))
        return self.answers.get(url, "")

    def ping(self, url: str) -> str:
        self.pings += 1
        return self.answers.get(url, "")


class Trial:
    """An office with targets `a` and `b`, and a clock of its own."""

    def __init__(self, **rules: float) -> None:
        self.doors = Doors()
        self.troubles: list[Trouble] = []
        routes = {"a": AlertRoute(), "b": AlertRoute(severity="critical")}
        urls = {"a": "json://a", "b": "json://b"}
        setup = Setup("bot", AlertRules(**rules), routes, urls, "http://h")  # type: ignore[arg-type]
        self.office = Office(setup, self.doors, self.troubles.append, time.time)

    def alert(self, now_s: float, words: str = "lost", severity: str = "warning") -> None:
        self.office.take(Alert(1, severity, "link", words), now_s)

    def turn_until(self, done: Callable[[], bool], now_s: float, ending: bool = False) -> None:
        """Turn at one time until threads have done their part."""
        until = time.monotonic() + 10
        while not done():
            assert time.monotonic() < until
            self.office.turn(now_s, ending=ending)
            time.sleep(0.001)

    def told(self, url: str) -> list[str]:
        return [message.body for to, message in self.doors.sent if to == url]


def test_each_target_is_told_once_of_what_it_wants() -> None:
    trial = Trial()
    trial.alert(0)
    trial.alert(0, "dead", "critical")
    trial.turn_until(lambda: trial.office.is_done, 0)
    assert len(trial.told("json://a")) == 1
    assert trial.told("json://b") == ["00:00:00Z dead"]
    assert trial.troubles == []


def test_a_target_that_hangs_holds_up_no_other() -> None:
    trial = Trial()
    trial.doors.hangs = {"json://a"}
    trial.alert(0, "dead", "critical")
    trial.turn_until(lambda: bool(trial.told("json://b")), 0)
    assert trial.told("json://a") == []
    trial.doors.open.set()
    trial.turn_until(lambda: trial.office.is_done, 0)


def test_what_failed_is_tried_again_later_and_the_trouble_is_told_once() -> None:
    trial = Trial()
    trial.doors.answers = {"json://a": "no way"}
    trial.alert(0)
    trial.turn_until(lambda: len(trial.doors.sent) == 1 and bool(trial.troubles), 0)
    for _ in range(20):
        trial.office.turn(1.9)
    assert len(trial.doors.sent) == 1
    trial.turn_until(lambda: len(trial.doors.sent) == 2, 4.1)
    trial.doors.answers = {}
    trial.turn_until(lambda: trial.office.is_done, 20)
    assert trial.troubles == [
        Trouble("a could not be told, it is tried again: no way"),
        Trouble("a can be told again", over=True),
    ]
    assert len(trial.doors.sent) == 3


def test_a_message_that_nobody_takes_gives_way_to_a_critical_one() -> None:
    trial = Trial()
    trial.doors.answers = {"json://a": "it is too long"}
    trial.alert(0)
    for now_s in (0, 10, 30, 70):
        sent = len(trial.doors.sent)
        trial.turn_until(lambda sent=sent: len(trial.doors.sent) > sent, now_s)  # type: ignore[misc]
    trial.turn_until(lambda: not trial.office._counters[0]._worker.busy, 71)
    trial.alert(72, "the stop is lost", "critical")
    trial.doors.answers = {}
    trial.turn_until(lambda: trial.office.is_done, 72)
    last = trial.told("json://a")[-1]
    assert "the stop is lost" in last
    assert "1 more were left out" in last


def test_what_nobody_takes_for_an_hour_is_dropped_and_counted() -> None:
    trial = Trial()
    trial.doors.answers = {"json://a": "no way"}
    trial.alert(0)
    for now_s in range(0, 4_500, 310):
        sent = len(trial.doors.sent)
        trial.turn_until(lambda sent=sent: len(trial.doors.sent) > sent, now_s)  # type: ignore[misc]
        if "left out" in trial.doors.sent[-1][1].body:
            break
    trial.doors.answers = {}
    trial.turn_until(lambda: trial.office.is_done, 9_000)
    assert "1 more were left out" in trial.told("json://a")[-1]


@pytest.mark.parametrize(
    ("ready", "silent_s", "pings"),
    [(True, 0.0, 5), (False, 0.0, 0), (True, office.FRESH_S + 1, 0)],
)
def test_the_heartbeat_is_asked_only_while_the_loop_turns_and_trading_is_ready(
    ready: bool, silent_s: float, pings: int
) -> None:
    trial = Trial(heartbeat_s=10)
    for now_s in range(50):
        trial.office.beat(ready=ready, lost=0, now_s=now_s - silent_s)
        before = trial.doors.pings
        trial.office.turn(now_s)
        if ready and not silent_s and now_s % 10 == 0:
            trial.turn_until(lambda before=before: trial.doors.pings > before, now_s)  # type: ignore[misc]
            time.sleep(0.02)
    assert trial.doors.pings == pings


def test_a_heartbeat_that_fails_is_told_once_and_so_is_its_return() -> None:
    trial = Trial(heartbeat_s=10)
    trial.doors.answers = {"http://h": "it answers with 500"}
    for now_s in range(0, 60, 10):
        if now_s == 30:
            trial.doors.answers = {}
        trial.office.beat(ready=True, lost=0, now_s=now_s)
        before = trial.doors.pings
        trial.turn_until(lambda before=before: trial.doors.pings > before, now_s)  # type: ignore[misc]
        time.sleep(0.02)
    assert [trouble.words for trouble in trial.troubles] == [
        "the heartbeat fails: it answers with 500",
        "the heartbeat is heard again",
    ]


def test_alerts_that_never_reached_the_courier_are_told_as_a_number() -> None:
    trial = Trial()
    trial.office.beat(ready=True, lost=7, now_s=0)
    trial.office.beat(ready=True, lost=7, now_s=1)
    trial.turn_until(lambda: trial.office.is_done, 1)
    assert [("7 more were left out" in body) for body in trial.told("json://a")] == [True]
