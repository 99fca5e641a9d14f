"""Alerts leave through a real process to a real receiver: each once, and nobody waits for it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from alert_rig import PATIENCE_S, TOKEN, Receiver, receiver

from ikbr.domain.alerts import AlertRoute, AlertRules
from ikbr.domain.events import Alert
from ikbr.live.supervisor import GAVE_UP, Patience, Supervisor
from ikbr.ops.alerts import courier as courier_module
from ikbr.ops.alerts.courier import WAITING, Courier
from ikbr.ops.alerts.words import Setup


@pytest.fixture
def hole() -> Iterator[str]:
    """Listen, take connections, and never answer."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(64)
        yield f"json://127.0.0.1:{door.getsockname()[1]}/{TOKEN}"


def setup_of(urls: dict[str, str], heartbeat: str = "", **rules: float) -> Setup:
    routes = {name: AlertRoute() for name in urls}
    return Setup("bot", AlertRules(**rules), routes, urls, heartbeat)  # type: ignore[arg-type]


def alert(words: str, severity: str = "warning", over: bool = False, source: str = "x") -> Alert:
    return Alert(1, severity, source, words, over)


__all__ = ["receiver"]


class Said:
    """Keep what a courier says of its targets."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, _level: int, words: str) -> None:
        self.lines.append(words)


NAMES = ("ada", "bob", "cat", "dan", "eve", "fay", "gus", "hal", "ida", "jim")


def test_each_alert_arrives_once_at_each_target_and_repeats_are_counted(
    receiver: Receiver,
) -> None:
    courier = Courier(setup_of({"phone": receiver.url(), "mail": receiver.url("mail")}))
    courier.start()
    for name in NAMES:
        courier.tell(alert(f"about {name}"))
    for _ in range(5):
        courier.tell(alert("about ada"))
    courier.tell(alert("all is well", "info", over=True))
    courier.close()
    for target in ("phone", "mail"):
        told = " ".join(receiver.words(target))
        assert [told.count(f"about {name}") for name in NAMES] == [2, *[1] * 9]
        assert "about ada (5 more times within 1 min; it is over)" in told
        assert told.count("all is well") == 1
    assert courier.lost == 0
    assert courier.process is not None
    assert courier.process.returncode == 0


def test_a_network_that_hangs_is_noticed_by_nobody(hole: str, receiver: Receiver) -> None:
    said = Said()
    setup = setup_of({"hole": hole, "phone": receiver.url()}, flush_s=0.5)
    courier = Courier(setup, said)
    courier.start()
    slowest_s = 0.0
    for number in range(500):
        began = time.perf_counter()
        courier.tell(alert(f"about {chr(97 + number % 26) * (1 + number // 26)}"))
        courier.beat(ready=True)
        slowest_s = max(slowest_s, time.perf_counter() - began)
    receiver.wait_for(lambda: len(receiver.words()) > 0)
    began = time.monotonic()
    courier.close()
    assert time.monotonic() - began < 0.5 + courier_module.GRACE_S
    # Generous: the machine may be busy, but a network that hangs costs seconds.
    assert slowest_s < 1.0
    assert courier.lost == 0


def test_what_a_stopped_courier_cannot_take_is_counted_and_told_later(receiver: Receiver) -> None:
    courier = Courier(setup_of({"phone": receiver.url()}, per_hour=1_000))
    courier.start()
    assert courier.process is not None
    courier.tell(alert("first"))
    receiver.wait_for(receiver.words)
    os.kill(courier.process.pid, signal.SIGSTOP)
    long = "y" * 3_000
    while courier.lost < 10:
        courier.tell(alert(long))
    assert len(courier._waiting) == WAITING
    os.kill(courier.process.pid, signal.SIGCONT)
    until = time.monotonic() + PATIENCE_S
    while courier._waiting and time.monotonic() < until:
        courier.beat(ready=True)
        time.sleep(0.01)
    courier.beat(ready=True)
    receiver.wait_for(lambda: any("10 more were left out" in word for word in receiver.words()))
    courier.close()


def test_the_heartbeat_is_heard_while_it_turns_and_is_ready(receiver: Receiver) -> None:
    courier = Courier(setup_of({}, receiver.heartbeat, heartbeat_s=1))
    courier.start()
    for _ in range(4):
        courier.beat(ready=False)
        time.sleep(0.1)
    assert receiver.pings == []
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        courier.beat(ready=True)
        time.sleep(0.1)
    courier.close()
    assert len(receiver.pings) in {2, 3}


def test_a_target_in_trouble_is_named_once_without_its_secret(receiver: Receiver) -> None:
    said = Said()
    receiver.answer = 500
    courier = Courier(setup_of({"phone": receiver.url()}), said)
    courier.start()
    courier.tell(alert("lost"))
    receiver.wait_for(lambda: courier.beat(ready=True) or said.lines)
    receiver.answer = 200
    receiver.wait_for(lambda: courier.beat(ready=True) or len(said.lines) > 1)
    courier.close()
    assert said.lines[0].startswith("phone could not be told, it is tried again: ")
    assert "500" in said.lines[0]
    assert said.lines[1:] == ["phone can be told again"]
    assert TOKEN not in " ".join(said.lines)


def test_a_courier_that_has_died_is_started_again_and_tells_what_waits(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "AGAIN_S", 0.0)
    said = Said()
    courier = Courier(setup_of({"phone": receiver.url()}), said)
    courier.start()
    assert courier.process is not None
    courier.process.kill()
    courier.process.wait()
    courier.tell(alert("lost"))
    courier.tell(alert("found"))
    courier.beat(ready=True)
    receiver.wait_for(lambda: len(receiver.words()) == 2)
    courier.close()
    assert said.lines == ["the courier of alerts has ended; it is started again"]
    assert [words.split()[-1] for words in receiver.words()] == ["lost", "found"]


def test_a_courier_that_fails_says_so_before_it_is_started_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "AGAIN_S", 0.0)
    said = Said()
    courier = Courier(setup_of({"phone": receiver.url()}), said)
    courier.start()
    assert courier.process is not None
    assert courier._line is not None
    courier._line.send(b"nonsense\n")
    courier.process.wait(PATIENCE_S)
    courier.tell(alert("lost"))
    courier.beat(ready=True)
    receiver.wait_for(receiver.words)
    courier.close()
    assert said.lines == [
        "the courier of alerts failed (DecodeError)",
        "the courier of alerts has ended; it is started again",
    ]


SPEAKER = """
import os, sys, msgspec
from ikbr.ops.alerts.courier import Courier
from ikbr.ops.alerts.words import Setup
courier = Courier(msgspec.json.decode(sys.stdin.buffer.read(), type=Setup))
courier.start()
courier.beat(ready=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("alone", [True, False])
def test_a_bot_that_is_killed_is_told_of_unless_a_supervisor_does(
    receiver: Receiver, alone: bool
) -> None:
    setup = setup_of({"phone": receiver.url()}, receiver.heartbeat)
    setup = msgspec.structs.replace(setup, alone=alone)
    subprocess.run([sys.executable, "-c", SPEAKER], input=msgspec.json.encode(setup), check=False)
    if alone:
        receiver.wait_for(receiver.words)
    time.sleep(0.5)
    told = [one["title"] for one in receiver.got]
    assert told == (["bot: critical, bot"] if alone else [])


def test_the_supervisor_tells_of_a_crash_of_its_end_and_that_it_gave_up(
    receiver: Receiver, tmp_path: Path
) -> None:
    import asyncio

    courier = Courier(setup_of({"phone": receiver.url()}))
    courier.start()

    async def run() -> int:
        supervisor = Supervisor(
            [sys.executable, "-S", "-c", "import os; os.kill(os.getpid(), 11)"],
            say=lambda _words: None,
            draw=lambda: 0.5,
            patience=Patience(restarts=1, within_s=60, hang_s=0, first_s=0.01, most_s=0.02),
            alert=courier.tell,
        )
        return await asyncio.wait_for(supervisor.run(), 20)

    assert asyncio.run(run()) == GAVE_UP
    courier.close()
    told = " ".join(receiver.words())
    assert told.count("starts again") == 1
    assert told.count("NOT started again") == 1
