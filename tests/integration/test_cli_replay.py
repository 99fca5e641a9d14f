"""`ikbr replay` as a person calls it: a bot in a process of its own, killed or ended, replayed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import ROOT
from test_live_process import a_bot, gateway, wait_for

from ikbr.cli.main import execute

__all__ = ["gateway"]

PARAMS = ("--param", "lookback=30,threshold=0.0002", "--quantity", "20")
ANOTHER = ("--client-id", "3")
"""Another bot in the same account: what the first one has left is baseline to it."""


def log_of(folder: Path, process: subprocess.Popen[str]) -> Path:
    """Give the log that a bot says it writes; it need not be there yet."""
    found = re.search(r"log in (\S+)", wait_for(folder / "out.txt", r"log in \S+\n", process))
    assert found is not None
    return folder / found[1]


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Let one bot be killed while it trades, and the next one end in an orderly way."""
    folder = tmp_path_factory.mktemp("bots")
    make = gateway.__wrapped__(folder)  # type: ignore[attr-defined]
    port = next(make)
    try:
        with a_bot(folder / "bot", port, *PARAMS) as process:
            log = log_of(folder / "bot", process)
            wait_for(log, "fill of order 9", process)
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        with a_bot(folder / "next", port, *PARAMS, *ANOTHER) as process:
            ended = log_of(folder / "next", process)
            wait_for(ended, "fill of order", process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        yield {"killed": log.parent, "ended": ended.parent}
    finally:
        next(make, None)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed", "ended"])
def test_a_session_is_replayed_without_a_difference_however_it_ended(
    sessions: dict[str, Path], how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, result = tmp_path / "page.html", tmp_path / "found.json"
    words = ["replay", str(sessions[how]), "--report", str(page), "--json", str(result)]
    code = execute(words)
    shown = capsys.readouterr().out
    assert "No difference" in shown
    assert ("did not end by itself" in shown) is (how == "killed")
    found = json.loads(result.read_text(encoding="utf-8"))
    assert found["same"] is True
    assert found["session"] == found["replay"]
    assert found["session"]["fills"] > 0
    assert "No difference" in page.read_text(encoding="utf-8")
    assert code == 0


@pytest.mark.slow
def test_what_differs_is_shown_with_its_class_and_the_exit_code_says_so(
    sessions: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    words = ["replay", str(sessions["ended"]), "--fees", "none", "--report", str(page)]
    assert execute([*words, "--json", "-"]) == 1
    streams = capsys.readouterr()
    found = json.loads(streams.out)
    assert set(found["by_class"]) == {"fee"}
    assert found["difference"] == pytest.approx(found["by_class"]["fee"]["effect"])
    assert found["remainder"] == 0
    assert "other fees on the same fills" in streams.err
    assert "other fees on the same fills" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_commands_of_the_page_replay_a_session_that_lies_where_it_says(
    sessions: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")
    lines = re.findall(r"^ikbr (replay .+)$", page, re.M)
    monkeypatch.chdir(tmp_path)
    named = Path(shlex.split(lines[0])[1])
    named.parent.mkdir()
    named.symlink_to(sessions["ended"])
    codes = [execute(shlex.split(line)) for line in lines]
    shown = capsys.readouterr()
    assert len(codes) == 2, shown
    assert codes[0] == 0, shown  # the other one asks for another latency, which may differ
    assert codes[1] in (0, 1), shown
    assert "<html" in Path("replay.html").read_text(encoding="utf-8")
    assert json.loads(Path("replay.json").read_text(encoding="utf-8"))["session"]["fills"] > 0


def spoil(folder: Path, how: str) -> None:
    tape = folder / "tape"
    if how == "no record":
        (tape / "session.json").unlink()
    elif how == "no ticks":
        (tape / "ticks.bin").unlink()
    elif how == "no notes":
        (tape / "notes.jsonl").unlink()
    elif how == "a changed tape":
        data = bytearray((tape / "ticks.bin").read_bytes())
        data[100] ^= 1
        (tape / "ticks.bin").write_bytes(data)
    elif how == "a broken record":
        (tape / "session.json").write_bytes(b'{"version":1')
    elif how == "a newer record":
        text = (tape / "session.json").read_text(encoding="utf-8")
        newer = text.replace('"version":1', '"version":9', 1)
        (tape / "session.json").write_text(newer, encoding="utf-8")
    elif how == "a broken note":
        (tape / "notes.jsonl").write_bytes(b"what?\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("no record", "session.json' cannot be read"),
        ("no ticks", "ticks.bin' cannot be read"),
        ("no notes", "notes.jsonl' cannot be read"),
        ("a changed tape", "was changed or is damaged behind row 0"),
        ("a broken record", "damaged or no record of a session"),
        ("a newer record", "of version 9"),
        ("a broken note", "line 1 is damaged"),
    ],
)
def test_what_is_missing_or_damaged_is_named(
    sessions: dict[str, Path],
    how: str,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "session"
    shutil.copytree(sessions["ended"], folder)
    spoil(folder, how)
    assert execute(["replay", str(folder)]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.slow
def test_a_journal_that_is_not_there_or_of_another_session_is_named(
    sessions: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["replay", str(sessions["ended"]), "--journal"]
    assert execute([*words, str(tmp_path / "none")]) == 2
    assert "say where it is with --journal" in capsys.readouterr().err
    other = json.loads((sessions["killed"] / "tape" / "session.json").read_text(encoding="utf-8"))
    assert execute([*words, other["journal"]]) == 2
    assert "of this session" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere"], "name the folder of a paper or live session"),
        (["nowhere", "--tolerance-ms", "-1"], "tolerance_ms -1 cannot be"),
        (["nowhere", "--fees-as-of", "soon"], "fees_as_of 'soon' is no day"),
        (["nowhere", "--report", "no/such/page.html"], "folder 'no/such' does not exist"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["replay", *words]) == 2
    assert says in capsys.readouterr().err
