"""The real commands as processes of their own: a gateway, a bot, and signals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ikbr.cli.demo_paper import trade_a_morning
from ikbr.journal.reader import read_records
from ikbr.journal.replay import replay

IKBR = (sys.executable, "-c", "from ikbr.cli.main import run; run()")
PATIENCE_S = 40.0


def wait_for(path: Path, words: str, process: subprocess.Popen[str]) -> str:
    """Wait until a file holds some words."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if re.search(words, text):
            return text
        assert process.poll() is None, text
        time.sleep(0.05)
    raise AssertionError(f"{words!r} did not come: {path.read_text(encoding='utf-8')}")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[int]:
    """Start a gateway, and give its port."""
    out = tmp_path / "gateway.txt"
    words = ("gateway", "sim", "--port", "0", "--control-port", "0", "--symbols", "KO",
             "--speed", "600", "--seed", "7")  # fmt: skip
    with out.open("w") as file:
        process = subprocess.Popen([*IKBR, *words], stdout=file, stderr=file, text=True)
    try:
        text = wait_for(out, r"gateway on 127\.0\.0\.1:\d+", process)
        found = re.search(r"127\.0\.0\.1:(\d+)", text)
        assert found is not None
        yield int(found[1])
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def a_bot(folder: Path, port: int, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start `ikbr paper` in a folder; whatever happens, end it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("IKBR_S", "TRADING"))}
    folder.mkdir()
    with (folder / "out.txt").open("w") as out:
        process = subprocess.Popen(
            [*IKBR, "paper", "--port", str(port), "--symbols", "KO", *words],
            stdout=out, stderr=out, text=True, cwd=folder, env=environment,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def log_of(folder: Path, process: subprocess.Popen[str]) -> Path:
    """Give the log of the session in a folder, once there is one."""
    wait_for(folder / "out.txt", "log in ", process)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if found := list(folder.glob("sessions/*/live.log")):
            [log] = found
            return log
        time.sleep(0.05)
    raise AssertionError(f"no log came in {folder}")


def end_by(process: subprocess.Popen[str], folder: Path, number: int) -> Path:
    """End a bot by a signal once it has traded; give its log."""
    log = log_of(folder, process)
    wait_for(log, "fill of order", process)
    process.send_signal(number)
    assert process.wait(20) == 0
    return log


@pytest.mark.slow
def test_the_demo_trades_on_paper_and_ends_cleanly_without_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report = trade_a_morning(tmp_path, until="09:50")
    shown = capsys.readouterr().out
    assert "Paper trading" in report.read_text(encoding="utf-8")
    assert str(report) in shown
    assert "ended: the time to end has come; the strategies hold nothing" in shown
    assert "fill of order" in report.with_suffix(".log").read_text(encoding="utf-8")


@pytest.mark.slow
def test_sigterm_ends_a_session_in_an_orderly_way_with_report_and_journal(
    gateway: int, tmp_path: Path
) -> None:
    folder = tmp_path / "bot"
    with a_bot(folder, gateway, "--param", "lookback=30,threshold=0.0002") as process:
        log = end_by(process, folder, signal.SIGTERM)
    assert "ended: SIGTERM" in (folder / "out.txt").read_text(encoding="utf-8")
    session = log.parent
    result = json.loads((session / "result.json").read_text(encoding="utf-8"))
    assert result["mode"] == "paper"
    assert result["fills"]
    assert "<html" in (session / "report.html").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    place = folder / "journals" / "paper-DU1000001-1"
    state = replay(place)
    assert len(state.fills) == len(result["fills"])
    wire = [r.body for r in read_records(place) if r.kind == "wire" and r.body.name == "placeOrder"]
    assert {one.order_id for one in wire} == set(state.orders)
    heard = [r.body for r in read_records(place) if r.kind == "callback"]
    executed = {one.order_id for one in heard if one.name == "execDetails"}
    assert {fill.order_id for fill in state.fills.values()} <= executed


def run_ikbr(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*IKBR, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


TRADES = ("--param", "lookback=30,threshold=0.0002")


@pytest.mark.slow
def test_a_bot_that_is_killed_goes_on_where_it_was(gateway: int, tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    with a_bot(folder, gateway, *TRADES) as process:
        log = log_of(folder, process)
        wait_for(log, "fill of order", process)
        process.kill()
        process.wait(10)
    before = replay(folder / "journals" / "paper-DU1000001-1")
    assert before.stop is None
    (folder / "out.txt").rename(folder / "first.txt")
    log.rename(folder / "first.log")
    folder.rename(tmp_path / "moved")
    with a_bot(folder, gateway, *TRADES, "--set", f"journal.dir={tmp_path}/moved/journals") as bot:
        log = end_by(bot, folder, signal.SIGTERM)
    text = log.read_text(encoding="utf-8")
    assert "nothing explains it" not in text
    state = replay(tmp_path / "moved" / "journals" / "paper-DU1000001-1")
    assert state.stop is not None
    assert set(before.fills) < set(state.fills)
    assert state.counts["start"] == 2


@pytest.mark.slow
def test_a_bot_is_killed_from_outside_and_does_not_begin_again_before_it_is_armed(
    gateway: int, tmp_path: Path
) -> None:
    folder = tmp_path / "bot"
    where = ("--port", str(gateway))
    with a_bot(folder, gateway, *TRADES) as process:
        log = log_of(folder, process)
        wait_for(log, "fill of order", process)
        killed = run_ikbr(folder, "kill", "--flatten", "--reason", "a drill", *where)
        assert killed.returncode == 0, killed.stdout + killed.stderr
        assert "Nothing is open any more." in killed.stdout
        process.wait(10)
    assert "killed (command line: a drill)" in log.read_text(encoding="utf-8")
    again = run_ikbr(folder, "paper", "--symbols", "KO", *where)
    assert again.returncode == 2
    assert "a drill" in again.stderr
    armed = run_ikbr(folder, "arm", *where)
    assert (armed.returncode, armed.stdout) == (0, "Trading is allowed again.\n")
    state = replay(folder / "journals" / "paper-DU1000001-1")
    assert state.kill is None
    held = {s: p.quantity for s, p in state.portfolio.positions.items() if p.quantity}
    assert held == {}


@pytest.mark.slow
def test_two_bots_of_one_client_id_cannot_be(gateway: int, tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    with a_bot(folder, gateway, *TRADES) as process:
        wait_for(folder / "out.txt", "log in ", process)
        second = run_ikbr(folder, "paper", "--port", str(gateway), "--symbols", "KO")
    assert second.returncode == 2
    assert f"process {process.pid} uses it" in second.stderr


@pytest.mark.slow
def test_without_a_gateway_it_waits_says_why_and_can_be_ended(tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    with socket.socket() as taken:
        # A port that is bound and does not listen refuses connections.
        taken.bind(("127.0.0.1", 0))
        with a_bot(folder, taken.getsockname()[1]) as process:
            wait_for(folder / "out.txt", r"no connection with 127.* next attempt", process)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    assert "ended: Ctrl-C" in (folder / "out.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_a_person_did_to_a_running_bot_holds_over_its_crash(
    gateway: int, tmp_path: Path
) -> None:
    folder = tmp_path / "bot"
    where = ("--port", str(gateway))
    with a_bot(folder, gateway, *TRADES) as process:
        log = log_of(folder, process)
        wait_for(log, "fill of order", process)
        tightened = run_ikbr(folder, "risk", "tighten", "risk.max_position_pct=0.05", *where)
        assert (tightened.returncode, tightened.stdout) == (0, "risk.max_position_pct = 0.05\n")
        loosened = run_ikbr(folder, "risk", "tighten", "risk.max_position_pct=0.06", *where)
        assert loosened.returncode == 2
        assert "risk.max_position_pct = 0.06 is looser than 0.05" in loosened.stderr
        halted = run_ikbr(folder, "halt", "--reason", "lunch", *where)
        assert halted.returncode == 0, halted.stderr
        process.kill()
        process.wait(10)
    assert run_ikbr(folder, "status", *where).returncode == 2
    (folder / "journals").rename(tmp_path / "journals")
    again, journals = tmp_path / "again", f"journal.dir={tmp_path / 'journals'}"
    config = tmp_path / "settings.toml"
    config.write_text(f'[journal]\ndir = "{tmp_path / "journals"}"\n')
    with a_bot(again, gateway, *TRADES, "--set", journals) as process:
        log = log_of(again, process)
        wait_for(log, "connection: ready", process)
        status = run_ikbr(again, "status", "--json", "--config", str(config), *where)
        told = json.loads(status.stdout)
        assert told["limits"]["max_position_pct"]["value"] == 0.05
        assert "lunch" in told["latches"]["pause"]
        resumed = run_ikbr(again, "resume", "--config", str(config), *where)
        assert (resumed.returncode, resumed.stdout) == (0, "Entries go on.\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    state = replay(tmp_path / "journals" / "paper-DU1000001-1")
    assert state.counts["operator"] == 3
    assert state.tightened == {}
    [session] = again.glob("sessions/*/result.json")
    alerts = json.loads(session.read_text(encoding="utf-8"))["alerts"]
    assert any("resume by" in alert["message"] for alert in alerts)
