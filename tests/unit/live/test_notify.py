"""Words to whoever watches a process: sent where somebody listens, harmless where nobody does."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ikbr.live.notify import Notifier


@pytest.fixture
def watcher() -> Iterator[socket.socket]:
    with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
        door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        door.settimeout(2)
        door.bind(str(Path(folder) / "notify"))
        yield door
        door.close()


def test_the_watcher_hears_of_beginning_turning_and_ending(watcher: socket.socket) -> None:
    where = {"NOTIFY_SOCKET": watcher.getsockname(), "WATCHDOG_USEC": "40000"}

    async def session() -> None:
        notifier = Notifier(where)
        notifier.begin()
        await asyncio.sleep(0.1)
        notifier.end("the market\nhas closed")
        notifier.close()
        await asyncio.sleep(0.1)

    asyncio.run(session())
    heard = [watcher.recv(200).decode()]
    while "STOPPING" not in heard[-1]:
        heard.append(watcher.recv(200).decode())
    assert heard[:3] == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]
    assert heard[-1] == "STOPPING=1\nSTATUS=the market has closed"


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="names without files are Linux's")
def test_a_watcher_without_a_file_is_heard_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(f"\0ikbr-test-{os.getpid()}")
        assert Notifier({"NOTIFY_SOCKET": f"@ikbr-test-{os.getpid()}"}).tell("READY=1")
        assert door.recv(100) == b"READY=1"


@pytest.mark.parametrize("where", [{}, {"NOTIFY_SOCKET": "/nobody/listens/here"}])
def test_nobody_listening_disturbs_nothing(where: dict[str, str]) -> None:
    assert not Notifier(where).tell("READY=1")


@pytest.mark.parametrize(
    ("variables", "alive_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
        ({"WATCHDOG_USEC": "-5"}, 0.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
    ],
)
def test_it_is_told_as_often_as_the_watcher_asks_this_process(
    variables: dict[str, str], alive_s: float
) -> None:
    assert Notifier({"NOTIFY_SOCKET": "/x"} | variables).alive_s == alive_s
    assert Notifier(variables).alive_s == 0.0
