"""Trials and executors without an engine, and a small tape: what tests of sweeps share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.unit.backtest.stage_rig import FREE_MODEL, NEXT_SESSION, SESSION, prints, tape_of

from ikbr.backtest.engine import Instance, Setup
from ikbr.backtest.optimise.engine_job import EngineJob
from ikbr.backtest.optimise.executors.executor import Done, Lost
from ikbr.backtest.optimise.shared_tape import write_shared
from ikbr.backtest.optimise.trial import Outcome, Trial
from ikbr.data.memory_source import MemorySource
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.registry import create

ZIGZAG = [100.0, 101.0, 102.0, 103.0, 101.0, 99.0, 98.0, 99.5, 102.0, 104.0, 101.0, 98.0] * 4


def trials(count: int) -> list[Trial]:
    return [Trial(number, {"x": number}) for number in range(count)]


def outcome(trial: Trial, value: float | None = None, error: str = "") -> Outcome:
    worth = float(trial.parameters["x"]) if value is None else value
    return Outcome(
        number=trial.number,
        parameters=trial.parameters,
        metrics={"sharpe": worth, "fill_count": 1.0},
        error=error,
    )


class Scripted:
    """Run trials in an order and with deaths that a test chooses."""

    name = "script"

    def __init__(
        self,
        deaths: Mapping[int, int] | None = None,
        at_once: int = 3,
        pick: Callable[[int], int] = lambda count: 0,
        takes_all: bool = False,
    ) -> None:
        """`deaths` says how often a worker dies under a trial; `takes_all`: under all others."""
        self.workers = at_once
        self.at_once = at_once
        self.asked: list[int] = []
        self.closed = False
        self.most = 0
        self._deaths = dict(deaths or {})
        self._running: deque[Trial] = deque()
        self._pick, self._takes_all = pick, takes_all

    def submit(self, trial: Trial) -> None:
        self.asked.append(trial.number)
        self._running.append(trial)
        self.most = max(self.most, len(self._running))

    def wait(self) -> Sequence[Done]:
        place = self._pick(len(self._running))
        trial = self._running[place]
        del self._running[place]
        if not self._deaths.get(trial.number):
            return [(trial, outcome(trial))]
        self._deaths[trial.number] -= 1
        lost: list[Done] = [(trial, Lost("its worker died"))]
        if self._takes_all:
            lost += [(other, Lost("its worker died")) for other in self._running]
            self._running.clear()
        return lost

    def close(self) -> None:
        self.closed = True


def source() -> MemorySource:
    """Two sessions of prints."""
    rows = [*prints(*ZIGZAG), *prints(*reversed(ZIGZAG), start_s=24 * 3600 + 1)]
    return MemorySource(tape_of(rows), (SESSION, NEXT_SESSION))


def make(parameters: Mapping[str, Any]) -> list[Instance]:
    given = {"lookback": 3, "threshold": 0.005} | dict(parameters)
    return [Instance(create("momentum", given), "momentum", ("SPY",))]


def engine_job(folder: Path) -> EngineJob:
    write_shared(source(), folder)
    return EngineJob(folder, make, Setup(model=FREE_MODEL, quantity=10), MemoryJournal)
