"""What must hold before real money is traded."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ikbr.core.pipeline import Instance
from ikbr.domain.errors import ConfigError
from ikbr.domain.limits import PROFILES
from ikbr.live.real_money import (
    NEEDED,
    check_real_money,
    confirm_account,
)
from ikbr.strategies.registry import create

LIVE, PAPER = PROFILES["live"], PROFILES["paper"]


def instance(stop: float = 0.01) -> Instance:
    return Instance(create("momentum", {"stop_loss_pct": stop}), "momentum", ("SPY",))


def test_the_live_profile_with_a_stop_will_do() -> None:
    check_real_money(LIVE, PAPER, [instance()])


@pytest.mark.parametrize("name", NEEDED)
def test_no_needed_limit_may_be_off(name: str) -> None:
    limits = msgspec.structs.replace(LIVE, **{name: 0})
    with pytest.raises(ConfigError, match=rf"risk\.{name} is 0"):
        check_real_money(limits, PAPER, [instance()])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_position_notional", 10_001.0),
        ("max_position_pct", 0.11),
        ("max_drawdown_pct", 0.06),
        ("collar_pct", 0.06),
        ("min_order_interval_s", 0.1),
        ("max_order_notional", 0.0),
        ("max_orders_per_day", 6_000),
        ("refuse_unreconciled", False),
        ("check_children", False),
    ],
)
def test_no_limit_may_be_looser_than_on_paper(name: str, value: float) -> None:
    limits = msgspec.structs.replace(LIVE, **{name: value})
    with pytest.raises(ConfigError, match=rf"risk\.{name} = .* is looser"):
        check_real_money(limits, PAPER, [instance()])


@pytest.mark.parametrize(
    ("changes", "stop", "says"),
    [
        ({"refuse_stale": False}, 0.01, "refuse_stale"),
        ({"require_stop": False}, 0.01, "require_stop"),
        ({}, 0.0, "no protective stop"),
    ],
)
def test_stale_data_and_bare_positions_are_refused(
    changes: dict[str, Any], stop: float, says: str
) -> None:
    limits = msgspec.structs.replace(LIVE, **changes)
    with pytest.raises(ConfigError, match=says):
        check_real_money(limits, PAPER, [instance(stop)])


def test_the_account_must_be_named_exactly() -> None:
    confirm_account("U1234567", " U1234567\n")
    for typed in ("", "yes", "U123456", "u1234567"):
        with pytest.raises(ConfigError, match="confirmed"):
            confirm_account("U1234567", typed)
