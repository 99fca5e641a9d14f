"""Opening range: the first minutes' high and low set the day's direction when one breaks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

from ikbr.domain.events import Bar
from ikbr.domain.order import Fill
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import Range
from ikbr.strategies.schedule import Schedule

NEW_YORK = ZoneInfo("America/New_York")
OPEN_MINUTE = 9 * 60 + 30
"""The regular session opens at 09:30 in New York. Source: NYSE, "Holidays & Trading Hours"."""


class _Day:
    """Keep the range of one symbol on one day."""

    __slots__ = ("date", "entered", "high", "low")

    def __init__(self, date: dt.date) -> None:
        self.date = date
        self.high = float("-inf")
        self.low = float("inf")
        self.entered = False


class OpeningRangeStrategy(BaseStrategy):
    """Follow the first break out of the opening range; leave at its other side or at the close.

    Idea: the first minutes digest the night's news; a close beyond their range says where the
    day's demand lies. One entry per symbol and day, on one-minute bars.

    Source: T. Crabel, "Day Trading with Short Term Price Patterns and Opening Range Breakout"
    (1990); C. Zarattini and A. Aziz, "Can Day Trading Really Be Profitable?" (2023).

    Args:
        minutes: Length of the opening range.
        allow_short: Whether a break downwards is sold short.
    """

    bars = ("1min",)
    schedule = Schedule(no_entry_after="close-30m", flatten_at="close-5m")

    def __init__(
        self, minutes: Annotated[int, Range(1, 240)] = 15, allow_short: bool = False
    ) -> None:
        """Start without a range."""
        self.minutes = minutes
        self.allow_short = allow_short
        self._days: dict[str, _Day] = {}
        self._seen = 0
        self._broken = 0

    def on_market_data(self, ticker: Ticker) -> None:
        """Do nothing between bars."""

    def on_bar(self, bar: Bar) -> Signal | None:
        """Widen the range in the first minutes; look for a break after them."""
        start = dt.datetime.fromtimestamp(bar.start_ns // 1_000_000_000, NEW_YORK)
        minute = start.hour * 60 + start.minute - OPEN_MINUTE
        if minute < 0:
            return None
        day = self._days.get(bar.symbol)
        if day is None or day.date != start.date():
            day = self._days[bar.symbol] = _Day(start.date())
        if minute < self.minutes:
            self._seen += day.high < day.low
            day.high = max(day.high, bar.high)
            day.low = min(day.low, bar.low)
            return None
        if day.high < day.low:
            return None
        held = self.position(bar.symbol) + self.pending(bar.symbol)
        if held:
            failed = bar.close < day.low if held > 0 else bar.close > day.high
            reason = "back through the other side of the range"
            return Signal("FLAT", bar.symbol, bar.close, reason=reason) if failed else None
        if day.entered:
            return None
        if bar.close > day.high:
            self._broken += 1
            return Signal("BUY", bar.symbol, bar.close, reason=f"closed above {day.high:g}")
        if bar.close < day.low and self.allow_short:
            self._broken += 1
            return Signal("SELL", bar.symbol, bar.close, reason=f"closed below {day.low:g}")
        return None

    def on_fill(self, fill: Fill) -> None:
        """Note that the day's entry is used up."""
        if fill.symbol in self._days:
            self._days[fill.symbol].entered = True

    def describe(self) -> Mapping[str, int]:
        """Report how many ranges formed and how many closes beyond one signalled."""
        return {"opening ranges": self._seen, "signals to enter": self._broken}
