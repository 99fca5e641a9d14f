"""Orders decided in compiled code leave the run that the engine leaves, journal and all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pytest
from grid_cases import LeavingKernel, RestlessKernel
from hypothesis import given, settings
from hypothesis import strategies as st
from tapes import Pieces, random_tape

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.grid.samples import carried
from ikbr.backtest.result import COMPILED_ORDERS, ENGINE, BacktestResult
from ikbr.backtest.single.replay import ROOM
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import Order
from ikbr.domain.tape import Kind, Tape, TapeSource
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.examples.mean_reversion_kernel import MeanReversionKernel
from ikbr.strategies.examples.momentum_kernel import MomentumKernel
from ikbr.strategies.kernel import cells

OPEN_LIMITS = RiskLimits(
    max_position_pct=0.0, max_gross_pct=0.0, max_drawdown_pct=0.0, max_daily_loss_pct=0.0,
    min_order_interval_s=0.0, refuse_stale=False,
)  # fmt: skip


class WordyKernel(RestlessKernel):
    """Say much of every signal, and log it."""

    def reason(self, value: int, state: Any, ticker: Any) -> str:
        held = self.position(ticker.symbol)
        self.log(f"{self.now_ns}: {value:+d} holding {held}")
        return f"{state.seen}: {ticker} {ticker.is_print} {ticker.bid_size} {ticker.last_size}"

    def describe(self) -> dict[str, Any]:
        return {s: (one.seen, one.draw, self.position(s)) for s, one in self.states.items()}


class WideKernel(WordyKernel):
    """Keep a state that is too wide to be noted at every order."""

    state: Mapping[str, Any] = {**RestlessKernel.state, "cells": cells(5_000)}


KERNELS: dict[str, type[RestlessKernel]] = {
    "restless": RestlessKernel,
    "leaving": LeavingKernel,
    "wordy": WordyKernel,
    "wide": WideKernel,
}
CASES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "rows": st.integers(1, 700),
        "piece": st.sampled_from([1, 37, 10_000]),
        "calm": st.sampled_from([True, True, False]),
        "kernel": st.sampled_from(sorted(KERNELS)),
        "every": st.sampled_from([3, 11, 60]),
        "short": st.booleans(),
        "capital": st.sampled_from([30_000.0, 1_000_000.0, 50_000_000.0]),
        "quantity": st.sampled_from([0, 1, 100]),
        "all_hours": st.booleans(),
        "share": st.sampled_from([1.0, 0.4]),
        "limits": st.sampled_from([OPEN_LIMITS, OPEN_LIMITS, RiskLimits(max_drawdown_pct=0.0005)]),
        "model": st.fixed_dictionaries(
            {
                "fill": st.sampled_from(["quote", "last"]),
                "fees": st.sampled_from(["none", "ibkr-fixed", "ibkr-tiered"]),
                "account": st.sampled_from(["simple", "reg-t"]),
                "pattern_day_rule": st.booleans(),
            }
        ),
    }
)


def calmed(tape: Tape) -> Tape:
    """Let every side stand and dealing never halt, so that all orders are filled at once."""
    columns: dict[str, Any] = {
        name: carried(getattr(tape, name), 2_000_000).astype(np.int32)
        for name in ("bid", "ask", "last")
    }
    kind = np.where(tape.kind >= Kind.HALT, int(Kind.QUOTE), tape.kind).astype(np.uint8)
    return dataclasses.replace(tape, kind=kind, **columns)


def told(
    source: TapeSource, strategy: BaseStrategy, setup: Setup, share: float = 1.0
) -> tuple[BacktestResult, MemoryJournal]:
    symbols = tuple(i.symbol for i in source.instruments)
    journal = MemoryJournal()
    one = Instance(strategy, "one", symbols, share)
    return run_backtest(source, [one], setup, journal=journal), journal


def shown(value: Any) -> str:
    """Show everything of a value, of orders too, but for the object that keeps them."""
    if isinstance(value, list) and value and isinstance(value[0], Order):
        names = [name for name in Order.__struct_fields__ if name != "owner"]
        return repr([[getattr(order, name) for name in names] for order in value])
    return repr(value)


def compare(source: TapeSource, make: Any, setup: Setup, share: float = 1.0) -> BacktestResult:
    """Run both ways; everything but the path and the seconds must be the same."""
    fast, journal = told(source, make(), setup, share)
    plain = msgspec.structs.replace(setup, compile_orders=False)
    slow, expected = told(source, make(), plain, share)
    assert slow.path == ENGINE
    for field in dataclasses.fields(slow):
        if field.name not in ("path", "engine_seconds"):
            name = field.name
            assert shown(getattr(fast, name)) == shown(getattr(slow, name)), name
    assert repr(journal.records) == repr(expected.records)
    return fast


def check(case: dict[str, Any]) -> BacktestResult:
    tape, sessions = random_tape(case["seed"], case["rows"], 1)
    if case["calm"]:
        tape = calmed(tape)
    setup = Setup(
        shape="kernel",
        capital=case["capital"],
        limits=case["limits"],
        model=ExecutionModel(**case["model"]),
        quantity=case["quantity"],
        all_hours=case["all_hours"],
    )
    return compare(
        Pieces(tape, sessions, case["piece"]),
        lambda: KERNELS[case["kernel"]](case["seed"], case["every"], case["short"]),
        setup,
        case["share"],
    )


@given(CASES)
@settings(max_examples=20)
def test_compiled_orders_leave_the_run_of_the_engine(case: dict[str, Any]) -> None:
    check(case)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("fill", ["quote", "last"])
@pytest.mark.parametrize("short", [False, True])
def test_long_runs_are_decided_in_compiled_code_and_leave_the_same(
    kernel: str, fill: str, short: bool
) -> None:
    case = {
        "seed": 4, "rows": 6_000, "piece": 5_000, "calm": True, "kernel": kernel,
        "every": 3, "short": short,
        "capital": 1_000_000.0, "quantity": 100, "all_hours": True, "share": 1.0,
        "limits": OPEN_LIMITS, "model": {"fill": fill, "fees": "ibkr-tiered"},
    }  # fmt: skip
    found = check(case)
    assert (found.path, len(found.fills) > ROOM) == (COMPILED_ORDERS, True)


@pytest.mark.parametrize(
    "make",
    [lambda: MomentumKernel(5, 0.0003, True), lambda: MeanReversionKernel(5, entry=1.2)],
    ids=["momentum", "mean reversion"],
)
def test_the_examples_leave_the_same_and_say_the_same_of_their_signals(make: Any) -> None:
    tape, sessions = random_tape(11, 5_000, 1)
    setup = Setup(shape="kernel", limits=OPEN_LIMITS, all_hours=True, quantity=100)
    found = compare(Pieces(calmed(tape), sessions, 1_700), make, setup)
    assert (found.path, len(found.fills) > 20) == (COMPILED_ORDERS, True)


class Breaking(RestlessKernel):
    """Fail after some rows."""

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        state.seen += 1
        if state.seen == params.odd:
            state.draw = state.seen // (state.seen - params.odd)
        return 1 if state.seen % 7 else -1


LEFT_TO_THE_ENGINE: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "a refusal": (RestlessKernel, {}, {"limits": RiskLimits(max_order_quantity=1)}),
    "a halt of entries": (RestlessKernel, {}, {"limits": RiskLimits(max_drawdown_pct=1e-6)}),
    "an order that waits": (RestlessKernel, {}, {"all_hours": False}),
    "another answer": (RestlessKernel, {"odd": 900}, {}),
    "an exception": (Breaking, {"odd": 900}, {}),
}


@pytest.mark.parametrize("name", LEFT_TO_THE_ENGINE)
def test_what_compiled_code_does_not_know_is_run_by_the_engine_from_the_start(name: str) -> None:
    kernel, given_, changed = LEFT_TO_THE_ENGINE[name]
    tape, sessions = random_tape(5, 2_000, 1)
    plain = Setup(shape="kernel", limits=OPEN_LIMITS, all_hours=True, quantity=100)
    source = Pieces(calmed(tape), sessions, 700)
    found = compare(source, lambda: kernel(**given_), msgspec.structs.replace(plain, **changed))
    assert (found.path, found.events) == (ENGINE, 2_000)


def test_a_drawdown_from_a_peak_between_two_orders_is_seen() -> None:
    tape, sessions = random_tape(2, 6_000, 1)
    limits = msgspec.structs.replace(OPEN_LIMITS, max_drawdown_pct=0.01)
    setup = Setup(
        shape="kernel", capital=1_000_000.0, limits=limits, all_hours=True, quantity=3_000,
        model=ExecutionModel(fees="none"),
    )  # fmt: skip
    source = Pieces(calmed(tape), sessions, 5_000)
    found = compare(source, lambda: RestlessKernel(2, 40, True), setup)
    assert (found.path, len(found.alerts)) == (ENGINE, 1)


def test_short_tapes_are_not_worth_compiling_for_unless_it_is_asked_for() -> None:
    tape, sessions = random_tape(5, 300, 1)
    source = Pieces(calmed(tape), sessions, 10_000)
    paths = [
        told(source, RestlessKernel(), Setup(shape=shape, limits=OPEN_LIMITS, all_hours=True))[0]
        for shape in ("auto", "kernel", "reference")
    ]
    assert [one.path for one in paths] == [ENGINE, COMPILED_ORDERS, ENGINE]


class Lines:
    """A journal that is told record by record."""

    def __init__(self) -> None:
        self.records: list[tuple[str, int, Any]] = []

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        self.records.append((kind, ts_ns, body))


def test_any_journal_gets_the_same_records() -> None:
    tape, sessions = random_tape(5, 900, 1)
    source = Pieces(calmed(tape), sessions, 10_000)
    setup = Setup(shape="kernel", limits=OPEN_LIMITS, all_hours=True, quantity=100)
    one = Instance(RestlessKernel(), "one", ("SPY",))
    lines = Lines()
    found = run_backtest(source, [one], setup, journal=lines)
    assert found.path == COMPILED_ORDERS
    kinds = [kind for kind, _, _ in lines.records]
    assert kinds[0] == "settings"
    assert kinds.count("session") == 2 < kinds.count("fill")
    assert lines.records == told(source, RestlessKernel(), setup)[1].records
