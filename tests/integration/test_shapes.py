"""The two ways to replay a tape mean the same: same orders, fills, refusals and equity."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from tapes import CASES, GUARDED, facts, random_tape, run


def check(case: dict[str, Any]) -> dict[str, int]:
    """Run one case in both shapes and compare; give the refusals by rule."""
    tape, sessions = random_tape(case["seed"], case["rows"], case["symbols"])
    fast, fast_journal, fast_notes = run(tape, sessions, "python", case)
    slow, slow_journal, slow_notes = run(tape, sessions, "reference", case)
    expected, got = facts(slow), facts(fast)
    for name, value in expected.items():
        assert repr(got[name]) == repr(value), name
    assert repr(fast_notes) == repr(slow_notes)
    assert repr(fast_journal.records) == repr(slow_journal.records)
    return dict(slow.refused)


@given(CASES)
@settings(max_examples=60, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_stretches_and_single_rows_give_the_same_run(case: dict[str, Any]) -> None:
    check(case)


@pytest.mark.parametrize("seed", range(12))
def test_long_tapes_give_the_same_run_in_both_shapes(seed: int) -> None:
    case = {
        "seed": seed, "rows": 6_000, "symbols": 1 + seed % 3, "strategies": 1 + seed % 2,
        "every": (40, 300, 2_000)[seed % 3], "capital": 200_000.0, "drawdown": 0.05,
        "interval": 0.0, "fill": ("quote", "next", "last")[seed % 3],
        "latency": (0.0, 75.0)[seed % 2], "response": 0.0, "fees": "ibkr-fixed",
        "queue": "behind-displayed", "cap": 0.0, "quantity": 100, "all_hours": False,
        "route": ("market", "smart", "patient")[seed % 3],
    }  # fmt: skip
    check(case)


def test_every_control_means_the_same_in_both_shapes() -> None:
    refused: Counter[str] = Counter()
    for seed in range(8):
        case = {
            "seed": seed, "rows": 3_000, "symbols": 1 + seed % 3, "strategies": 2, "every": 5,
            "capital": 30_000.0 if seed % 2 else 400_000.0, "drawdown": 0.0, "interval": 0.0,
            "fill": "quote", "latency": (0.0, 75.0)[seed % 2], "response": 0.0, "fees": "none",
            "queue": "behind-displayed", "cap": 0.0, "quantity": 100, "all_hours": False,
            "limits": GUARDED,
        }  # fmt: skip
        refused.update(check(case))
    assert set(refused) >= {
        "collar", "spread", "self-trade", "duplicate", "message-rate", "order-rate",
        "quantity-rate", "notional-rate", "runs", "blocked", "closed", "stale", "sector",
    }  # fmt: skip
