"""A histogram gives quantiles of any number of values within 1.6 %."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.histogram import Histogram


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=200), st.floats(0.001, 1.0))
def test_a_quantile_is_that_of_the_sorted_values(values: list[int], share: float) -> None:
    times = Histogram()
    for value in values:
        times.add(value)
    exact = sorted(values)[math.ceil(share * len(values)) - 1]
    assert exact <= times.quantile(share) <= exact * (1 + 1 / 64)
    assert times.count == len(values)
    assert times.most == max(values)
    assert times.mean == sum(values) / len(values)


def test_an_empty_one_gives_zero() -> None:
    assert Histogram().quantile(0.99) == 0
    assert Histogram().mean == 0.0
