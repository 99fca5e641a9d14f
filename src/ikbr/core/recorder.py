"""The recorder: samples of equity and prices along a run, for curves and charts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.tape import NO_PRICE


@dataclass(frozen=True, slots=True)
class PricePath:
    """Sample the price of one symbol, for charts.

    Attributes:
        ts_ns: Times, ns UTC.
        price: IB's mark price at those times.
    """

    ts_ns: NDArray[np.int64]
    price: NDArray[np.float64]


class Recorder:
    """Collect the equity path, the equity of every session's end and the price paths.

    Attributes:
        session_equity: Date and equity, one entry per session that closed.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        """Start with nothing recorded."""
        self._instruments = instruments
        self._ts: list[int] = []
        self._equity: list[int] = []
        self._price_ts: list[list[int]] = [[] for _ in instruments]
        self._prices: list[list[int]] = [[] for _ in instruments]
        self.session_equity: list[tuple[dt.date, float]] = []

    def equity(self, ts_ns: int, equity_micro: int) -> None:
        """Note the equity; of several at one time the last one stands."""
        if self._ts and self._ts[-1] == ts_ns:
            self._equity[-1] = equity_micro
        else:
            self._ts.append(ts_ns)
            self._equity.append(equity_micro)

    def price(self, number: int, ts_ns: int, units: int) -> None:
        """Note the mark of one instrument."""
        if units == NO_PRICE:
            return
        times = self._price_ts[number]
        if times and times[-1] == ts_ns:
            self._prices[number][-1] = units
        else:
            times.append(ts_ns)
            self._prices[number].append(units)

    def session(self, date: dt.date, equity_micro: int) -> None:
        """Note the equity at the end of a session."""
        self.session_equity.append((date, equity_micro / MICRO))

    def equity_path(self) -> tuple[np.ndarray, np.ndarray]:
        """Give times and equity as arrays."""
        return np.array(self._ts, np.int64), np.array(self._equity, np.int64) / MICRO

    def price_paths(self) -> dict[str, PricePath]:
        """Give the price paths by symbol."""
        return {
            i.symbol: PricePath(
                np.array(self._price_ts[n], np.int64),
                np.array(self._prices[n], np.int64) / i.price_scale,
            )
            for n, i in enumerate(self._instruments)
        }
