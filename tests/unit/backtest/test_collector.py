"""The collector is calmed during a replay and put back whatever happens."""

from __future__ import annotations

import gc

import pytest

from ikbr.backtest.collector import THRESHOLDS, calm_collector


def test_the_collector_looks_less_often_within_and_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with calm_collector():
        assert gc.get_threshold() == THRESHOLDS
    assert gc.get_threshold() == before


def test_an_error_puts_the_collector_back_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError, match="broken"), calm_collector():
        raise RuntimeError("broken")
    assert gc.get_threshold() == before
