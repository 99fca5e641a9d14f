"""Past ticks from the catalog: the tape of one instrument, a day at a time, in either direction."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Iterator

from ikbr.data.catalog import Catalog
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.past import PastDay
from ikbr.domain.session import Session

CACHED_ROWS = 2_000_000
"""Rows kept in memory (about 50 bytes each); the days used longest ago go first."""

_DAY = dt.timedelta(1)
_WHOLE = 1 << 40
"""Rows in a piece: a day comes as one."""

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
        self._kept: OrderedDict[Key, PastDay | None] = OrderedDict()
        self._known_days: dict[str, list[dt.date]] = {}

    def days(
        self, symbol: str, start_ns: int, end_ns: int, *, newest_first: bool, regular: bool
    ) -> Iterator[PastDay]:
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
            made = self._day(symbol, day, regular)
            if made is not None:
                yield made

    def _known(self, symbol: str) -> list[dt.date]:
        if symbol not in self._known_days:
            kinds = (self._catalog.days(symbol, kind) for kind in ("print", "quote"))
            self._known_days[symbol] = sorted(set().union(*kinds))
        return self._known_days[symbol]

    def _day(self, symbol: str, day: dt.date, regular: bool) -> PastDay | None:
        key = (symbol, day, regular)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        hours = self._catalog.sessions(symbol, day, day) or (Session(day, 0, 0),)
        source = CatalogSource(
            self._catalog,
            (symbol,),
            hours,
            session="regular" if regular else "all",
            chunk_rows=_WHOLE,
        )
        tape = next(source.chunks(), None)
        self._kept[key] = made = None if tape is None else PastDay(hours[0].open_ns, tape)
        self._rows += _rows(made)
        while self._rows > self._limit and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._rows -= _rows(oldest)
        return made


def _rows(day: PastDay | None) -> int:
    return len(day.tape) if day is not None else 0


def _date(ts_ns: int) -> dt.date:
    """Give the date in UTC; times before 1970 and far off count as the ends of what is known."""
    seconds = min(max(ts_ns // 10**9, 0), 4_000_000_000)
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date()
