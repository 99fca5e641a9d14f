"""The deflated Sharpe ratio against the paper's example and against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ikbr.backtest.analytics.ratios import probabilistic_sharpe, sharpe_above
from ikbr.backtest.validation.deflated_sharpe import (
    deflated_sharpe,
    expected_maximum_sharpe,
    independent_trials,
    trial_sharpes,
)


@pytest.mark.parametrize(
    ("trials", "maximum", "deflated"), [(100, 0.1132, 0.9004), (46, 0.1, 0.95)]
)
def test_the_example_of_the_paper_comes_out(trials: int, maximum: float, deflated: float) -> None:
    deviation = math.sqrt(0.5) / math.sqrt(250)
    expected = expected_maximum_sharpe(trials, deviation)
    assert expected is not None
    assert expected == pytest.approx(maximum, abs=2e-3)
    found = sharpe_above(2.5 / math.sqrt(250), expected, 1250, skewness=-3.0, kurtosis=10.0)
    assert found == pytest.approx(deflated, abs=1e-3)


@pytest.mark.parametrize("trials", [10, 50, 400])
def test_the_expected_maximum_is_what_many_draws_show(trials: int) -> None:
    draws = np.random.default_rng(1).normal(0.0, 0.3, (20_000, trials)).max(axis=1)
    assert expected_maximum_sharpe(trials, 0.3) == pytest.approx(draws.mean(), rel=0.03)


def test_trials_without_skill_are_seldom_believed() -> None:
    rng = np.random.default_rng(5)
    believed = naive = 0
    for _ in range(200):
        returns = rng.normal(0.0, 0.01, (250, 40))
        best = int(trial_sharpes(returns).argmax())
        believed += (deflated_sharpe(returns, best).deflated or 0.0) > 0.95
        naive += (probabilistic_sharpe(returns[:, best]) or 0.0) > 0.95
    assert naive > 150
    assert believed < 20


def test_a_single_trial_is_judged_as_it_is() -> None:
    returns = np.random.default_rng(2).normal(0.001, 0.01, (100, 1))
    found = deflated_sharpe(returns, 0)
    assert found.deflated == probabilistic_sharpe(returns[:, 0])
    assert (found.expected_maximum, found.trials, found.independent) == (0.0, 1, 1.0)


def test_the_mean_correlation_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(3)
    returns = np.add(rng.normal(size=(60, 1)), rng.normal(size=(60, 7)))
    matrix = np.corrcoef(returns.T)
    mean = float(np.mean(matrix[np.triu_indices(7, 1)]))
    assert independent_trials(returns) == pytest.approx(mean + (1.0 - mean) * 7)


def test_trials_that_never_dealt_do_not_break_the_judgement() -> None:
    returns = np.zeros((20, 3))
    returns[:, 1] = np.tile((0.01, 0.02), 10)
    found = deflated_sharpe(returns, 1)
    assert found.sharpe is not None
    assert found.sharpe > 1.0
    assert independent_trials(returns) == 3.0
    assert deflated_sharpe(returns, 0).deflated is None
    assert deflated_sharpe(returns, 0).sharpe == 0.0


def test_a_single_period_proves_nothing() -> None:
    found = deflated_sharpe(np.array([[0.01, 0.02]]), 1)
    assert (found.sharpe, found.deflated, found.periods) == (None, None, 1)


@pytest.mark.parametrize(("trials", "deviation"), [(0, 1.0), (5, -1.0), (5, math.nan)])
def test_what_has_no_maximum_is_none(trials: float, deviation: float) -> None:
    assert expected_maximum_sharpe(trials, deviation) is None


def test_the_maximum_never_falls_below_that_of_one_trial() -> None:
    found = [expected_maximum_sharpe(n, 1.0) for n in (1, 1.01, 1.5, 2, 3, 10, 100)]
    assert all(value is not None for value in found)
    assert found == sorted(found, key=lambda value: value or 0.0)
