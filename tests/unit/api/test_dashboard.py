"""Bots are found by the locks of a folder, and only those can be asked."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from ikbr.api.dashboard import FolderBots, prepare_dashboard
from ikbr.api.places import Places
from ikbr.domain.errors import UsageError
from ikbr.live.latch import Killed
from ikbr.ops.dashboard.options import DashboardOptions


@pytest.fixture
def journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("journals")
    for client in (1, 7):
        places = Places(folder, "127.0.0.1", 4002, client)
        places.locks.mkdir(parents=True, exist_ok=True)
        places.lock_file.write_text("process 1", encoding="utf-8")
    Places(folder, "127.0.0.1", 4002, 7).latch.set(Killed(1, "dashboard, ann", ""))
    (folder / "locks" / "other.lock").touch()
    return folder


def test_every_bot_of_the_folder_is_found_with_why_it_was_stopped(journals: Path) -> None:
    found = FolderBots(journals).found()
    assert [(one.bot_id, one.killed) for one in found] == [
        ("127.0.0.1-4002-1", ""),
        ("127.0.0.1-4002-7", "dashboard, ann"),
    ]
    assert found[0].feed == journals / "locks" / "client-127.0.0.1-4002-1.feed"
    assert FolderBots(Path("nowhere")).found() == []


@pytest.mark.parametrize(
    "bot", ["", "127.0.0.1-4002-2", "../../etc-1-1", "x/../127.0.0.1-4002-1", "other", "a\0b-1-1"]
)
def test_nobody_else_can_be_asked_or_killed(journals: Path, bot: str) -> None:
    bots = FolderBots(journals)
    with pytest.raises(UsageError, match="there is no bot"):
        bots.ask(bot, "ann", {"action": "halt"})
    with pytest.raises(UsageError, match="there is no bot"):
        bots.kill(bot, "ann", "")


def test_a_bot_is_asked_at_its_door_in_the_name_of_the_person(journals: Path) -> None:
    asked: list[object] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(str(journals / "locks" / "client-127.0.0.1-4002-1.sock"))
        door.listen(1)

        def serve() -> None:
            line, _ = door.accept()
            with line, line.makefile("rb") as lines:
                asked.append(json.loads(lines.readline()))
                line.sendall(b'{"ok": true, "halted": "lunch"}\n')

        thread = threading.Thread(target=serve)
        thread.start()
        words = {"action": "halt", "reason": "lunch"}
        answer = FolderBots(journals).ask("127.0.0.1-4002-1", "ann", words)
        thread.join(5)
    assert answer == {"halted": "lunch"}
    [told] = asked
    assert isinstance(told, dict)
    assert (told["action"], told["person"]) == ("halt", "ann")


def test_a_bot_that_does_not_run_is_told(journals: Path) -> None:
    with pytest.raises(UsageError, match="no bot runs at"):
        FolderBots(journals).ask("127.0.0.1-4002-1", "ann", {"action": "halt"})


def test_what_would_be_open_is_not_put_together(journals: Path) -> None:
    with pytest.raises(UsageError, match="open to other machines"):
        prepare_dashboard(DashboardOptions(host="0.0.0.0", journals=journals))
