"""The outcome of one parameter set: what the engine would have found, as arrays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikbr.backtest.analytics.inputs import SummaryInputs
from ikbr.backtest.analytics.summary import Summary, summarise
from ikbr.backtest.grid import layout as at
from ikbr.backtest.grid.samples import Samples
from ikbr.backtest.result import fill_hash
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.marks import mark_units
from ikbr.domain.order import NAN, Fill, OrderType, Side
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold what all outcomes of a grid share.

    Attributes:
        instrument: What was on the tape.
        sessions: The sessions.
        capital: Opening cash.
        samples: The moments at which the equity is noted.
        first_ns, last_ns: Times of the first and last row, ns UTC.
        events: Rows.
    """

    instrument: Instrument
    sessions: Sequence[Session]
    capital: float
    samples: Samples
    first_ns: int
    last_ns: int
    events: int


@dataclass(frozen=True)
class GridOutcome:
    """Hold what one parameter set did.

    Attributes:
        name: Of its instance.
        left: Why it was left to the engine, in words; then nothing else counts.
        final_equity_micro: Equity at the end, millionths.
        position: Signed quantity held at the end.
        commission_micro: All fees.
        orders: How many orders were sent.
        refused: Refusals counted by rule.
        muted: Signals in a direction that was muted.
        halted_ns: When the drawdown halt tripped, ns UTC; 0 for never.
        session_equity_micro: Equity at the end of every session.
        records: Its fills as they were told, a row each; the columns are `layout.FILL_…`.
        frame: What it shares with the others.
    """

    name: str
    left: str
    final_equity_micro: int
    position: int
    commission_micro: int
    orders: int
    refused: Mapping[str, int]
    muted: int
    halted_ns: int
    session_equity_micro: NDArray[np.int64]
    records: NDArray[np.int64]
    frame: Frame

    @property
    def final_equity(self) -> float:
        """Equity at the end, in the base currency."""
        return self.final_equity_micro / MICRO

    @property
    def net_pnl(self) -> float:
        """What was earned after all costs, in the base currency."""
        return round(self.final_equity - self.frame.capital, 6)

    @property
    def session_equity(self) -> list[tuple[dt.date, float]]:
        """Date and equity at the end of every session."""
        equity = (self.session_equity_micro / MICRO).tolist()
        return [(s.date, e) for s, e in zip(self.frame.sessions, equity, strict=True)]

    @cached_property
    def fills(self) -> list[Fill]:
        """The fills as the engine would have told them."""
        columns = self.records.T.tolist()
        return [self._fill(values) for values in zip(*columns, strict=True)]

    def _fill(self, values: Sequence[int]) -> Fill:
        instrument = self.frame.instrument
        scale = instrument.price_scale
        quantity, bid, ask, last = (
            values[n] for n in (at.FILL_QUANTITY, at.FILL_BID, at.FILL_ASK, at.FILL_LAST)
        )
        side = Side.BUY if quantity > 0 else Side.SELL
        quote = ask if quantity > 0 else bid
        decided = quote if quote != NO_PRICE else mark_units(bid, ask, last)
        arrived = quote if quote != NO_PRICE else last
        both = min(bid, ask) != NO_PRICE
        return Fill(
            values[at.FILL_NUMBER],
            values[at.FILL_ORDER],
            self.name,
            instrument.symbol,
            side,
            abs(quantity),
            values[at.FILL_PRICE],
            values[at.FILL_TS],
            values[at.FILL_FEE],
            values[at.FILL_PRICE] / scale,
            decision_mid=(bid / scale + ask / scale) * 0.5 if both else NAN,
            decision_price=decided / scale if decided != NO_PRICE else NAN,
            arrival_price=arrived / scale if arrived != NO_PRICE else NAN,
            displayed=values[at.FILL_DISPLAYED],
        )

    @cached_property
    def fill_hash(self) -> str:
        """Fingerprint of all fills; the same as the engine's."""
        return fill_hash(self.fills)

    def equity_path(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Give times and values of the equity: every minute of a session, fill and close."""
        frame = self.frame
        return equity_path(self.records, frame.samples, frame.capital, frame.instrument)

    @cached_property
    def summary(self) -> Summary:
        """All numbers of the run, by the same analytics as the engine's."""
        frame, instrument = self.frame, self.frame.instrument
        samples, symbol = frame.samples, instrument.symbol
        equity_ts, equity = self.equity_path()
        known = samples.standing != NO_PRICE
        marks: dict[str, float] = {}
        if known.any() and samples.standing[-1] != NO_PRICE:
            marks[symbol] = instrument.to_price(int(samples.standing[-1]))
        prices: dict[str, Any] = {
            symbol: (samples.ts[known], samples.standing[known] / instrument.price_scale)
        }
        return summarise(
            SummaryInputs(
                capital=frame.capital,
                equity_ts=equity_ts,
                equity=equity,
                session_end_equity=self.session_equity,
                fills=self.fills,
                multipliers={symbol: instrument.multiplier},
                first_ts=frame.first_ns,
                last_ts=frame.last_ns,
                sessions=[(s.open_ns, s.close_ns) for s in frame.sessions],
                marks=marks,
                prices=prices,
                fx={symbol: 1.0},
                algorithms={fill.order_id: str(OrderType.MARKET) for fill in self.fills},
            )
        )


def equity_path(
    records: NDArray[np.int64], samples: Samples, capital: float, instrument: Instrument
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give times and values of the equity: every minute of a session, fill and close.

    Args:
        records: The fills, a row each; the columns are `layout.FILL_…`.
        samples: The moments at which it is noted.
        capital: Opening cash.
        instrument: What was traded.
    """
    records = records[np.argsort(records[:, at.FILL_NUMBER])]
    unit = instrument.unit_value_micro
    quantity = records[:, at.FILL_QUANTITY]
    spent = quantity * records[:, at.FILL_PRICE] * unit + records[:, at.FILL_FEE]
    start = round(capital * MICRO)
    cash = np.concatenate(([start], start - np.cumsum(spent)))
    held = np.concatenate(([0], np.cumsum(quantity)))
    before = np.searchsorted(records[:, at.FILL_ROW], samples.row, "left")
    sampled = cash[before] + held[before] * np.where(held[before], samples.mark, 0) * unit
    ts = np.concatenate((samples.ts, records[:, at.FILL_TS]))
    equity = np.concatenate((sampled, records[:, at.FILL_EQUITY]))
    # At one time a sample comes before fills, and the last value stands.
    order = np.argsort(ts, kind="stable")
    ts, equity = ts[order], equity[order]
    stands = np.append(ts[1:] != ts[:-1], True)
    return ts[stands], equity[stands] / MICRO
