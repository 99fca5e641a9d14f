import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.backtest.optimise.rig import Scripted, trials

from ikbr.backtest.optimise.drive import run_trials


@given(count=st.integers(0, 12), at_once=st.integers(1, 5), seed=st.integers(0, 99))
def test_every_trial_comes_back_once_in_whatever_order(count: int, at_once: int, seed: int) -> None:
    rng = random.Random(seed)
    executor = Scripted(at_once=at_once, pick=rng.randrange)
    found = list(run_trials(trials(count), executor))
    assert sorted(one.number for one in found) == list(range(count))
    assert executor.most <= at_once


@given(
    deaths=st.dictionaries(st.integers(0, 7), st.integers(1, 4), max_size=3),
    takes_all=st.booleans(),
    seed=st.integers(0, 99),
)
def test_no_outcome_is_lost_or_doubled_when_workers_die(
    deaths: dict[int, int], takes_all: bool, seed: int
) -> None:
    rng = random.Random(seed)
    executor = Scripted(deaths, pick=rng.randrange, takes_all=takes_all)
    found = {one.number: one for one in run_trials(trials(8), executor)}
    assert sorted(found) == list(range(8))
    # Only who kills workers is given up; neighbours that died with it are not.
    assert {number for number, one in found.items() if one.error} <= set(deaths)


def test_a_trial_under_which_one_worker_died_is_run_again_alone() -> None:
    executor = Scripted({1: 1}, at_once=3)
    found = list(run_trials(trials(5), executor))
    assert not any(one.error for one in found)
    assert executor.asked.count(1) == 2


def test_a_trial_that_kills_every_worker_is_reported_and_the_rest_is_done() -> None:
    executor = Scripted({2: 99}, at_once=3, takes_all=True)
    found = {one.number: one for one in run_trials(trials(6), executor)}
    assert found[2].error == "run alone, its worker died."
    assert [number for number, one in sorted(found.items()) if not one.error] == [0, 1, 3, 4, 5]
    assert executor.asked.count(2) <= 3


def test_trials_are_drawn_only_as_they_are_needed() -> None:
    drawn = []

    def endless():  # type: ignore[no-untyped-def]
        for trial in trials(1000):
            drawn.append(trial.number)
            yield trial

    found = run_trials(endless(), Scripted(at_once=2))
    next(found)
    assert len(drawn) == pytest.approx(2, abs=1)
