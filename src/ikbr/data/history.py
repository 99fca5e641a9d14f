"""Past bars from the catalog, for warming strategies up.

Bars come from stored bars where a day has them (of the length asked for, or of one that divides
it), else they are built from the day's stored prints. They are those that a run over the same
days shows: cut at multiples of their length since 1970 UTC within each session; a last one that
the close cuts short ends there. Prices are as they were dealt, so bars before a split are in old
shares.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Literal, cast

import numpy as np

from ikbr.data.calendars import trading_days
from ikbr.data.catalog import Catalog
from ikbr.data.columns import BarColumns, select
from ikbr.data.day_bars import DayBars, Grid, day_of_bars, day_of_prints, plain
from ikbr.data.past_ticks import PastTicks
from ikbr.domain.errors import DataError
from ikbr.domain.events import Bar
from ikbr.domain.instrument import Instrument
from ikbr.domain.past import PastDay
from ikbr.domain.session import Session

CACHED_BARS = 500_000
"""Bars kept in memory (about 60 bytes each); the days used longest ago go first."""

DAY_NS = 86_400 * 10**9
USUAL_DAY_NS = 23_400 * 10**9
"""Length of a daily bar of a day that the calendar has no session for."""

_UNITS = {"s": 10**9, "sec": 10**9, "min": 60 * 10**9, "h": 3_600 * 10**9, "day": DAY_NS}
_TEXT = re.compile(r"^(\d+)\s*(s|sec|min|h|day)$")
_SHORTER = (("minute", 60 * 10**9), ("second", 10**9))
_KINDS = ("print", "bar-second", "bar-minute", "bar-daily")
_ALWAYS = 2**62

Key = tuple[str, int, int]
"""Symbol, length of the bars, and the day as an ordinal."""


def span_of(resolution: str) -> int:
    """Give the length of a bar, ns; a day stands for a whole session.

    Args:
        resolution: As people write it: 30s, 1min, 1h, 1day.

    Raises:
        DataError: When it is not understood.

    >>> span_of("5min"), span_of("1day") == DAY_NS
    (300000000000, True)
    """
    match = _TEXT.match(resolution.strip().lower())
    span = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < span <= DAY_NS:
        raise DataError(
            f"resolution {resolution!r} of past bars is not understood; write 30s, 1min, 1h or "
            f"1day."
        )
    return span


class CatalogHistory:
    """Answer for the past from a catalog; it is an `Archive` of `core/ports.py`."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        session: Literal["regular", "all"] = "regular",
        cached_bars: int = CACHED_BARS,
    ) -> None:
        """Wrap a catalog; nothing is read yet.

        Args:
            catalog: Where the data is.
            session: `regular` leaves out what lies outside the instrument's sessions.
            cached_bars: How many bars to keep; a day kept is not read again.
        """
        self._catalog = catalog
        self._regular = session == "regular"
        self._limit = cached_bars
        self._held_bars = 0
        self._ticks = PastTicks(catalog)
        self._kept: OrderedDict[Key, DayBars] = OrderedDict()
        self._days: dict[tuple[str, str], frozenset[dt.date]] = {}

    def bars(self, symbol: str, resolution: str, end_ns: int, count: int) -> tuple[Bar, ...]:
        """Give the last bars that closed at or before a time.

        Args:
            symbol: Whose.
            resolution: 30s, 1min, 1h, 1day.
            end_ns: The time, ns UTC.
            count: How many at most.

        Returns:
            The bars, oldest first; fewer when the catalog holds fewer.

        Raises:
            DataError: When the symbol or the resolution is unknown.
        """
        span = span_of(resolution)
        instrument = self._catalog.instrument(symbol)
        found: list[list[Bar]] = []
        lacking = count
        for day, session in self._backwards(instrument, span, end_ns):
            if lacking <= 0:
                break
            kept = self._day(instrument, span, day, session)
            stop = int(np.searchsorted(kept.bars.ts_ns, end_ns, side="right"))
            found.append(kept.values(instrument, max(0, stop - lacking), stop))
            lacking -= len(found[-1])
        return tuple(bar for part in reversed(found) for bar in part)

    def first_ns(self, symbol: str) -> int | None:
        """Say when the past begins.

        Args:
            symbol: Whose.

        Returns:
            The open of the first day of which bars can be given, ns UTC; None when there is none.

        Raises:
            DataError: When the symbol is unknown.
        """
        days = sorted(set().union(*(self._held(symbol, kind) for kind in _KINDS)))
        if not days:
            return None
        sessions = self._catalog.sessions(symbol, days[0], days[-1])
        return sessions[0].open_ns if sessions else None

    def ticks(
        self, symbol: str, start_ns: int, end_ns: int, *, newest_first: bool, regular: bool
    ) -> Iterator[PastDay]:
        """Walk through the days that hold ticks; see `PastTicks.days`."""
        return self._ticks.days(
            symbol, start_ns, end_ns, newest_first=newest_first, regular=regular
        )

    def _backwards(
        self, instrument: Instrument, span: int, end_ns: int
    ) -> Iterator[tuple[dt.date, Session | None]]:
        """Walk back through the days that hold anything, from the day of a time."""
        symbol = instrument.symbol
        kinds = ["print", *(f"bar-{name}" for name, length in _SHORTER if span % length == 0)]
        if span == DAY_NS:
            kinds.append("bar-daily")
        days = sorted(set().union(*(self._held(symbol, kind) for kind in kinds)))
        # The day after the time in UTC can be the trading day of an evening's open.
        until = dt.datetime.fromtimestamp(end_ns // 10**9, dt.UTC).date() + dt.timedelta(1)
        days = [day for day in days if day <= until]
        if not days:
            return
        sessions = self._catalog.sessions(symbol, days[0], days[-1])
        known = {session.date: session for session in sessions}
        for day in reversed(days):
            session = known.get(day)
            if session is not None and self._regular and session.open_ns >= end_ns:
                continue
            stored = span == DAY_NS and day in self._held(symbol, "bar-daily")
            if session is not None or stored or not (self._regular or span == DAY_NS):
                yield day, session

    def _held(self, symbol: str, kind: str) -> frozenset[dt.date]:
        key = (symbol, kind)
        if key not in self._days:
            self._days[key] = frozenset(self._catalog.days(symbol, kind))
        return self._days[key]

    def _day(
        self, instrument: Instrument, span: int, day: dt.date, session: Session | None
    ) -> DayBars:
        key = (instrument.symbol, span, day.toordinal())
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        if span == DAY_NS and day in self._held(instrument.symbol, "bar-daily"):
            return self._stored_days(instrument, day.year)[day]
        return self._keep(key, self._build(instrument, span, day, session))

    def _build(
        self, instrument: Instrument, span: int, day: dt.date, session: Session | None
    ) -> DayBars:
        symbol, grid = instrument.symbol, self._grid(span, session)
        for name, length in _SHORTER:
            if span % length == 0 and day in self._held(symbol, f"bar-{name}"):
                return day_of_bars(self._catalog.bars(symbol, name, day), length, grid)
        return day_of_prints(self._catalog.prints(symbol, day), grid, instrument.price_scale)

    def _grid(self, span: int, session: Session | None) -> Grid:
        if session is not None and span == DAY_NS:
            hours = session.open_ns, session.close_ns
            return Grid(session.open_ns, session.close_ns - session.open_ns, *hours)
        if session is not None and self._regular:
            return Grid(0, span, session.open_ns, session.close_ns)
        return Grid(0, span, -_ALWAYS, _ALWAYS)

    def _stored_days(self, instrument: Instrument, year: int) -> dict[dt.date, DayBars]:
        """Read the stored daily bars of a year, which are one file, and keep them all."""
        symbol = instrument.symbol
        first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
        stored = self._catalog.read_range(symbol, "bar-daily", first, last)
        sessions = self._catalog.sessions(symbol, first, last)
        opens = {session.close_ns: session.open_ns for session in sessions}
        # A daily bar is stamped at its end, which may be midnight of the next day.
        days = cast(list[dt.date], trading_days(stored.ts_ns - 1, instrument.calendar).tolist())
        found = {}
        for row, (day, end) in enumerate(zip(days, stored.ts_ns.tolist(), strict=True)):
            start = np.array([opens.get(end, end - USUAL_DAY_NS)], np.int64)
            one = cast(BarColumns, select("bar-daily", stored, slice(row, row + 1)))
            found[day] = self._keep((symbol, DAY_NS, day.toordinal()), plain(one, start))
        return found

    def _keep(self, key: Key, made: DayBars) -> DayBars:
        if key in self._kept:
            return made
        self._kept[key] = made
        self._held_bars += len(made)
        while self._held_bars > self._limit and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._held_bars -= len(oldest)
        return made
