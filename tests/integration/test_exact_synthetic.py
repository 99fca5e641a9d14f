"""Exact: over made-up days too, momentum gives the fills and the profit of an independent loop."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from loops import Row, fixed_fee, momentum, profit

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.data.catalog import Catalog
from ikbr.data.columns import PrintColumns, QuoteColumns
from ikbr.data.synthetic import make_synthetic
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.session import Session
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.examples.momentum import MomentumStrategy

AS_OF = "2025-03-03"
SYMBOL = "KO"


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalog, tuple[Session, ...]]:
    path: Path = tmp_path_factory.mktemp("exact") / "catalog"
    sessions = make_synthetic(path, symbols=("SPY", SYMBOL), days=2, seed=11, rows_per_day=20_000)
    return Catalog(path), sessions


def rows_of(quotes: QuoteColumns, prints: PrintColumns, day: str) -> list[Row]:
    assert not (prints.flags & 12).any(), "the loop knows no halts; choose another seed"
    found = [
        (ts, day, bid, ask, 0)
        for ts, bid, ask in zip(
            quotes.ts_ns.tolist(), quotes.bid.tolist(), quotes.ask.tolist(), strict=True
        )
    ]
    found += [
        (ts, day, 0, 0, price)
        for ts, price in zip(prints.ts_ns.tolist(), prints.price.tolist(), strict=True)
    ]
    return sorted(found, key=lambda row: (row[0], row[4] > 0))


@pytest.mark.parametrize("shape", ["python", "reference"])
@pytest.mark.parametrize("fees", ["none", "ibkr-fixed"])
@pytest.mark.parametrize("rule", ["quote", "next", "last"])
def test_a_backtest_is_an_independent_loop_to_the_cent(
    market: tuple[Catalog, tuple[Session, ...]], rule: str, fees: str, shape: str
) -> None:
    catalog, sessions = market
    rows: list[Row] = []
    for session in sessions:
        quotes = catalog.quotes(SYMBOL, session.date)
        prints = catalog.prints(SYMBOL, session.date)
        whole = rows_of(quotes, prints, str(session.date))
        rows += [row for row in whole if session.open_ns <= row[0] < session.close_ns]
    fills, mark = momentum(rows, 0.0004, rule)
    charged = [fixed_fee(fill, AS_OF) if fees != "none" else 0 for fill in fills]
    setup = Setup(
        capital=1_000_000.0,
        model=ExecutionModel(fees=fees, fees_as_of=dt.date.fromisoformat(AS_OF), fill=rule),
        limits=RiskLimits(min_order_interval_s=0, max_drawdown_pct=0),
        quantity=100,
        shape=shape,
    )
    instance = Instance(MomentumStrategy(threshold=0.0004), "momentum", (SYMBOL,))
    source = CatalogSource(catalog, [SYMBOL], sessions)
    result = run_backtest(source, [instance], setup, journal=MemoryJournal())
    got = [(f.ts_ns, f.side * f.quantity, f.price_units, f.commission_micro) for f in result.fills]
    assert got == [(*fill, int(fee * 10**6)) for fill, fee in zip(fills, charged, strict=True)]
    assert len(fills) > 100
    assert result.net_pnl == float(profit(fills, charged, mark))
