from __future__ import annotations

import pytest

from ikbr.core.halts import NO_FLOOR, Halts
from ikbr.domain.limits import RiskLimits


@pytest.mark.parametrize(
    ("equity", "rule"), [(990, None), (971, None), (970, "daily-loss"), (950, "drawdown")]
)
def test_a_halt_trips_at_its_floor_exactly(equity, rule) -> None:
    halts = Halts(RiskLimits(max_drawdown_pct=0.05, max_daily_loss_pct=0.03), 1000)
    judged, tripped = halts.judge(equity), halts.on_equity(equity)
    assert judged == tripped == halts.current
    assert (tripped.rule if tripped else None) == rule


def test_floors_are_rounded_down_so_that_no_halt_comes_too_early() -> None:
    halts = Halts(RiskLimits(max_drawdown_pct=1 / 3), 1000)
    assert halts.floor_micro == 666


def test_an_account_without_money_has_no_floor() -> None:
    halts = Halts(RiskLimits(max_drawdown_pct=0.05, max_daily_loss_pct=0.05), 0)
    assert halts.barrier_micro == NO_FLOOR
    halts.start_day(1000)
    assert halts.barrier_micro == 950


def test_a_pause_is_released_alone_and_is_less_serious_than_a_loss() -> None:
    halts = Halts(RiskLimits(max_drawdown_pct=0.1), 1_000)
    assert not halts.resume()
    paused = halts.pause("lunch")
    assert halts.current is paused
    halts.on_equity(800)
    assert halts.current is not None
    assert halts.current.rule == "drawdown"
    assert [one.rule for one in halts.latched] == ["pause", "drawdown"]
    assert halts.resume()
    assert [one.rule for one in halts.latched] == ["drawdown"]
