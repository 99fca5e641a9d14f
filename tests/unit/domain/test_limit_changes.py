"""Changes of limits while live: what is read, what is refused, what tightens."""

from __future__ import annotations

from typing import Any

import pytest

from ikbr.domain.errors import ConfigError
from ikbr.domain.limit_changes import changed_limits, tightened_limits
from ikbr.domain.limits import RiskLimits

LIMITS = RiskLimits(max_position_pct=0.1, max_runs=10, restricted=("GME",))


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("risk.max_position_pct", "0.05", 0.05),
        ("max_position_pct", 0.05, 0.05),
        ("max_order_notional", "10_000", 10_000.0),
        ("max_runs", "5", 5),
        ("refuse_stale", "on", True),
        ("refuse_stale", "true", True),
        ("restricted", "GME, AMC", ("GME", "AMC")),
        ("restricted", ["GME", "AMC"], ("GME", "AMC")),
    ],
)
def test_a_limit_is_read_as_a_person_writes_it(name: str, given: Any, value: Any) -> None:
    limits = changed_limits(LIMITS, {name: given})
    assert getattr(limits, name.removeprefix("risk.")) == value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"risk.max_positoin_pct": "1"}, "did you mean 'max_position_pct'"),
        ({"max_runs": "many"}, "risk.max_runs = 'many' makes no sense"),
        ({"max_runs": "1.5"}, "risk.max_runs = '1.5' makes no sense"),
        ({"max_order_notional": "inf"}, "a finite number"),
        ({"max_order_notional": "nan"}, "risk.max_order_notional"),
        ({"max_position_pct": "-1"}, "0 (off) or more"),
        ({"max_drawdown_pct": "5"}, "a fraction of at most 1"),
        ({"refuse_stale": "perhaps"}, "makes no sense"),
        ({"sectors": "banks"}, "write the sector"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(changes: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        changed_limits(LIMITS, changes)
    assert words in str(caught.value)


def test_what_tightens_is_taken_and_what_loosens_is_told() -> None:
    wanted = changed_limits(LIMITS, {"max_position_pct": 0.05, "max_runs": 20, "max_net_pct": 0.5})
    limits, refused = tightened_limits(LIMITS, wanted, ["max_position_pct", "max_runs"])
    assert (limits.max_position_pct, limits.max_runs, limits.max_net_pct) == (
        0.05,
        10,
        LIMITS.max_net_pct,
    )
    assert len(refused) == 1
    assert "risk.max_runs = 20 is looser than 10" in refused[0]
