"""What `ikbr cancel`, `flatten` and `set-parameter` ask a bot, and what they say."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ikbr.cli.main import execute


@contextmanager
def a_bot_that_answers(folder: Path, answer: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Stand where the settings expect a bot's door, and answer once."""
    locks = folder / "journals" / "locks"
    locks.mkdir(parents=True)
    asked: list[dict[str, Any]] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind("journals/locks/client-127.0.0.1-4002-1.sock")
        door.listen(1)
        door.settimeout(5)

        def serve() -> None:
            try:
                line, _ = door.accept()
            except TimeoutError:
                return
            with line, line.makefile("rb") as lines:
                asked.append(json.loads(lines.readline()))
                line.sendall(json.dumps(answer).encode() + b"\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join(5)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("cancel", "7", "--reason", "no"), {"action": "cancel", "order_id": 7, "reason": "no"}),
        (("cancel", "--all", "--symbol", "SPY"), {"action": "cancel-all", "symbol": "SPY"}),
        (("flatten", "--strategy", "bot"), {"action": "flatten", "strategy": "bot"}),
        (("set-parameter", "bot", "every = 20"),
         {"action": "set-parameter", "strategy": "bot", "name": "every", "value": "20"}),
    ],
)  # fmt: skip
def test_the_bot_is_asked_for_what_was_written(
    words: tuple[str, ...],
    asked: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with a_bot_that_answers(tmp_path, {"ok": True, "message": "as you wish", "left": []}) as heard:
        assert execute(list(words)) == 0
    assert capsys.readouterr().out.strip() == "as you wish"
    [told] = heard
    assert asked.items() <= told.items()


def test_a_refusal_is_told_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with a_bot_that_answers(tmp_path, {"ok": False, "error": "order 7 does not work."}):
        assert execute(["cancel", "7"]) == 2
    assert "order 7 does not work" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("cancel",), ("cancel", "7", "--all"), ("set-parameter", "bot", "every"), ("flatten",)],
)
def test_nobody_is_asked_for_what_is_not_clear(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where no bot runs
    assert execute(list(words)) == 2
