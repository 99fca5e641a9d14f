"""Past ticks from the catalog: the tape of one instrument, a day at a time, in either direction."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Iterator

from ikbr.data.catalog import Catalog
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.session import Session
from ikbr.domain.tape import Tape

CACHED_ROWS = 2_000_000
"""Rows kept in memory (about 50 bytes each); the days used longest ago go first."""

_DAY = dt.timedelta(1)

Key = tuple[str, dt.date, bool]
"""Symbol, day, whether regular hours only."""


class PastTicks:
    """Give tapes of past days, made as those that are played."""

    def __init__(self, catalog: Catalog, *, cached_rows: int = CACHED_ROWS) -> None:
        """Wrap a catalog; nothing is read yet.

        Args:
            catalog: Where the data is.
            cached_rows: How many rows to keep; a day that is kept is not read again.
        """
        self._catalog = catalog
        self._limit = cached_rows
        self._rows = 0
        self._kept: OrderedDict[Key, tuple[Tape, ...]] = OrderedDict()
        self._days: dict[str, list[dt.date]] = {}

    def tapes(
        self, symbol: str, start_ns: int, end_ns: int, *, newest_first: bool, regular: bool
    ) -> Iterator[Tape]:
        """Walk through the days that hold ticks.

        Args:
            symbol: Whose.
            start_ns: From when on, ns UTC; a day that lies in part within is given whole.
            end_ns: Up to when, ns UTC.
            newest_first: Whether to walk back from the end instead of on from the start.
            regular: Whether to leave out what lies outside the regular hours of a day.
        """
        # A trading day may begin on the evening before its date, and end on the day after in UTC.
        first, last = _date(start_ns) - _DAY, _date(end_ns) + _DAY
        days = [day for day in self._known(symbol) if first <= day <= last]
        for day in reversed(days) if newest_first else days:
            parts = self._day(symbol, day, regular)
            yield from reversed(parts) if newest_first else parts

    def _known(self, symbol: str) -> list[dt.date]:
        if symbol not in self._days:
            kinds = (self._catalog.days(symbol, kind) for kind in ("print", "quote"))
            self._days[symbol] = sorted(set().union(*kinds))
        return self._days[symbol]

    def _day(self, symbol: str, day: dt.date, regular: bool) -> tuple[Tape, ...]:
        key = (symbol, day, regular)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        hours = self._catalog.sessions(symbol, day, day) or (Session(day, 0, 0),)
        source = CatalogSource(
            self._catalog, (symbol,), hours, session="regular" if regular else "all"
        )
        self._kept[key] = made = tuple(source.chunks())
        self._rows += sum(map(len, made))
        while self._rows > self._limit and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._rows -= sum(map(len, oldest))
        return made


def _date(ts_ns: int) -> dt.date:
    """Give the date in UTC; times before 1970 and far off count as the ends of what is known."""
    seconds = min(max(ts_ns // 10**9, 0), 4_000_000_000)
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date()
