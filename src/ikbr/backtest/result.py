"""The result of a backtest: everything that happened, as values and frames."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ikbr.core.recorder import PricePath
from ikbr.domain.events import Alert, Refusal
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Order
from ikbr.domain.round_trips import RoundTrip

if TYPE_CHECKING:
    import pandas as pd

    from ikbr.backtest.analytics.summary import Summary
    from ikbr.backtest.explain import Finding

ENGINE, COMPILED_ORDERS = "engine", "compiled orders"
"""Where the orders of a run are decided."""


@dataclass(slots=True, repr=False)
class BacktestResult:
    """Hold what a backtest did and what came of it.

    Attributes:
        strategy: Name of the strategy (several joined by "+").
        params: Parameters by strategy instance.
        instruments: What was traded or watched, by symbol.
        resolution, feed: Of the market data.
        synthetic: Whether the market data is made up; every output says so.
        settings: Every setting that shaped the run, as plain values.
        capital: Opening equity in the base currency.
        start_ns, end_ns: First and last moment of the data, ns UTC.
        events: Rows of market data that were processed.
        engine_seconds: Wall time of the replay alone.
        shape: Which replay ran: "kernel" (compiled from decision to decision), "python" (a loop
            over the rows, skipping checks) or "reference" (every row checked).
        path: Where its orders were decided: "engine", or "compiled orders", which gives the same
            (docs/kernels.md).
        fills, orders, refusals, alerts: What happened, in order.
        refused: Refusals counted by rule.
        equity_ts, equity: The equity path (each minute of a session, each fill, each close).
        session_equity: Equity at the end of every session.
        prices: Sampled prices by symbol.
        fills_realised: Profit realised by each fill, without fees, base currency.
        described: What the strategies say of themselves at the end, by instance.
        logs: Lines that the strategies logged: (ts_ns, instance, text).
        notes: Sentences about how the run was made that a reader must know.
        mode: "backtest"; of a session "paper", "live", or "shadow" (nothing was sent).
    """

    strategy: str
    params: Mapping[str, Mapping[str, Any]]
    instruments: Mapping[str, Instrument]
    resolution: str
    feed: str
    synthetic: bool
    settings: Mapping[str, Any]
    capital: float
    start_ns: int
    end_ns: int
    events: int
    engine_seconds: float
    fills: Sequence[Fill]
    orders: Sequence[Order]
    refusals: Sequence[Refusal]
    refused: Mapping[str, int]
    alerts: Sequence[Alert]
    equity_ts: NDArray[np.int64]
    equity: NDArray[np.float64]
    session_equity: Sequence[tuple[dt.date, float]]
    prices: Mapping[str, PricePath]
    final_equity: float
    positions: Mapping[str, int]
    round_trips: Sequence[RoundTrip] = ()
    described: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    logs: Sequence[tuple[int, str, str]] = ()
    notes: Sequence[str] = ()
    commission: float = 0.0
    summary: Summary | None = None
    findings: Sequence[Finding] = ()
    journal: Sequence[Any] = ()
    shape: str = "reference"
    path: str = ENGINE
    mode: str = "backtest"

    def __repr__(self) -> str:
        """Say in a line what came of it, as notebooks show the last value of a cell."""
        made_up = ", synthetic data" if self.synthetic else ""
        return (
            f"BacktestResult({self.strategy} on {', '.join(self.symbols)}{made_up}: net P&L "
            f"{self.net_pnl:,.2f} of {self.capital:,.2f}, {len(self.fills)} fills, "
            f"{len(self.round_trips)} round trips, {sum(self.refused.values())} refused)"
        )

    @property
    def symbols(self) -> list[str]:
        """The symbols, in the order given."""
        return list(self.instruments)

    @property
    def net_pnl(self) -> float:
        """What was earned after all costs, in the base currency."""
        return round(self.final_equity - self.capital, 6)

    @property
    def gross_pnl(self) -> float:
        """What was earned before commissions."""
        return round(self.net_pnl + self.commission, 6)

    @property
    def events_per_second(self) -> float:
        """Rows of market data per second of the replay."""
        return self.events / self.engine_seconds if self.engine_seconds > 0 else 0.0

    @property
    def fill_hash(self) -> str:
        """Fingerprint of all fills; equal runs have equal ones."""
        return fill_hash(self.fills)

    def fills_frame(self) -> pd.DataFrame:
        """Give the fills as a pandas frame, indexed by time."""
        import pandas as pd

        rows = [fill_row(f) | {"strategy": f.strategy, "order_id": f.order_id} for f in self.fills]
        columns = [*fill_row_names(), "strategy", "order_id"]
        frame = pd.DataFrame(rows, columns=columns)
        frame.index = pd.to_datetime(frame["ts_ns"], utc=True).rename("time")
        return frame

    def equity_frame(self) -> pd.DataFrame:
        """Give the equity path as a pandas frame, indexed by time."""
        import pandas as pd

        index = pd.to_datetime(self.equity_ts, utc=True)
        return pd.DataFrame({"equity": self.equity}, index=index.rename("time"))


def fill_row_names() -> tuple[str, ...]:
    """Name the fields of a fill in JSON and frames."""
    return ("ts_ns", "symbol", "side", "quantity", "price", "commission")


def fill_row(fill: Fill) -> dict[str, Any]:
    """Show a fill as plain values."""
    return {
        "ts_ns": fill.ts_ns,
        "symbol": fill.symbol,
        "side": fill.side.name,
        "quantity": fill.quantity,
        "price": fill.price,
        "commission": fill.commission_micro / MICRO,
    }


def fill_hash(fills: Iterable[Fill]) -> str:
    """Fingerprint fills by time, symbol, side, quantity, price and commission.

    >>> fill_hash([])[:8]
    'e3b0c442'
    """
    digest = hashlib.sha256()
    for f in fills:
        what = f"{f.ts_ns} {f.symbol} {int(f.side)} {f.quantity}"
        digest.update(f"{what} {f.price_units} {f.commission_micro}\n".encode())
    return digest.hexdigest()
