from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from tests.unit.backtest.optimise.rig import Scripted, engine_job, outcome, trials

from ikbr.backtest.optimise.engine_job import EngineJob
from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.optimise.store import Identity, Store
from ikbr.backtest.optimise.sweep import Listed, Standing, Sweeper
from ikbr.backtest.optimise.trial import COMPILED_GRID, Outcome, Trial

IDENTITY = Identity("s", "d", "t", "g", "grid", "1")


def test_only_what_is_not_kept_is_run_and_the_executor_is_closed(tmp_path: Path) -> None:
    with Store(tmp_path / "s", IDENTITY) as store:
        for trial in trials(8)[2:5]:
            store.add(outcome(trial))
        executor = Scripted()
        sweeper = Sweeper(store, Objective(), 8)
        sweeper.run(Listed(trials(8)), lambda: executor)
        assert sorted(executor.asked) == [0, 1, 5, 6, 7]
        assert executor.closed
        assert sorted(store.outcomes) == list(range(8))
        assert (sweeper.made, sweeper.path) == (5, "engine, script")


def test_no_executor_is_made_when_nothing_is_left(tmp_path: Path) -> None:
    with Store(tmp_path / "s", IDENTITY) as store:
        for trial in trials(3):
            store.add(outcome(trial))
        Sweeper(store, Objective(), 3).run(Listed(trials(3)), lambda: pytest.fail("made"))


def test_every_run_is_told_with_the_best_so_far_and_the_time_left(tmp_path: Path) -> None:
    told: list[Standing] = []
    with Store(tmp_path / "s", IDENTITY) as store:
        store.add(outcome(trials(4)[2]))
        Sweeper(store, Objective(), 4, told.append).run(Listed(trials(4)), Scripted)
    assert [one.done for one in told] == [2, 3, 4]
    assert [one.best.number for one in told if one.best] == [2, 2, 3]
    assert told[-1].seconds_left == 0


def test_a_sweep_that_breaks_keeps_what_was_done(tmp_path: Path) -> None:
    class Breaks(Scripted):
        def wait(self):  # type: ignore[no-untyped-def]
            if len(self.asked) > 4:
                raise SweepError("the cluster went away")
            return super().wait()

    with Store(tmp_path / "s", IDENTITY) as store:
        with pytest.raises(SweepError):
            Sweeper(store, Objective(), 8).run(Listed(trials(8)), Breaks)
        assert store.outcomes
    with Store(tmp_path / "s", IDENTITY) as store:
        assert store.resumed
        Sweeper(store, Objective(), 8).run(Listed(trials(8)), Scripted)
        assert sorted(store.outcomes) == list(range(8))


def test_kept_runs_of_other_parameters_are_not_mixed_in(tmp_path: Path) -> None:
    with Store(tmp_path / "s", IDENTITY) as store:
        store.add(outcome(Trial(0, {"x": 99})))
        with pytest.raises(SweepError, match="other parameters"):
            Sweeper(store, Objective(), 2).run(Listed(trials(2)), Scripted)


def test_a_fast_path_takes_over_what_is_left_of_a_grid(tmp_path: Path) -> None:
    given: list[int] = []

    def fast(job: EngineJob, these: Sequence[Trial]) -> Iterator[Outcome]:
        given.extend(one.number for one in these)
        return (msgspec.structs.replace(outcome(one), path=COMPILED_GRID) for one in these)

    with Store(tmp_path / "s", IDENTITY) as store:
        store.add(outcome(trials(3)[1]))
        sweeper = Sweeper(store, Objective(), 3)
        assert sweeper.run_whole(engine_job(tmp_path), trials(3), fast)
        assert given == [0, 2]
        assert sweeper.path == COMPILED_GRID
        assert store.outcomes[0].path == COMPILED_GRID


def test_a_fast_path_that_declines_says_why(tmp_path: Path) -> None:
    with Store(tmp_path / "s", IDENTITY) as store:
        sweeper = Sweeper(store, Objective(), 3)
        assert not sweeper.run_whole(engine_job(tmp_path), trials(3), lambda *_: "it uses limits")
        assert sweeper.reason == "it uses limits"
        assert not store.outcomes
