"""Small tapes by hand, and a kernel that does what a list of rows says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ikbr.backtest.engine import Instance, Setup
from ikbr.data.memory_source import MemorySource
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import Instrument
from ikbr.domain.limits import RiskLimits
from ikbr.domain.session import Session
from ikbr.domain.tape import Kind, Tape
from ikbr.strategies.kernel import KernelStrategy

SPY = Instrument(symbol="SPY")
OPEN_NS = 1_772_461_800_000_000_000
SECOND = 1_000_000_000
DAY = Session(dt.date(2026, 3, 2), OPEN_NS, OPEN_NS + 23_400 * SECOND)


def source(lasts: Sequence[int], instrument: Instrument = SPY, **more: Any) -> MemorySource:
    """Make prints, one a second, of prices in cents, with a spread of two cents around each."""
    price = np.array(lasts, np.int32) * 100
    count = len(price)
    start = more.pop("start", OPEN_NS)
    tape = Tape(
        (instrument,),
        ts=start + np.arange(count, dtype=np.int64) * SECOND,
        sym=np.zeros(count, np.int16),
        kind=np.full(count, int(Kind.PRINT), np.uint8),
        bid=price - 100,
        ask=price + 100,
        last=price,
        bid_size=np.full(count, 500, np.int32),
        ask_size=np.full(count, 500, np.int32),
        size=np.full(count, 100, np.int64),
    )
    return MemorySource(tape, more.pop("sessions", [DAY]), **more)


class Planned(KernelStrategy):
    """Buy on row `buy` and sell on row `sell`, counted from 1; raise or answer 5 on others."""

    state: Mapping[str, Any] = {"seen": 0}

    def __init__(
        self, buy: int = 2, sell: int = 0, odd: int = 0, broken: int = 0, allow_short: bool = False
    ) -> None:
        self.buy = buy
        self.sell = sell
        self.odd = odd
        self.broken = broken
        self.allow_short = allow_short

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        state.seen += 1
        if state.seen == params.odd:
            return 5
        if state.seen == params.broken:
            raise ValueError("broken")
        if state.seen == params.buy:
            return 1
        if state.seen == params.sell:
            return -1
        return 0


def instance(strategy: Any, name: str = "one", symbol: str = "SPY", share: float = 1.0) -> Instance:
    return Instance(strategy, name, (symbol,), share)


def setup(quantity: int = 100, capital: float = 100_000.0, **more: Any) -> Setup:
    """Make a setup without position limits, unless they are given."""
    model = {
        name: more.pop(name) for name in list(more) if name in ExecutionModel.__struct_fields__
    }
    limits = {"max_position_pct": 0.0, "max_gross_pct": 0.0, "max_drawdown_pct": 0.0}
    limits |= {name: more.pop(name) for name in list(more) if name in RiskLimits.__struct_fields__}
    return Setup(
        capital=capital,
        quantity=quantity,
        limits=RiskLimits(**limits),
        model=ExecutionModel(**model),
        **more,
    )
