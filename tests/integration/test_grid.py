"""The compiled grid finds what the engine finds: the same fills, refusals, equity and figures."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from grid_cases import LeavingKernel, RestlessKernel, both, engine_facts, grid_facts
from hypothesis import given, settings
from hypothesis import strategies as st
from tapes import Pieces, random_tape

from ikbr.backtest.engine import Instance, Setup
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.session import Session
from ikbr.domain.tape import Tape
from ikbr.strategies.examples.mean_reversion_kernel import MeanReversionKernel
from ikbr.strategies.examples.momentum_kernel import MomentumKernel

DAY_NS = 24 * 3_600_000_000_000
DAYS = {
    "as it is": 0,
    "the SEC fee ends": (dt.date(2025, 5, 13) - dt.date(2026, 3, 2)).days,
    "a month begins": (dt.date(2026, 3, 31) - dt.date(2026, 3, 2)).days,
    "the day trading rule ends": (dt.date(2026, 6, 3) - dt.date(2026, 3, 2)).days,
    "after a year": (dt.date(2027, 3, 1) - dt.date(2026, 3, 2)).days,
}
"""What happens between the two sessions of the tape, and how far it is moved for it."""

LIMITS = st.fixed_dictionaries(
    {
        "max_position_pct": st.sampled_from([0.0, 0.3, 0.9, 2.5]),
        "max_position_notional": st.sampled_from([0.0, 0.0, 20_000.0]),
        "max_gross_pct": st.sampled_from([0.0, 1.0, 1.9]),
        "max_drawdown_pct": st.sampled_from([0.0, 0.0005, 0.002, 0.05]),
        "max_daily_loss_pct": st.sampled_from([0.0, 0.0005, 0.002]),
        "min_order_interval_s": st.sampled_from([0.0, 0.001, 5.0, 120.0]),
        "max_order_quantity": st.sampled_from([0, 0, 150]),
        "max_order_notional": st.sampled_from([0.0, 0.0, 15_000.0]),
        "max_orders_per_day": st.sampled_from([0, 0, 7]),
        "refusal_retry_s": st.sampled_from([0.0, 1.0, 45.0]),
        "refuse_stale": st.booleans(),
    }
)
MODELS = st.fixed_dictionaries(
    {
        "fill": st.sampled_from(["quote", "next", "last"]),
        "fees": st.sampled_from(["none", "ibkr-fixed", "ibkr-tiered"]),
        "account": st.sampled_from(["simple", "reg-t"]),
        "pattern_day_rule": st.booleans(),
        "shortable": st.sampled_from([None, None, ("KO",)]),
    }
)
CASES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "rows": st.integers(1, 700),
        "piece": st.sampled_from([1, 37, 10_000]),
        "moved": st.sampled_from(sorted(DAYS)),
        "capital": st.sampled_from([1_500.0, 8_000.0, 30_000.0, 1_000_000.0, 50_000_000.0]),
        "quantity": st.sampled_from([0, 0, 1, 100, 300, 30_000]),
        "all_hours": st.booleans(),
        "every": st.sampled_from([1, 3, 11, 60]),
        "share": st.sampled_from([1.0, 0.4]),
        "leaves": st.booleans(),
        "limits": LIMITS,
        "model": MODELS,
    }
)


def moved(tape: Tape, sessions: list[Session], days: int) -> tuple[Tape, list[Session]]:
    return replace(tape, ts=tape.ts + days * DAY_NS), [
        msgspec.structs.replace(
            s,
            date=s.date + dt.timedelta(days),
            open_ns=s.open_ns + days * DAY_NS,
            close_ns=s.close_ns + days * DAY_NS,
        )
        for s in sessions
    ]


def outcomes(case: dict[str, Any]) -> list[tuple[Any, Any]]:
    tape, sessions = moved(*random_tape(case["seed"], case["rows"], 1), DAYS[case["moved"]])
    source = Pieces(tape, sessions, case["piece"])
    kernel = LeavingKernel if case["leaves"] else RestlessKernel
    instances = [
        Instance(
            kernel(case["seed"] + n, case["every"] + n // 2, bool(n % 2)),
            f"set-{n}",
            (tape.instruments[0].symbol,),
            case["share"],
        )
        for n in range(4)
    ]
    setup = Setup(
        capital=case["capital"],
        limits=RiskLimits(**case["limits"]),
        model=ExecutionModel(**case["model"]),
        quantity=case["quantity"],
        all_hours=case["all_hours"],
    )
    return both(source, instances, setup)


def check(case: dict[str, Any]) -> int:
    """Compare every set; count those that were left to the engine."""
    left = 0
    for grid, run in outcomes(case):
        if grid.left:
            left += 1
            continue
        expected, got = engine_facts(run), grid_facts(grid)
        for name, value in expected.items():
            assert repr(got[name]) == repr(value), name
    return left


@given(CASES)
@settings(max_examples=60)
def test_compiled_sets_and_single_runs_are_the_same(case: dict[str, Any]) -> None:
    check(case)


@pytest.mark.parametrize("seed", range(6))
def test_long_tapes_give_the_same_in_both(seed: int) -> None:
    case = {
        "seed": seed, "rows": 6_000, "moved": sorted(DAYS)[seed % 5],
        "piece": (10_000, 1_700)[seed % 2],
        "capital": (200_000.0, 26_000.0)[seed % 2], "quantity": (0, 100)[seed % 2],
        "all_hours": seed == 5, "every": (7, 40, 300)[seed % 3], "share": 1.0,
        "leaves": seed > 3,
        "limits": {"max_drawdown_pct": (0.05, 0.01)[seed % 2], "min_order_interval_s": 0.0},
        "model": {
            "fill": ("quote", "next", "last")[seed % 3],
            "fees": ("ibkr-fixed", "ibkr-tiered")[seed % 2],
        },
    }  # fmt: skip
    assert check(case) == 0


EXAMPLES: dict[str, list[Any]] = {
    "momentum": [MomentumKernel(n, 0.0001 * n, n > 4) for n in (2, 3, 4, 5, 8, 30)],
    "mean reversion": [
        MeanReversionKernel(n, entry=1.2, exit=0.3, stop=2.0 + n / 20, allow_short=n > 6)
        for n in (3, 5, 6, 9, 20, 60)
    ],
}


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("fill", ["quote", "next", "last"])
def test_the_examples_that_come_with_ikbr_give_the_same_in_both(name: str, fill: str) -> None:
    tape, sessions = random_tape(11, 5_000, 1)
    symbols = (tape.instruments[0].symbol,)
    instances = [Instance(one, f"{name} {n}", symbols) for n, one in enumerate(EXAMPLES[name])]
    setup = Setup(limits=RiskLimits(max_drawdown_pct=0.02), model=ExecutionModel(fill=fill))
    found = both(Pieces(tape, sessions, 10_000), instances, setup)
    assert sum(len(grid.fills) for grid, _ in found) > 20
    for grid, run in found:
        assert grid.left == ""
        expected, got = engine_facts(run), grid_facts(grid)
        for fact, value in expected.items():
            assert repr(got[fact]) == repr(value), fact
