"""Freshness: decisions and refusals say how far the data could be trusted, and risk can insist."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Decision, Refusal
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderRequest, Side
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.domain.ticker import Freshness, Ticker
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy

OPEN_NS = 1_772_461_800_000_000_000
SECOND = 10**9
SESSION = Session(dt.date(2026, 3, 2), OPEN_NS, OPEN_NS + 3_600 * SECOND)
QUOTE, PRINT, HALT, RESUME = Kind.QUOTE, Kind.PRINT, Kind.HALT, Kind.RESUME

Row = tuple[int, Kind, int, int]
"""Second, kind, bid and ask in price units."""

CALM: list[Row] = [(n, QUOTE, 100_000, 100_100) for n in range(20)]


def tape(rows: list[Row]) -> Tape:
    second, kind, bid, ask = (np.array(column) for column in zip(*rows, strict=True))
    printed = np.isin(kind, [PRINT])
    return Tape(
        (parse_contract("SPY"),),
        ts=OPEN_NS + second.astype(np.int64) * SECOND,
        sym=np.zeros(len(rows), np.int16),
        kind=kind.astype(np.uint8),
        bid=bid.astype(np.int32),
        ask=ask.astype(np.int32),
        last=np.full(len(rows), 100_000, np.int32),
        bid_size=np.full(len(rows), 500, np.int32),
        ask_size=np.full(len(rows), 500, np.int32),
        size=np.where(printed, 100, 0).astype(np.int64),
    )


class AtSeconds(BaseStrategy):
    """Order at given seconds: on the row of that second, or by a timer."""

    def __init__(self, plan: str, by_timer: bool = False) -> None:
        """Take a plan such as "5B 9S"."""
        self.plan = {int(step[:-1]): Side.BUY if step[-1] == "B" else Side.SELL
                     for step in plan.split()}  # fmt: skip
        self.by_timer = by_timer

    def on_start(self) -> None:
        """Set the timers."""
        if self.by_timer:
            for second in self.plan:
                self.set_timer(str(second), at_ns=OPEN_NS + second * SECOND)

    def on_market_data(self, ticker: Ticker) -> Any:
        """Order on the row."""
        return None if self.by_timer else self.order((ticker.ts_ns - OPEN_NS) // SECOND)

    def on_timer(self, name: str) -> Any:
        """Order by the clock."""
        return self.order(int(name))

    def order(self, second: int) -> OrderRequest | None:
        """Order what the plan says."""
        side = self.plan.get(second)
        return None if side is None else OrderRequest("SPY", side, 10)


def run(
    rows: list[Row], strategy: AtSeconds, shape: str, insists: bool = True
) -> tuple[BacktestResult, list[Freshness]]:
    """Run it and give the labels of all decisions and refusals in the journal, in order."""
    journal = MemoryJournal()
    result = run_backtest(
        MemorySource(tape(rows), [SESSION]),
        [Instance(strategy, "one", ("SPY",))],
        Setup(
            limits=RiskLimits(refuse_stale=insists, stale_after_s=60.0, min_order_interval_s=0.0),
            model=ExecutionModel(fees="none"),
            shape=shape,
        ),
        journal=journal,
    )
    bodies = [body for _, _, body in journal.records]
    return result, [b.freshness for b in bodies if isinstance(b, Decision | Refusal)]


CASES = [
    ("5B", False, [], "fresh", True),
    ("5B", False, [(5, QUOTE, 100_200, 100_100)], "crossed", False),
    ("5B", False, [(5, QUOTE, 100_100, 100_100)], "locked", True),
    ("5B", False, [(5, QUOTE, NO_PRICE, 100_100)], "one-sided", True),
    ("5B", False, [(4, HALT, 100_000, 100_100), (5, QUOTE, 100_000, 100_100)], "halted", False),
    ("5B", True, [(4, HALT, 100_000, 100_100)], "halted", False),
    ("79B", True, [], "fresh", True),
    ("80B", True, [], "stale", False),
]


@pytest.mark.parametrize("shape", ["python", "reference"])
@pytest.mark.parametrize(("plan", "by_timer", "rows", "label", "enters"), CASES)
def test_an_entry_carries_its_label_and_is_refused_on_untrusted_data(
    plan: str, by_timer: bool, rows: list[Row], label: str, enters: bool, shape: str
) -> None:
    changed = {second for second, *_ in rows}
    late = (3_000, QUOTE, 100_000, 100_100)
    whole = sorted([*(r for r in CALM if r[0] not in changed), *rows, late])
    result, labels = run(whole, AtSeconds(plan, by_timer), shape)
    assert labels == [Freshness(label)]
    assert len(result.orders) == enters
    assert result.refused == ({} if enters else {"stale": 1})
    careless, labels = run(whole, AtSeconds(plan, by_timer), shape, insists=False)
    assert labels == [Freshness(label)]
    assert (len(careless.orders), careless.refused) == (1, {})


@pytest.mark.parametrize("shape", ["python", "reference"])
def test_an_exit_is_not_held_up_by_untrusted_data(shape: str) -> None:
    rows = [r if r[0] < 9 else (r[0], QUOTE, 100_200, 100_100) for r in CALM]
    result, labels = run(rows, AtSeconds("5B 9S"), shape)
    assert labels == [Freshness.FRESH, Freshness.CROSSED]
    assert [fill.side for fill in result.fills] == [Side.BUY, Side.SELL]


@pytest.mark.parametrize("shape", ["python", "reference"])
def test_entries_go_on_when_the_halt_ends(shape: str) -> None:
    rows = list(CALM)
    rows[4], rows[8] = (4, HALT, 100_000, 100_100), (8, RESUME, 100_000, 100_100)
    result, labels = run(rows, AtSeconds("6B 9B"), shape)
    assert labels == [Freshness.HALTED, Freshness.FRESH]
    assert (result.refused, len(result.fills)) == ({"stale": 1}, 1)
