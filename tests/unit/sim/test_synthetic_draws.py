"""Random integers."""

from __future__ import annotations

import numpy as np

from ikbr.sim.synthetic.draws import MASK, NORMAL_SCALE, Draws, key_of, mix

_GOLDEN = 0x9E3779B97F4A7C15


def test_words_equal_the_plain_integer_recipe() -> None:
    key = key_of(7, "SPY")
    expected = [mix((key + n * _GOLDEN) & MASK) for n in range(1, 6)]
    draws = Draws(key)
    assert [*draws.words(2).tolist(), *draws.words(3).tolist()] == expected


def test_small_numbers_are_uniform_and_below_their_limit() -> None:
    found = np.bincount(Draws(1).below(10, 100_000), minlength=10)
    assert len(found) == 10
    assert found.min() > 9_500
    assert found.max() < 10_500


def test_normals_have_the_stated_mean_and_scale() -> None:
    found = Draws(2).normals(200_000)
    assert abs(found.mean()) < 400
    assert abs(found.std() / NORMAL_SCALE - 1) < 0.01
    assert np.abs(found).max() <= 131_070
    inside = (np.abs(found) < NORMAL_SCALE).mean()
    assert 0.66 < inside < 0.69


def test_single_draws_follow_the_same_stream() -> None:
    one, many = Draws(3), Draws(3)
    assert [one.one_normal(), one.one_below(9)] == [
        int(many.normals(1)[0]),
        int(many.below(9, 1)[0]),
    ]
