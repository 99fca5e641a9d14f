"""The supervisor with real processes: what starts again, what stays down, and how often."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ikbr.live.supervisor import GAVE_UP, Patience, Supervisor

QUICK = Patience(restarts=3, within_s=60.0, hang_s=0.0, first_s=0.01, most_s=0.02)

WORDS = """
import os, signal, socket, sys, time

def tell(words):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.sendto(words.encode(), os.environ["NOTIFY_SOCKET"])

def count():
    with open(sys.argv[1], "a+") as file:
        file.write("x")
        file.seek(0)
        return len(file.read())

"""


class Trial:
    """Run a small program under a supervisor, and keep what was said."""

    def __init__(self, folder: Path, program: str, patience: Patience = QUICK) -> None:
        self.runs_file = folder / "runs"
        self.said: list[str] = []
        self.supervisor = Supervisor(
            [sys.executable, "-S", "-c", WORDS + program, str(self.runs_file)],
            say=self.said.append,
            draw=lambda: 0.5,
            patience=patience,
        )

    def run(self, after: Callable[[], None] | None = None) -> int:
        async def together() -> int:
            task = asyncio.create_task(self.supervisor.run())
            if after is not None:
                while "the bot trades." not in self.said:
                    await asyncio.sleep(0.01)
                after()
            return await asyncio.wait_for(task, 20)

        return asyncio.run(together())

    @property
    def runs(self) -> int:
        return len(self.runs_file.read_text())


@pytest.mark.parametrize(
    ("program", "code", "runs", "said"),
    [
        ("count()", 0, 1, ""),
        ("count(); sys.exit(2)", 2, 1, "refuses to run"),
        ("if count() < 3: os.kill(os.getpid(), 9)", 0, 3, "was ended by SIGKILL"),
        ("if count() < 2: raise RuntimeError", 0, 2, "ended with exit code 1"),
        ("count(); tell('STOPPING=1'); time.sleep(0.1); sys.exit(1)", 1, 1, ""),
        ("count(); tell('STOPPING=1'); time.sleep(0.1); os.kill(os.getpid(), 9)", 137, 1,
         "while it was ending"),
        ("count(); os.kill(os.getpid(), 11)", GAVE_UP, 4, "NOT started again"),
    ],
)  # fmt: skip
def test_only_a_crash_starts_a_bot_again_and_not_for_ever(
    tmp_path: Path, program: str, code: int, runs: int, said: str
) -> None:
    trial = Trial(tmp_path, program)
    assert trial.run() == code
    assert trial.runs == runs
    assert said in " ".join(trial.said)
    assert bool(said) is bool(trial.said)


def test_a_bot_that_ran_well_for_a_while_is_started_again_as_soon_as_at_first(
    tmp_path: Path,
) -> None:
    program = "number = count(); time.sleep(0.3); sys.exit(number < 4)"
    patience = Patience(within_s=0.2, hang_s=0.0, first_s=0.2, most_s=20.0)
    trial = Trial(tmp_path, program, patience)
    assert trial.run() == 0
    assert {words.partition("starts again in ")[2][:5] for words in trial.said} == {"0.2 s"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_bot_once_and_ends_everything(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = """
count()
def on_signal(number, frame):
    count()
    sys.exit(1)
for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(one, on_signal)
tell("READY=1")
time.sleep(20)
"""
    trial = Trial(tmp_path, program)
    assert trial.run(lambda: os.kill(os.getpid(), number)) == 1
    assert trial.runs == 2


def test_a_supervisor_that_was_started_with_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        trial = Trial(tmp_path, "count(); tell('READY=1'); time.sleep(0.3)")
        assert trial.run(lambda: os.kill(os.getpid(), signal.SIGHUP)) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert trial.said == ["the bot trades."]


def test_a_bot_that_hangs_is_ended_by_force_and_starts_again(tmp_path: Path) -> None:
    program = "first = count() == 1; tell('READY=1'); time.sleep(20 if first else 0)"
    patience = Patience(hang_s=0.3, first_s=0.01, most_s=0.02)
    trial = Trial(tmp_path, program, patience)
    assert trial.run() == 0
    assert trial.runs == 2
    assert any("has hung" in words for words in trial.said)


def test_a_bot_that_turns_is_left_alone(tmp_path: Path) -> None:
    program = """
count()
tell("READY=1")
for _ in range(12):
    time.sleep(0.05)
    tell("WATCHDOG=1")
"""
    trial = Trial(tmp_path, program, Patience(hang_s=0.3))
    assert trial.run() == 0
    assert trial.runs == 1


def test_a_signal_while_it_waits_to_start_again_ends_it(tmp_path: Path) -> None:
    patience = Patience(first_s=20.0, most_s=20.0)
    trial = Trial(tmp_path, "count(); os.kill(os.getpid(), 9)", patience)

    async def run() -> int:
        task = asyncio.create_task(trial.supervisor.run())
        while not trial.said:
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        return await asyncio.wait_for(task, 5)

    assert asyncio.run(run()) == 128 + signal.SIGTERM
    assert trial.runs == 1


def test_a_signal_that_comes_too_late_leaves_the_exit_code_to_who_waits_for_it(
    tmp_path: Path,
) -> None:
    supervisor = Trial(tmp_path, "").supervisor
    with subprocess.Popen([sys.executable, "-S", "-c", "raise SystemExit(3)"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        supervisor.process = ended  # type: ignore[assignment]
        supervisor._pass_on(signal.SIGTERM)
        assert os.waitpid(ended.pid, 0) == (ended.pid, 3 << 8)


def test_a_signal_to_one_that_is_gone_is_no_error(tmp_path: Path) -> None:
    supervisor = Trial(tmp_path, "").supervisor
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as ended:
        os.waitpid(ended.pid, 0)
        supervisor.process = ended  # type: ignore[assignment]
        supervisor._pass_on(signal.SIGTERM)
