"""The outcome of a run: from what the pipeline holds at the end to result, summary and findings.

A session on paper or live is looked at in the same way as a backtest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ikbr.backtest.evaluate import Conditions, evaluate
from ikbr.backtest.result import ENGINE, BacktestResult
from ikbr.core.event_bus import EventBus
from ikbr.core.pipeline import Pipeline, plain_values
from ikbr.core.recorder import PricePath
from ikbr.domain.amendment import Amendment, amend_fills
from ikbr.domain.events import Alert, EventType, Refusal
from ikbr.domain.instrument import MICRO
from ikbr.domain.order import Fill, Order
from ikbr.domain.round_trips import Split
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE


class MemoryLog:
    """Collect what observers hear, for the result."""

    def __init__(self, bus: EventBus) -> None:
        """Listen."""
        self.fills: list[Fill] = []
        self.refusals: list[Refusal] = []
        self.alerts: list[Alert] = []
        bus.subscribe(EventType.FILL, self.fills.append, name="result")
        bus.subscribe(EventType.AMENDED, self._amend, name="result")
        bus.subscribe(EventType.REFUSED, self.refusals.append, name="result")
        bus.subscribe(EventType.ALERT, self.alerts.append, name="result")

    def _amend(self, amendment: Amendment) -> None:
        amend_fills(self.fills, amendment)


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """Say what only those know who ran the pipeline.

    Attributes:
        mode: "backtest", "paper", "live", or "shadow".
        capital: Opening equity in the base currency.
        sessions: The sessions that the run was in.
        resolution, feed: Of the market data.
        synthetic: Whether the market data is made up.
        has_quotes: Whether it has quotes.
        settings: Every setting that shaped the run.
        first_ns, last_ns: First and last moment, ns UTC.
        events: Rows of market data.
        seconds: Wall time.
        shape: Which replay it was.
        path: Where its orders were decided.
        latency_ms, fill, fees: Of the simulated market; of a real one "ibkr".
        splits: Those that were booked.
        notes: What a reader must know.
    """

    mode: str = "backtest"
    capital: float
    sessions: Sequence[Session]
    resolution: str
    feed: str
    synthetic: bool
    has_quotes: bool
    settings: Mapping[str, Any]
    first_ns: int
    last_ns: int
    events: int
    seconds: float
    shape: str
    path: str = ENGINE
    latency_ms: float
    fill: str
    fees: str
    splits: Sequence[Split] = ()
    notes: Sequence[str] = ()


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a run came to.

    Attributes:
        orders: All of them, in order.
        refused: Refusals counted by rule.
        equity_ts, equity: The equity path.
        session_equity: Date and equity at the end of every session.
        prices: Sampled prices by symbol.
        final_equity_micro: Equity at the end, millionths of the base currency.
        positions: Signed quantities that are not 0, by symbol.
        commission_micro: All fees, millionths of the base currency.
    """

    orders: Sequence[Order]
    refused: Mapping[str, int]
    equity_ts: NDArray[np.int64]
    equity: NDArray[np.float64]
    session_equity: Sequence[tuple[dt.date, float]]
    prices: Mapping[str, PricePath]
    final_equity_micro: int
    positions: Mapping[str, int]
    commission_micro: int


def ending_of(pipeline: Pipeline) -> Ending:
    """Read what a run came to from the books and the recorder of its pipeline."""
    trader, recorder = pipeline.trader, pipeline.recorder
    portfolio = trader.portfolio
    equity_ts, equity = recorder.equity_path()
    return Ending(
        orders=list(trader.orders.orders.values()),
        refused=dict(trader.desk.refused),
        equity_ts=equity_ts,
        equity=equity,
        session_equity=recorder.session_equity,
        prices=recorder.price_paths(),
        final_equity_micro=pipeline.valuation.equity_micro,
        positions={s: p.quantity for s, p in portfolio.positions.items() if p.quantity},
        commission_micro=sum(
            portfolio.to_base(p.fees_micro, p.instrument.currency)
            for p in portfolio.positions.values()
        ),
    )


def outcome(
    pipeline: Pipeline, log: MemoryLog, about: Circumstances, ending: Ending | None = None
) -> BacktestResult:
    """Sum up a run that is over.

    Args:
        pipeline: What ran.
        log: What was heard meanwhile.
        about: How it was run.
        ending: What it came to; by default what the pipeline's books say.
    """
    ending = ending if ending is not None else ending_of(pipeline)
    running = pipeline.trader.manager.running
    result = BacktestResult(
        mode=about.mode,
        strategy="+".join(one.name for one in running),
        params={one.name: plain_values(one.strategy.params) for one in running},
        instruments={i.symbol: i for i in pipeline.instruments},
        resolution=about.resolution,
        feed=about.feed,
        synthetic=about.synthetic,
        settings={k: v for k, v in about.settings.items() if k != "instruments"},
        capital=about.capital,
        start_ns=about.first_ns,
        end_ns=about.last_ns,
        events=about.events,
        engine_seconds=about.seconds,
        shape=about.shape,
        path=about.path,
        fills=log.fills,
        orders=ending.orders,
        refusals=log.refusals,
        refused=ending.refused,
        alerts=log.alerts,
        equity_ts=ending.equity_ts,
        equity=ending.equity,
        session_equity=ending.session_equity,
        prices=ending.prices,
        final_equity=ending.final_equity_micro / MICRO,
        positions=ending.positions,
        described={one.name: dict(one.describe()) for one in running},
        logs=_logs(pipeline),
        notes=list(about.notes),
        commission=ending.commission_micro / MICRO,
    )
    marks = {
        i.symbol: i.to_price(units)
        for n, i in enumerate(pipeline.instruments)
        if (units := pipeline.standing_mark(n)) != NO_PRICE
    }
    return evaluate(result, _conditions(pipeline, about), marks)


def _conditions(pipeline: Pipeline, about: Circumstances) -> Conditions:
    trader = pipeline.trader
    limits = trader.risk.limits
    return Conditions(
        latency_ms=about.latency_ms,
        fill=about.fill,
        fees=about.fees,
        base=trader.portfolio.base,
        fx_micro=trader.portfolio.fx_micro,
        sessions=about.sessions,
        splits=about.splits,
        has_quotes=about.has_quotes,
        stale_after_s=limits.stale_after_s,
        muted=sum(slot.muted for slot in trader.slots),
        disabled={r.name: r.reason_disabled for r in trader.manager.running if not r.enabled},
    )


def _logs(pipeline: Pipeline) -> list[tuple[int, str, str]]:
    lines = [
        (ts, name, text)
        for name, context in pipeline.trader.contexts.items()
        for ts, text in context.lines
    ]
    return sorted(lines)
