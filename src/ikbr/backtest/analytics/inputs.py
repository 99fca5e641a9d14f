"""What the analytics need to know of a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ikbr.backtest.analytics.defined import Floats, Nanos
from ikbr.domain.order import Fill
from ikbr.domain.round_trips import Split


@dataclass(frozen=True, slots=True)
class SummaryInputs:
    """Hold the record of a run.

    Attributes:
        capital: Account value at the start, in the account's currency.
        equity_ts: Times of the equity path, never decreasing, ns UTC.
        equity: Account value from then on; sampled at least at every fill, every minute of data
            and every session end.
        session_end_equity: Account value at the end of every session, in order.
        fills: All fills, in time order.
        multipliers: Units of the underlying per contract by symbol; 1 where missing.
        first_ts, last_ts: Times of the first and last row of data, ns UTC.
        sessions: Opening and closing times, ns UTC; exposure counts only time within them.
            Empty: all time from the first to the last row.
        marks: Last mark per symbol; where missing, the symbol's last fill.
        prices: Times and prices per symbol, for the excursions of round trips.
        fx: Account currency per unit of the symbol's currency; 1 where missing.
        splits: Splits that were booked, in time order.
        algorithms: How each order was worked, by order id.
        session_hours: Length of a session where `sessions` is empty, for annualising one day.
        bucket_s: Length of the equity samples of a one-day run, seconds.
    """

    capital: float
    equity_ts: Nanos
    equity: Floats
    session_end_equity: Sequence[tuple[dt.date, float]]
    fills: Sequence[Fill]
    multipliers: Mapping[str, float]
    first_ts: int
    last_ts: int
    sessions: Sequence[tuple[int, int]] = ()
    marks: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, tuple[Nanos, Floats]] = field(default_factory=dict)
    fx: Mapping[str, float] = field(default_factory=dict)
    splits: Sequence[Split] = ()
    algorithms: Mapping[int, str] = field(default_factory=dict)
    session_hours: float = 6.5
    bucket_s: int = 300

    def path(self) -> tuple[Nanos, Floats]:
        """Give the equity path from the capital on, without points that are no number.

        Returns:
            Times and values, one at least.
        """
        values = np.asarray(self.equity, dtype=np.float64)
        times = np.asarray(self.equity_ts, dtype=np.int64)
        known = np.isfinite(values)
        start = min(self.first_ts, int(times[0])) if len(times) else self.first_ts
        return (
            np.concatenate((np.array([start], dtype=np.int64), times[known])),
            np.concatenate(([self.capital], values[known])),
        )
