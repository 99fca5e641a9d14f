"""The probability of overfitting against a plain loop, and on made-up skill and luck."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from ikbr.backtest.analytics.defined import Floats
from ikbr.backtest.validation.overfitting import blocks_for, overfitting


def plain(returns: Floats, blocks: int) -> list[tuple[float, float, float]]:
    """Give in-sample ratio, out-of-sample ratio and logit of each split, step by step."""
    length = len(returns) // blocks
    kept = returns[len(returns) - length * blocks :]
    parts = [kept[n * length : (n + 1) * length] for n in range(blocks)]
    found = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[n] for n in chosen])
        outside = np.concatenate([parts[n] for n in range(blocks) if n not in chosen])
        inner = inside.mean(axis=0) / inside.std(axis=0, ddof=1)
        outer = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
        best = int(inner.argmax())
        share = (sorted(outer).index(outer[best]) + 1) / (returns.shape[1] + 1)
        found.append((inner[best], outer[best], math.log(share / (1 - share))))
    return found


@pytest.mark.parametrize(("periods", "trials", "blocks"), [(60, 5, 6), (47, 12, 8), (30, 2, 4)])
def test_it_equals_the_plain_loop(periods: int, trials: int, blocks: int) -> None:
    returns = np.random.default_rng(periods).normal(0.0, 0.01, (periods, trials))
    found = overfitting(returns, blocks)
    assert found is not None
    inside, outside, logits = zip(*plain(returns, blocks), strict=True)
    assert found.in_sample == pytest.approx(inside)
    assert found.out_of_sample == pytest.approx(outside)
    assert found.logits == pytest.approx(logits)
    assert found.probability == sum(value <= 0 for value in logits) / len(logits)
    assert found.probability_of_loss == sum(value < 0 for value in outside) / len(outside)
    assert found.slope == pytest.approx(np.polyfit(inside, outside, 1)[0])


def test_skill_is_not_called_overfitting_and_luck_is() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, 0.01, (320, 50))
    skill = noise.copy()
    skill[:, 17] += 0.006
    lucky, skilled = overfitting(noise, 10), overfitting(skill, 10)
    assert lucky is not None
    assert skilled is not None
    assert lucky.probability > 0.3
    assert skilled.probability < 0.02
    assert skilled.probability_of_loss == 0.0


def test_many_trials_are_judged_in_parts_with_the_same_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    returns = np.random.default_rng(4).normal(0.0, 0.01, (64, 30))
    whole = overfitting(returns, 8)
    monkeypatch.setattr("ikbr.backtest.validation.overfitting.CELLS", 90)
    assert overfitting(returns, 8) == whole


def test_ties_share_their_rank() -> None:
    one = np.random.default_rng(6).normal(0.0, 0.01, (16, 1))
    found = overfitting(np.repeat(one, 4, axis=1), 4)
    assert found is not None
    assert set(found.logits) == {0.0}


def test_a_trial_that_never_dealt_scores_zero() -> None:
    losing = -np.abs(np.random.default_rng(7).normal(0.01, 0.01, (24, 3)))
    losing[:, 1] = 0.0
    found = overfitting(losing, 4)
    assert found is not None
    assert set(found.in_sample) == {0.0}
    assert found.probability == 0.0
    assert found.slope is None


@pytest.mark.parametrize(
    ("shape", "blocks"), [((3, 5), None), ((40, 1), None), ((10, 3), 5), ((6, 3), 8)]
)
def test_too_little_gives_nothing(shape: tuple[int, int], blocks: int | None) -> None:
    returns = np.random.default_rng(1).normal(size=shape)
    assert overfitting(returns, blocks) is None


def test_nothing_dealt_gives_nothing() -> None:
    assert overfitting(np.zeros((40, 4))) is None


@pytest.mark.parametrize(("periods", "blocks"), [(4, 4), (5, 4), (15, 14), (16, 16), (5000, 16)])
def test_the_number_of_blocks_is_even_and_bounded(periods: int, blocks: int) -> None:
    assert blocks_for(periods) == blocks
