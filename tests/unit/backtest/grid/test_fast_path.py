"""The compiled grid takes over the trials of a sweep: the same outcomes as the engine's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small import Planned, instance, setup, source

from ikbr.backtest.grid import fast_path
from ikbr.backtest.grid.fast_path import compiled_grid
from ikbr.backtest.optimise.engine_job import EngineJob
from ikbr.backtest.optimise.shared_tape import write_shared
from ikbr.backtest.optimise.trial import COMPILED_GRID, ENGINE, Trial
from ikbr.domain.errors import StrategyError
from ikbr.journal.memory_journal import MemoryJournal


def make(parameters: Mapping[str, Any]) -> list[Any]:
    if parameters.get("buy") == 99:
        raise StrategyError("buy = 99 makes no sense.")
    return [instance(Planned(**parameters))]


def job_for(folder: Path, how: Any, maker: Any = make) -> EngineJob:
    write_shared(source([10_000 + 3 * n for n in range(200)]), folder)
    return EngineJob(folder, maker, how, MemoryJournal)


def listed(*parameters: dict[str, Any]) -> list[Trial]:
    return [Trial(number, one) for number, one in enumerate(parameters)]


@pytest.mark.parametrize("at_once", [1, 256])
def test_every_trial_gets_the_outcome_that_the_engine_gives(
    tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_path, "AT_ONCE", at_once)
    job = job_for(tmp_path, setup(quantity=0, max_position_pct=0.3))
    trials = listed({"buy": 2, "sell": 90}, {"buy": 5}, {"buy": 3, "odd": 9}, {"buy": 99})
    found = compiled_grid(job, trials)
    assert not isinstance(found, str)
    outcomes = sorted(found, key=lambda one: one.number)
    assert [one.path for one in outcomes] == [COMPILED_GRID, COMPILED_GRID, ENGINE, ENGINE]
    assert "makes no sense" in outcomes[3].error
    for trial, one in zip(trials, outcomes, strict=True):
        expected = job(trial)
        path = {"path": one.path, "seconds": one.seconds}
        assert repr(msgspec.structs.replace(expected, **path)) == repr(one)


def test_a_job_that_is_not_eligible_is_left_to_the_engine_with_the_reason(tmp_path: Path) -> None:
    job = job_for(tmp_path, setup(latency_ms=2.0))
    assert compiled_grid(job, listed({"buy": 2})) == "orders have a latency"


def test_several_strategies_of_one_account_are_left_to_the_engine(tmp_path: Path) -> None:
    job = job_for(tmp_path, setup(), lambda _: [instance(Planned(), n) for n in ("a", "b")])
    assert compiled_grid(job, listed({})) == "2 strategies share an account"


def test_parameters_that_never_make_sense_are_left_to_the_engine(tmp_path: Path) -> None:
    job = job_for(tmp_path, setup())
    assert "no trial" in str(compiled_grid(job, listed({"buy": 99})))
