"""Strategies that follow a script over prices that a test writes down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tapes import HOUR_NS, OPEN_NS

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.backtest.rows import RowReplay
from ikbr.backtest.stage import Stage
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderRequest, Side
from ikbr.domain.session import Session
from ikbr.domain.signal import Signal
from ikbr.domain.tape import Kind, Tape
from ikbr.domain.ticker import Ticker
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy

SECOND_NS = 1_000_000_000
SESSION = Session(dt.date(2026, 3, 2), OPEN_NS, OPEN_NS + 6 * HOUR_NS)
FREE = RiskLimits(min_order_interval_s=0, max_drawdown_pct=0, max_position_pct=0, max_gross_pct=0)


class Script(BaseStrategy):
    """Answer the rows by number, as a test says."""

    def __init__(self, short: bool = False, stop: float = 0.0) -> None:
        """Take what may vary."""
        self.allow_short = short
        self.stop_loss_pct = stop
        self.lines: dict[int, Callable[[Script], Any]] = {}
        self.row = -1
        self.seen: list[int] = []

    def on_market_data(self, ticker: Ticker) -> Any:
        """Answer what stands in the script."""
        self.row += 1
        self.seen.append(self.position(ticker.symbol))
        line = self.lines.get(self.row)
        return line(self) if line else None


def say(action: str, **more: Any) -> Callable[[Script], Any]:
    """Signal something."""
    return lambda _: Signal(action, "SPY", 0.0, **more)


def ask(side: Side, quantity: int, **more: Any) -> Callable[[Script], Any]:
    """Request an order."""
    return lambda _: OrderRequest("SPY", side, quantity, **more)


def tape_of(prices: Sequence[float], spread: float = 0.02, start_ns: int = OPEN_NS) -> Tape:
    """Make a quote around every price and a print at it, one second after the other."""
    spy = parse_contract("SPY")
    rows = []
    for n, price in enumerate(prices):
        units, half = spy.to_units(price), spy.to_units(spread / 2)
        rows.append((start_ns + (2 * n + 1) * SECOND_NS, units - half, units + half, Kind.QUOTE))
        rows.append((start_ns + (2 * n + 2) * SECOND_NS, units - half, units + half, Kind.PRINT))
    ts, bid, ask_, kind = (list(column) for column in zip(*rows, strict=True))
    last = [spy.to_units(prices[n // 2]) for n in range(len(rows))]
    count = len(rows)
    return Tape(
        (spy,),
        np.array(ts, np.int64),
        np.zeros(count, np.int16),
        np.array([int(k) for k in kind], np.uint8),
        np.array(bid, np.int32),
        np.array(ask_, np.int32),
        np.array(last, np.int32),
        np.full(count, 500, np.int32),
        np.full(count, 500, np.int32),
        np.array([100 if k is Kind.PRINT else 0 for k in kind], np.int64),
    )


def play(
    prices: Sequence[float],
    lines: dict[int, Callable[[Script], Any]],
    *,
    latency_ms: float = 0.0,
    short: bool = False,
    stop: float = 0.0,
    limits: RiskLimits = FREE,
    capital: float = 1_000_000.0,
    quantity: int = 100,
    shape: str = "python",
    **model: Any,
) -> tuple[BacktestResult, Script]:
    """Run a script over prices; row 2n is the quote and row 2n + 1 the print of price n."""
    script = Script(short=short, stop=stop)
    script.lines = lines
    setup = Setup(
        capital=capital,
        limits=limits,
        model=ExecutionModel(**{"fees": "none", "latency_ms": latency_ms, **model}),
        quantity=quantity,
        shape=shape,
    )
    return run_script(script, prices, setup), script


def run_script(script: Script, prices: Sequence[float], setup: Setup) -> BacktestResult:
    """Run one script over prices."""
    source = MemorySource(tape_of(prices), [SESSION])
    return run_backtest(
        source, [Instance(script, "script", ("SPY",))], setup, journal=MemoryJournal()
    )


def replay(stage: Stage, tape: Tape, sessions: Sequence[Session]) -> None:
    """Take a tape row by row over a stage that a test looks into."""
    stage.clock.now_ns = min(int(tape.ts[0]), sessions[0].open_ns) - 1
    stage.trader.end_ns = max(int(tape.ts[-1]), sessions[-1].close_ns)
    stage.exchange.hours.regular = False
    stage.agenda.start(int(tape.ts[0]))
    stage.trader.start()
    RowReplay(stage).run(tape, 0, len(tape))
    stage.clock.advance(stage.trader.end_ns)
    stage.trader.stop()


def trades(result: BacktestResult) -> list[tuple[int, float]]:
    """Show fills as signed quantity and price."""
    return [(f.side * f.quantity, f.price) for f in result.fills]


def states(result: BacktestResult) -> list[OrderState]:
    """Show what became of every order."""
    return [order.state for order in result.orders]


FILLED, CANCELLED = OrderState.FILLED, OrderState.CANCELLED
