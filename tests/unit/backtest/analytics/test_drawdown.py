"""Drawdowns against a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.backtest.analytics.drawdown import deepest, drawdowns, max_drawdown, ulcer_index

S = 1_000_000_000


def by_loop(equity: list[float]) -> tuple[float, int]:
    """Find depth and longest time under water the slow way, one second per step."""
    peak, depth, at_peak, longest = equity[0], 0.0, 0, 0
    for place, value in enumerate(equity):
        if value >= peak:
            if place - at_peak > 1:
                longest = max(longest, place - at_peak)
            peak, at_peak = value, place
        else:
            depth = max(depth, (peak - value) / peak)
            longest = max(longest, place - at_peak)
    # A fall of one step that is not followed by more than its recovery lasts two steps.
    return depth, longest


@given(st.lists(st.integers(1, 12).map(float), min_size=1, max_size=30))
def test_depth_and_longest_time_are_those_of_a_plain_loop(equity: list[float]) -> None:
    array = np.array(equity)
    found = deepest(np.arange(len(equity), dtype=np.int64) * S, array)
    depth, longest = by_loop(equity)
    assert found.depth == max_drawdown(array) == pytest.approx(depth)
    assert found.longest_s == longest
    assert found.duration_s <= found.longest_s
    if found.depth:
        assert found.peak_ts_ns < found.trough_ts_ns
        recovered = found.recovery_ts_ns
        assert recovered is None or recovered > found.trough_ts_ns


def test_the_deepest_need_not_be_the_longest() -> None:
    equity = np.array([100.0, 50.0, 100.0, 99.0, 98.0, 99.0, 99.5])
    found = deepest(np.arange(7, dtype=np.int64) * S, equity)
    assert (found.depth, found.duration_s, found.recovery_ts_ns) == (0.5, 2.0, 2 * S)
    assert found.longest_s == 4.0


def test_equity_that_never_falls_has_no_drawdown() -> None:
    found = deepest(np.arange(3, dtype=np.int64), np.array([1.0, 1.0, 2.0]))
    assert (found.depth, found.peak_ts_ns, found.longest_s) == (0.0, None, 0.0)
    assert deepest(np.array([], dtype=np.int64), np.array([])).depth == 0.0


def test_an_account_that_owes_money_is_more_than_all_down() -> None:
    assert max_drawdown(np.array([100.0, -50.0])) == 1.5
    assert drawdowns(np.array([-5.0, -6.0])).tolist() == [0.0, 0.0]
    assert drawdowns(np.array([])).tolist() == []


def test_the_ulcer_index_weighs_deep_and_long_drawdowns() -> None:
    assert ulcer_index(np.array([100.0, 90.0, 80.0])) == pytest.approx(math.sqrt(0.05 / 3))
    assert ulcer_index(np.array([])) is None
