"""Past bars: what strategies see before the first tick, asked of IB once and kept.

Source: IBKR, TWS API, "Historical bars": sizes, durations; a bar is dated by its start.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from math import ceil

from ib_async import BarData

from ikbr.broker.contracts import ContractTable
from ikbr.broker.requests import Requests
from ikbr.domain.errors import BrokerError, StrategyError, nearest
from ikbr.domain.events import Bar
from ikbr.domain.instrument import Instrument, SecType

SECOND_NS = 1_000_000_000
DAY_S = 86_400
REGULAR_DAY_S = 23_400
"""Seconds of a regular day of US stocks; of others there are more, so that more is asked for."""

SIZES: dict[str, tuple[str, int]] = {
    **{f"{n}s": (f"{n} secs", n) for n in (1, 5, 10, 15, 30)},
    "1min": ("1 min", 60),
    **{f"{n}min": (f"{n} mins", n * 60) for n in (2, 3, 5, 10, 15, 20, 30)},
    "1h": ("1 hour", 3600),
    **{f"{n}h": (f"{n} hours", n * 3600) for n in (2, 3, 4, 8)},
    "1day": ("1 day", DAY_S),
}
"""IB's name and the seconds of a bar, by what strategies write."""


class PastBars:
    """Give the past as IB knows it (a `core.ports.History`).

    Attributes:
        notes: What could not be had, in words.
    """

    def __init__(self, requests: Requests, contracts: ContractTable, *, regular: bool) -> None:
        """Know nothing yet.

        Args:
            requests: Where to ask.
            contracts: How IB calls what is traded.
            regular: Whether only regular hours count.
        """
        self._requests = requests
        self._contracts = contracts
        self._regular = regular
        self._bars: dict[tuple[str, str], list[Bar]] = {}
        self.notes: list[str] = []

    async def fetch(self, instrument: Instrument, text: str, count: int) -> None:
        """Ask IB for the latest bars, so that `bars` can give them.

        Args:
            instrument: Whose.
            text: Their length as strategies write it.
            count: How many are wanted.

        Raises:
            StrategyError: When IB has no bars of this length.
        """
        if text not in SIZES:
            raise StrategyError(f"past bars of {text!r}: IB has none; {nearest(text, SIZES)}.")
        size, seconds = SIZES[text]
        days = ceil(count / max(1, REGULAR_DAY_S // seconds)) + 1
        try:
            found = await self._requests.bars(
                self._contracts.contract(instrument),
                end="",
                duration=f"{days} D" if days <= 365 else f"{ceil(days / 252)} Y",
                size=size,
                show="MIDPOINT" if instrument.sec_type is SecType.FOREX else "TRADES",
                regular=self._regular,
            )
        except BrokerError as error:
            self.notes.append(f"No past bars of {instrument.symbol}: {error}")
            found = []
        span = seconds * SECOND_NS
        self._bars[instrument.symbol, text] = [_bar(instrument.symbol, b, span) for b in found]

    def bars(self, symbol: str, resolution: str, end_ns: int, count: int) -> Sequence[Bar]:
        """Give the last bars that closed at or before a time, of those that were fetched."""
        known = self._bars.get((symbol, resolution), ())
        return [bar for bar in known if bar.end_ns <= end_ns][-count:]


def _bar(symbol: str, bar: BarData, span_ns: int) -> Bar:
    date = bar.date
    if not isinstance(date, dt.datetime):
        date = dt.datetime.combine(date, dt.time(), dt.UTC)
    start = int(date.timestamp()) * SECOND_NS
    end = start + span_ns
    whole = (start, end, bar.open, bar.high, bar.low, bar.close)
    return Bar(symbol, *whole, max(0, int(bar.volume)), max(0, bar.barCount), bar.average)
