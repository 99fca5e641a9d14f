"""Trading sessions: when an exchange is open."""

from __future__ import annotations

import datetime as dt

import msgspec


class Session(msgspec.Struct, frozen=True, order=True):
    """Say when one trading day opens and closes.

    Attributes:
        date: The trading day in the exchange's own time zone.
        open_ns: Start of regular trading, ns UTC (inclusive).
        close_ns: End of regular trading, ns UTC (exclusive).
        early_close: Whether it ends before the usual hour.
    """

    date: dt.date
    open_ns: int
    close_ns: int
    early_close: bool = False

    def holds(self, ts_ns: int) -> bool:
        """Say whether a moment lies in regular trading hours."""
        return self.open_ns <= ts_ns < self.close_ns
