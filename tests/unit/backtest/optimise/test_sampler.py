import random
from collections.abc import Callable

import pytest
from tests.unit.backtest.optimise.rig import Scripted

from ikbr.backtest.optimise.drive import drive
from ikbr.backtest.optimise.grid import Dimension, Grid
from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.optimise.sampler import Sampled
from ikbr.backtest.optimise.trial import Outcome, Trial

GRID = Grid((Dimension("x", tuple(range(50))), Dimension("y", (), 0.0, 1.0),
             Dimension("mode", ("a", "b", "c"))))  # fmt: skip


def worth(trial: Trial) -> float:
    p = trial.parameters
    return -abs(p["x"] - 30) - abs(p["y"] - 0.5) - 3 * (p["mode"] != "b")


class Measured(Scripted):
    """Answer with the worth of a trial."""

    def wait(self):  # type: ignore[no-untyped-def]
        return [(trial, result(trial)) for trial, _ in super().wait()]


def result(trial: Trial) -> Outcome:
    metrics = {"sharpe": worth(trial)}
    return Outcome(number=trial.number, parameters=trial.parameters, metrics=metrics)


def run(kind: str = "tpe", seed: int = 1, trials: int = 60, at_once: int = 4,
        pick: Callable[[int], int] = lambda count: 0) -> list[Outcome]:  # fmt: skip
    sampled = Sampled(GRID, Objective(), kind, seed, trials)
    found = drive(sampled, Measured(at_once=at_once, pick=pick))
    return sorted(found, key=lambda one: one.number)


@pytest.mark.parametrize("kind", ["tpe", "random"])
def test_the_same_seed_chooses_the_same_trials_whoever_runs_them_in_whatever_order(
    kind: str,
) -> None:
    first = run(kind)
    assert len(first) == 60
    assert run(kind, at_once=1) == first
    assert run(kind, at_once=16, pick=random.Random(3).randrange) == first
    assert run(kind, seed=2) != first


def test_tpe_comes_nearer_to_the_best_than_chance() -> None:
    late = [worth(Trial(0, one.parameters)) for one in run("tpe", trials=100)[50:]]
    chance = [worth(Trial(0, one.parameters)) for one in run("random", trials=100)[50:]]
    assert sum(late) / len(late) > sum(chance) / len(chance) + 3


def test_choices_lie_in_the_grid() -> None:
    for one in run("random", trials=40):
        assert one.parameters["x"] in range(50)
        assert 0.0 <= one.parameters["y"] <= 1.0
        assert one.parameters["mode"] in ("a", "b", "c")
        assert isinstance(one.parameters["x"], int)


def test_what_was_kept_is_told_and_the_choices_go_on_as_if_never_stopped() -> None:
    whole = run("tpe", trials=40)
    sampled = Sampled(GRID, Objective(), "tpe", 1, 40)
    proposed = []
    while (trial := sampled.propose()) is not None:
        proposed.append(trial.parameters)
        sampled.tell(whole[trial.number])
    assert proposed == [one.parameters for one in whole]


def test_a_run_that_reaches_nothing_counts_as_the_worst_so_far() -> None:
    sampled = Sampled(GRID, Objective(), "random", 1, 5, lag=1)
    for value in (2.0, 1.0, None, None, 0.0):
        trial = sampled.propose()
        assert trial is not None
        metrics = {"sharpe": value}
        sampled.tell(Outcome(number=trial.number, parameters=trial.parameters, metrics=metrics))
    # The last one is told when the next is chosen, and there is none.
    assert [one.value for one in sampled._study.trials] == [2.0, 1.0, 1.0, 1.0, None]
