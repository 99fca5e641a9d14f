"""Exact: over the LEAN sample, momentum gives the fills and the profit of an independent loop."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import NamedTuple

import pytest
from loops import SAMPLE, Done, fixed_fee, lean_rows, momentum, profit

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.data.catalog import Catalog
from ikbr.data.import_lean import import_lean
from ikbr.data.select_days import select_days
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.examples.momentum import MomentumStrategy

AS_OF = "2025-06-02"
DAYS = ("20131007", "20131008")

pytestmark = pytest.mark.skipif(not SAMPLE.is_dir(), reason=f"the LEAN sample is not at {SAMPLE}")


class Case(NamedTuple):
    """Say what is compared."""

    symbol: str
    feed: str
    rule: str
    threshold: float


CASES = [
    Case("SPY", "trades", "next", 0.0003),
    Case("SPY", "trades", "last", 0.0001),
    Case("BAC", "trades", "next", 0.0005),
    Case("BAC", "trades", "last", 0.00073),
    Case("IBM", "trades", "next", 0.0003),
    Case("IBM", "trades", "last", 0.0003),
    Case("IBM", "both", "quote", 0.0002),
    Case("IBM", "both", "next", 0.0003),
    Case("BAC", "both", "quote", 0.00073),
]
WAYS = [("none", "python"), ("ibkr-fixed", "python"), ("ibkr-fixed", "reference")]
RUNS = [
    pytest.param(case, fees, shape, id=f"{'-'.join(map(str, case[:3]))}-{fees}-{shape}")
    for case in CASES
    for fees, shape in WAYS
]


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    made = Catalog(tmp_path_factory.mktemp("exact") / "catalog")
    for symbol in ("spy", "bac", "ibm"):
        import_lean(made, SAMPLE / "equity/usa/tick" / symbol)
    return made


@lru_cache(maxsize=2)
def expected(case: Case, days: int) -> tuple[list[Done], int]:
    rows = lean_rows(case.symbol, quotes=case.feed == "both")
    return momentum([r for r in rows if r[1] in DAYS[-days:]], case.threshold, case.rule)


def run(catalog: Catalog, case: Case, fees: str, shape: str, days: int) -> BacktestResult:
    sessions = select_days(catalog, [case.symbol], "tick", case.feed, days=days)
    source = CatalogSource(catalog, [case.symbol], sessions, feed=case.feed)
    setup = Setup(
        capital=1_000_000.0,
        model=ExecutionModel(
            fees=fees,
            fees_as_of=dt.date.fromisoformat(AS_OF) if fees != "none" else None,
            fill=case.rule,
        ),
        limits=RiskLimits(min_order_interval_s=0, max_drawdown_pct=0),
        quantity=100,
        shape=shape,
    )
    instance = Instance(MomentumStrategy(threshold=case.threshold), "momentum", (case.symbol,))
    return run_backtest(source, [instance], setup, journal=MemoryJournal(), feed=case.feed)


@pytest.mark.parametrize(("case", "fees", "shape"), RUNS)
def test_a_backtest_is_an_independent_loop_to_the_cent(
    catalog: Catalog, case: Case, fees: str, shape: str
) -> None:
    # Row by row, one day of the longest tapes is enough.
    days = 1 if shape == "reference" and case.feed == "both" else 2
    fills, mark = expected(case, days)
    charged = [fixed_fee(fill, AS_OF) if fees != "none" else 0 for fill in fills]
    result = run(catalog, case, fees, shape, days)
    got = [(f.ts_ns, f.side * f.quantity, f.price_units, f.commission_micro) for f in result.fills]
    assert got == [(*fill, int(fee * 10**6)) for fill, fee in zip(fills, charged, strict=True)]
    assert len(fills) > 50
    assert result.net_pnl == float(profit(fills, charged, mark))
    assert result.commission == float(sum(charged))
    assert result.refused == {}
