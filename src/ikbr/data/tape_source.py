"""Sources of tapes: from the catalog, day by day, and from memory.

Standing state within a day is carried from piece to piece. At the start of a new day quotes
are unknown again (yesterday's quote is no offer today), while the last price carries on, so
that positions keep a mark; after a split it is unknown too, being in old shares.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from ikbr.data import columns as col
from ikbr.data.calendars import local_dates, timezone
from ikbr.data.catalog import Catalog
from ikbr.data.memory_source import MemorySource
from ikbr.data.merge import Feed, Standing, Ticks, merge_ticks
from ikbr.data.merge_bars import Bars, merge_bars
from ikbr.data.pieces import cuts
from ikbr.data.select_days import kinds_of, select_days
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, CorporateAction, Tape

__all__ = ["CatalogSource", "MemorySource", "select_days"]

CHUNK_ROWS = 4_000_000
ROWS_PER_BAR = 4
USUAL_DAY_NS = 23_400 * 10**9
"""Length of a daily bar whose end is not the close of a known session."""

Part = tuple[int, str, col.Columns]
"""Symbol number, kind, columns."""


class CatalogSource:
    """Deliver what the catalog holds.

    Bars come from the catalog's bars; they are never built from ticks here.
    """

    def __init__(
        self,
        catalog: Catalog,
        symbols: Sequence[str],
        sessions: Sequence[Session],
        *,
        resolution: str = "tick",
        feed: Feed = "both",
        session: Literal["regular", "all"] = "regular",
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        """Describe a tape; nothing but small files is read yet.

        Args:
            catalog: Where the data is.
            symbols: What is on the tape, in this order.
            sessions: The trading days; see `select_days`.
            resolution: tick, second, minute or daily.
            feed: both, trades or quotes.
            session: `regular` keeps rows within `[open, close)` of each instrument's own
                session (bars: end within `(open, close]`); `all` keeps everything of the day.
            chunk_rows: Largest number of rows in a piece.

        Raises:
            DataError: When a symbol, the resolution or the feed is unknown.
        """
        if chunk_rows < ROWS_PER_BAR:
            raise DataError(f"chunk_rows {chunk_rows} is too small; use {ROWS_PER_BAR} or more.")
        if len(set(symbols)) < len(symbols):
            raise DataError(f"symbols {', '.join(symbols)} hold a symbol twice; name each once.")
        self._catalog = catalog
        self._kinds = kinds_of(resolution, feed)
        self._feed = feed
        self._regular = session == "regular"
        self._chunk_rows = chunk_rows
        self.resolution = resolution
        self.sessions = tuple(sorted(sessions))
        self.instruments = tuple(catalog.instrument(symbol) for symbol in symbols)
        self.synthetic = any(catalog.synthetic(symbol) for symbol in symbols)
        self._holdings = {
            (one.symbol, kind): set(catalog.days(one.symbol, kind))
            for one in self.instruments
            for kind in self._kinds
        }
        self._own_sessions = {one.symbol: self._sessions_of(one) for one in self.instruments}

    @property
    def catalog(self) -> Catalog:
        """Say where the data is."""
        return self._catalog

    @property
    def has_quotes(self) -> bool:
        """Say whether any symbol has quotes on any of the days."""
        wanted = {session.date for session in self.sessions}
        return any(
            kind.startswith("quote") and days & wanted for (_, kind), days in self._holdings.items()
        )

    @property
    def actions(self) -> tuple[CorporateAction, ...]:
        """List splits and dividends after the first open and until the last close, in order."""
        if not self.sessions:
            return ()
        start, stop = self.sessions[0].open_ns, self.sessions[-1].close_ns
        found = [
            action
            for one in self.instruments
            for action in self._catalog.corporate_actions(one.symbol)
            if start < action.ts_ns <= stop
        ]
        return tuple(sorted(found, key=lambda action: action.ts_ns))

    def chunks(self) -> Iterator[Tape]:
        """Yield the tape in time order, a day at a time and each day in pieces.

        Daily bars come a year at a time.

        Raises:
            DataError: When the days of different calendars overlap.
        """
        standing = [Standing()] * len(self.instruments)
        previous = -(2**63)
        splits = [action for action in self.actions if action.split != 1.0]
        for days in self._groups():
            for number, one in enumerate(self.instruments):
                split = any(
                    action.symbol == one.symbol and previous < action.ts_ns <= days[-1].close_ns
                    for action in splits
                )
                last = NO_PRICE if split else standing[number].last
                standing[number] = Standing(last=last)
            for piece in self._pieces(self._load(days), standing):
                if piece.ts[0] < previous:
                    raise DataError(
                        f"the trading days of {', '.join(i.symbol for i in self.instruments)} "
                        f"overlap around {days[0].date}; use --session regular or run them apart."
                    )
                previous = int(piece.ts[-1])
                yield piece

    def _sessions_of(self, instrument: Instrument) -> dict[dt.date, Session]:
        if not self.sessions:
            return {}
        first, last = self.sessions[0].date, self.sessions[-1].date
        found = self._catalog.sessions(instrument.symbol, first, last)
        return {session.date: session for session in found}

    def _groups(self) -> Iterator[list[Session]]:
        """Put together the sessions that are read at once."""
        if self.resolution != "daily":
            yield from ([session] for session in self.sessions)
            return
        for year in sorted({session.date.year for session in self.sessions}):
            yield [session for session in self.sessions if session.date.year == year]

    def _load(self, days: list[Session]) -> list[Part]:
        parts: list[Part] = []
        for number, one in enumerate(self.instruments):
            for kind in self._kinds:
                held = self._holdings[one.symbol, kind]
                if self.resolution == "daily":
                    if any(session.date in held for session in days):
                        parts.append((number, kind, self._year(one, kind, days)))
                elif days[0].date in held:
                    found = self._catalog.read(one.symbol, kind, days[0].date)
                    parts.append((number, kind, self._within(one, kind, days[0].date, found)))
        return parts

    def _year(self, one: Instrument, kind: str, days: list[Session]) -> col.Columns:
        found = self._catalog.read_range(one.symbol, kind, days[0].date, days[-1].date)
        local = local_dates(found.ts_ns - 1, timezone(one.calendar))
        wanted = np.array([session.date for session in days], "datetime64[D]")
        return col.select(kind, found, np.isin(local, wanted))

    def _within(self, one: Instrument, kind: str, day: dt.date, found: col.Columns) -> col.Columns:
        """Keep regular hours, if asked to; a day without a session has none."""
        if not self._regular:
            return found
        hours = self._own_sessions[one.symbol].get(day)
        if hours is None:
            return col.select(kind, found, slice(0, 0))
        # A tick at the open belongs to the session; a bar that ends there came before it.
        shift = 0 if self.resolution == "tick" else 1
        bounds = (hours.open_ns + shift, hours.close_ns + shift)
        start, stop = np.searchsorted(found.ts_ns, bounds).tolist()
        return col.select(kind, found, slice(start, stop))

    def _pieces(self, parts: list[Part], standing: list[Standing]) -> Iterator[Tape]:
        per_row = 1 if self.resolution == "tick" else ROWS_PER_BAR
        streams = [found.ts_ns for _, _, found in parts]
        for cut in cuts(streams, self._chunk_rows // per_row):
            cols: list[dict[str, Any]] = [{} for _ in self.instruments]
            for (number, kind, found), (start, stop) in zip(parts, cut, strict=True):
                side = "quotes" if kind.startswith("quote") else "prints"
                cols[number][side] = col.select(kind, found, slice(start, stop))
            piece = self._merge(cols, standing)
            if len(piece):
                yield piece

    def _merge(self, cols: list[dict[str, Any]], standing: list[Standing]) -> Tape:
        if self.resolution == "tick":
            ticks = [Ticks(**one) for one in cols]
            return merge_ticks(self.instruments, ticks, feed=self._feed, standing=standing)
        bars = [Bars(**one) for one in cols]
        return merge_bars(self.instruments, bars, self._starts, feed=self._feed, standing=standing)

    def _starts(self, one: Instrument, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.resolution != "daily":
            return ends - col.SPAN_NS[self.resolution]
        opens = {s.close_ns: s.open_ns for s in self._own_sessions[one.symbol].values()}
        found = [opens.get(end, end - USUAL_DAY_NS) for end in cast(list[int], ends.tolist())]
        return np.array(found, np.int64)
