"""Real processes, really killed."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import cloudpickle
import psutil
import pytest
from tests.unit.backtest.optimise.rig import trials

from ikbr.backtest.optimise.drive import run_trials
from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.executors.choose import choose_executor
from ikbr.backtest.optimise.executors.inline import InlineExecutor
from ikbr.backtest.optimise.executors.local import LocalExecutor
from ikbr.backtest.optimise.trial import Outcome, Trial
from ikbr.domain.errors import UsageError


@pytest.fixture(autouse=True)
def _by_value() -> Any:
    """Let processes run what is defined here, though they cannot import it."""
    import sys

    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


class Job:
    """Answer with the process; kill it as often as asked when trial 3 comes."""

    def __init__(self, folder: Path, deaths: int = 0) -> None:
        self.folder, self.deaths = folder, deaths

    def __call__(self, trial: Trial) -> Outcome:
        if trial.number == 3:
            for number in range(self.deaths):
                mark = self.folder / str(number)
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
        metrics = {"sharpe": trial.number / 7, "pid": float(os.getpid())}
        return Outcome(number=trial.number, parameters=trial.parameters, metrics=metrics)


def run(executor: Any, count: int = 12) -> list[Outcome]:
    try:
        return sorted(run_trials(trials(count), executor), key=lambda one: one.number)
    finally:
        executor.close()


def sharpes(found: list[Outcome]) -> list[Any]:
    return [(one.number, one.figure("sharpe")) for one in found]


def test_processes_give_what_this_process_gives(tmp_path: Path) -> None:
    here = run(InlineExecutor(Job(tmp_path)))
    there = run(LocalExecutor(Job(tmp_path), 2))
    assert sharpes(there) == sharpes(here)
    assert os.getpid() not in {one.figure("pid") for one in there}


def test_a_killed_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    found = run(LocalExecutor(Job(tmp_path, deaths=1), 2))
    assert (tmp_path / "0").exists()
    assert sharpes(found) == sharpes(run(InlineExecutor(Job(tmp_path))))


def test_a_trial_that_always_kills_is_named_and_the_others_are_done(tmp_path: Path) -> None:
    found = run(LocalExecutor(Job(tmp_path, deaths=9), 2), 6)
    assert [one.number for one in found] == list(range(6))
    assert [one.number for one in found if one.error] == [3]
    assert "its process died" in found[3].error


def test_no_process_is_left_when_it_is_closed(tmp_path: Path) -> None:
    before = set(psutil.Process().children(recursive=True))
    run(LocalExecutor(Job(tmp_path), 2), 2)
    left = set(psutil.Process().children(recursive=True)) - before
    assert not [one for one in left if "LokyProcess" in " ".join(one.cmdline())]


def test_processes_do_not_hear_the_keyboard_and_this_one_does() -> None:
    def job(trial: Trial) -> Outcome:
        deaf = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())
        metrics = {"sharpe": float(deaf)}
        return Outcome(number=trial.number, parameters=trial.parameters, metrics=metrics)

    from joblib.externals.loky.backend import resource_tracker

    resource_tracker._resource_tracker._stop()  # as in a process that has made no pool yet
    assert {one.figure("sharpe") for one in run(LocalExecutor(job, 2), 4)} == {1.0}
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_what_no_process_can_run_ends_the_sweep_in_words(tmp_path: Path) -> None:
    def job(trial: Trial) -> Outcome:
        raise SweepError("the strategy's source changed")

    with pytest.raises(SweepError, match="source changed"):
        run(LocalExecutor(job, 2), 2)


def test_what_cannot_be_sent_is_said(tmp_path: Path) -> None:
    lock = (tmp_path / "x").open("w")
    with lock, pytest.raises(UsageError, match="cannot be sent to other processes"):
        LocalExecutor(lambda trial: lock, 2)  # type: ignore[arg-type,return-value]


def test_one_job_needs_no_process(tmp_path: Path) -> None:
    assert choose_executor(Job(tmp_path), jobs=1).name == "this process"
