"""Cross-validation against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from ikbr.backtest.analytics.ratios import sharpe
from ikbr.backtest.validation.cross_validation import cross_validate
from ikbr.backtest.validation.splits import Split, combinatorial_purged, purged_k_fold


def test_the_best_of_each_training_is_judged_on_its_test() -> None:
    returns = np.random.default_rng(1).normal(0.0, 0.01, (60, 7))
    splits = combinatorial_purged(60, 6, 2, purge=1, embargo=1)
    found = cross_validate(returns, splits)
    assert found is not None
    assert found.splits == 15
    for split, inside, outside in zip(splits, found.in_sample, found.out_of_sample, strict=True):
        trained = [sharpe(returns[list(split.train), n], 1.0) for n in range(7)]
        best = trained.index(max(trained, key=lambda value: value or 0.0))
        assert inside == pytest.approx(trained[best])
        assert outside == pytest.approx(sharpe(returns[list(split.test), best], 1.0))
    assert sum(found.chosen.values()) == 15
    assert found.losing == sum(value < 0 for value in found.out_of_sample) / 15


def test_skill_is_chosen_every_time() -> None:
    returns = np.random.default_rng(2).normal(0.0, 0.01, (50, 5))
    returns[:, 3] += 0.03
    found = cross_validate(returns, purged_k_fold(50, 5))
    assert found is not None
    assert found.chosen == {3: 5}
    assert found.losing == 0.0


@pytest.mark.parametrize(
    ("trials", "splits"), [(1, purged_k_fold(10, 2)), (3, []), (3, [Split((0,), (1, 2))])]
)
def test_too_little_gives_nothing(trials: int, splits: list[Split]) -> None:
    assert cross_validate(np.ones((10, trials)), splits) is None
