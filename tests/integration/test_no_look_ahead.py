"""No look-ahead: changing everything after a moment changes nothing before it."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tapes import CASES, HOUR_NS, OPEN_NS, Restless, examples, random_tape, run

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Bar
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.domain.ticker import Ticker
from ikbr.journal.memory_journal import MemoryJournal

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


def other_future(tape: Tape, row: int, seed: int) -> Tape:
    """Keep the rows before one and make up everything else: prices, sizes, kinds, symbols."""
    rng = np.random.default_rng(seed)
    rest = len(tape) - row
    columns = {
        name: getattr(tape, name).copy()
        for name in ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    }
    for name in ("bid", "ask", "last"):
        column = columns[name]
        known = column[row:] != NO_PRICE
        column[row:][known] += rng.integers(-50, 50, rest)[known].astype(np.int32) * 100
        np.maximum(column[row:], 10_000, out=column[row:], where=known)
    for name in ("bid_size", "ask_size", "size"):
        columns[name][row:] = rng.integers(0, 700, rest)
    columns["kind"][row:] = rng.choice([Kind.QUOTE, Kind.PRINT], rest)
    return Tape(tape.instruments, **columns)


def before(journal: Any, ts_ns: int) -> list[str]:
    """Show what was recorded before a moment."""
    return [repr(record) for record in journal.records if record[1] < ts_ns]


@given(
    CASES, st.floats(0.05, 0.95), st.integers(0, 1_000), st.sampled_from(["python", "reference"])
)
@settings(max_examples=examples(30), phases=PHASES)
def test_another_future_changes_nothing_that_went_before(
    case: dict[str, Any], where: float, seed: int, shape: str
) -> None:
    tape, sessions = random_tape(case["seed"], case["rows"] + 20, case["symbols"])
    row = int(len(tape) * where)
    other = other_future(tape, row, seed)
    moment = int(tape.ts[row])
    one, journal, _ = run(tape, sessions, shape, case)
    two, other_journal, _ = run(other, sessions, shape, case)
    assert before(journal, moment) == before(other_journal, moment)
    assert until(one, moment) == until(two, moment)


def until(result: BacktestResult, ts_ns: int) -> tuple[list[str], list[float]]:
    """Show fills and equity before a moment."""
    fills = [repr(fill) for fill in result.fills if fill.ts_ns < ts_ns]
    return fills, result.equity[result.equity_ts < ts_ns].tolist()


class Bars(Restless):
    """Act on closed bars only."""

    def on_market_data(self, ticker: Ticker) -> None:
        """Watch."""

    def on_bar(self, bar: Bar) -> Any:
        """Act on some bars."""
        self.seen += 1
        draw = random.Random(self.seed * 1_000_003 + self.seen)
        self.notes.append(bar)
        return self._act(draw, self.ticker(bar.symbol)) if draw.random() < 0.5 else None


def bars_tape(seed: int, days: int) -> tuple[Tape, list[Session]]:
    """Make daily bars of two symbols, as four rows each."""
    rng = random.Random(seed)
    instruments = (parse_contract("SPY"), parse_contract("KO"))
    sessions = [
        Session(
            dt.date(2026, 3, 2) + dt.timedelta(days=n),
            OPEN_NS + n * 24 * HOUR_NS,
            OPEN_NS + n * 24 * HOUR_NS + 6 * HOUR_NS,
        )
        for n in range(days)
    ]
    rows: list[tuple[int, int, int, int, int]] = []
    price = [5_000_000, 700_000]
    for session in sessions:
        bars = []
        for sym in (0, 1):
            path = [price[sym]]
            for _ in range(8):
                path.append(max(10_000, path[-1] + rng.randrange(-80, 81) * 100))
            price[sym] = path[-1] + rng.randrange(-40, 41) * 100
            bars.append((sym, path[0], max(path), min(path), path[-1]))
        third = (session.close_ns - session.open_ns) // 3
        times = (session.open_ns, *(session.open_ns + n * third for n in (1, 2)))
        for place, ts in enumerate((*times, session.close_ns - 1), 1):
            kind = (Kind.BAR_OPEN, Kind.BAR_HIGH, Kind.BAR_LOW, Kind.BAR_CLOSE)[place - 1]
            size = 1_000 if kind is Kind.BAR_CLOSE else 0
            rows += [(ts, bar[0], int(kind), bar[place], size) for bar in bars]
    ts_, sym_, kind_, last, size_ = (list(column) for column in zip(*rows, strict=True))
    none = np.full(len(rows), NO_PRICE, np.int32)
    zero = np.zeros(len(rows), np.int32)
    tape = Tape(
        instruments,
        np.array(ts_, np.int64),
        np.array(sym_, np.int16),
        np.array(kind_, np.uint8),
        none,
        none,
        np.array(last, np.int32),
        zero,
        zero,
        np.array(size_, np.int64),
    )
    return tape, sessions


@given(
    seed=st.integers(0, 10_000),
    days=st.integers(3, 25),
    keep=st.integers(1, 24),
    fill=st.sampled_from(["quote", "next", "last"]),
)
@settings(max_examples=examples(30), phases=PHASES)
def test_another_future_of_bars_changes_nothing_that_went_before(
    seed: int, days: int, keep: int, fill: str
) -> None:
    tape, sessions = bars_tape(seed, days)
    other, _ = bars_tape(seed + 1, days)
    cut = 8 * min(keep, days - 1)
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    joined = {
        name: np.concatenate([getattr(tape, name)[:cut], getattr(other, name)[cut:]])
        for name in names
    }
    # The rest of a day is not known at its open either, and its extremes not before its close.
    for moment, rows in (
        (int(tape.ts[cut]), joined),
        (int(tape.ts[cut]) + 1, {**joined, "last": joined["last"].copy()}),
    ):
        if moment == int(tape.ts[cut]) + 1:
            rows["last"][cut : cut + 2] = tape.last[cut : cut + 2]
        found = [
            run_bars(one, sessions, seed, fill) for one in (tape, Tape(tape.instruments, **rows))
        ]
        (one, journal), (two, other_journal) = found
        assert before(journal, moment) == before(other_journal, moment)
        assert until(one, moment) == until(two, moment)


def run_bars(
    tape: Tape, sessions: list[Session], seed: int, fill: str
) -> tuple[BacktestResult, MemoryJournal]:
    """Run a strategy of bars and one that looks at every row."""
    names = tuple(i.symbol for i in tape.instruments)
    instances = [
        Instance(Bars(seed, 2), "bars", names, 0.5),
        Instance(Restless(seed + 1, 3), "rows", names, 0.5),
    ]
    setup = Setup(
        limits=RiskLimits(max_position_pct=0.9, max_gross_pct=3.0),
        model=ExecutionModel(fees="none", fill=fill),
        quantity=10,
    )
    journal = MemoryJournal()
    source = MemorySource(tape, sessions, resolution="daily")
    return run_backtest(source, instances, setup, journal=journal), journal
