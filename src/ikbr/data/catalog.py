"""The catalog: a folder of Parquet files, one per symbol, kind and trading day.

`DIR/<symbol>/<kind>/<YYYY-MM-DD>.parquet` (spaces of the symbol become `_`); daily kinds keep one
file per year, `<YYYY>.parquet`. Beside them stand `instrument.json` (contract, price scale, source,
synthetic or not) and `actions.json` (splits and dividends).

A trading day is the exchange-local date; for futures that open on the evening before, the date of
the session (`calendars.trading_days`). Currency pairs are kept by UTC date: their day by IB's
rule runs from 17:00 to 17:00 New York, which would cut every date in two.

Files are uncompressed and have one row group: that reads about as fast as `.npy` files, while
lz4 takes more than twice as long (benchmarks/catalog_read.py measures it).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import numpy as np

from ikbr.data import catalog_meta as meta
from ikbr.data import columns as col
from ikbr.data.calendars import sessions, trading_days
from ikbr.data.catalog_files import read_frame, write_frame
from ikbr.data.columns import (
    BarColumns,
    Columns,
    PrintColumns,
    QuoteBarColumns,
    QuoteColumns,
)
from ikbr.domain.errors import DataError, nearest
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import CorporateAction

FETCH_HINT = (
    "fetch it with `ikbr data fetch`, or import it with `ikbr data import lean PATH` or "
    "`ikbr data import csv FILE`"
)


class Catalog:
    """Read and write market data on disk.

    Args:
        path: The folder; it is made by the first write.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    # What is there

    def symbols(self) -> tuple[str, ...]:
        """List the symbols that have any data, sorted."""
        if not self.path.is_dir():
            return ()
        found = (p.parent.name for p in self.path.glob(f"*/{meta.INSTRUMENT_FILE}"))
        return tuple(sorted(name.replace("_", " ") for name in found))

    def kinds(self, symbol: str) -> tuple[str, ...]:
        """List the kinds of data a symbol has, in the order of `columns.KINDS`."""
        return tuple(kind for kind in col.KINDS if any(self._files(symbol, kind)))

    def days(self, symbol: str, kind: str) -> tuple[dt.date, ...]:
        """List the trading days a symbol has of a kind, in order (none: an empty tuple)."""
        files = self._files(symbol, kind)
        if col.resolution(kind) != "daily":
            return tuple(sorted(dt.date.fromisoformat(p.stem) for p in files))
        found: list[dt.date] = []
        for path in files:
            found += meta.read_file_meta(path).days
        return tuple(sorted(found))

    def rows(self, symbol: str, kind: str) -> int:
        """Count the rows a symbol has of a kind, suspicious ones included."""
        return sum(meta.read_file_meta(path).rows for path in self._files(symbol, kind))

    def instrument(self, symbol: str) -> Instrument:
        """Give the instrument a symbol stands for.

        Raises:
            DataError: When the catalog has no such symbol.
        """
        return self._card(symbol).instrument

    def synthetic(self, symbol: str) -> bool:
        """Say whether a symbol's data is made up."""
        return self._card(symbol).synthetic

    def source(self, symbol: str) -> str:
        """Say where a symbol's data came from."""
        return self._card(symbol).source

    def corporate_actions(self, symbol: str) -> tuple[CorporateAction, ...]:
        """List a symbol's splits and dividends in order of time (none: an empty tuple)."""
        return meta.read_actions(self._folder(symbol))

    def sessions(self, symbol: str, first: dt.date, last: dt.date) -> tuple[Session, ...]:
        """List the sessions of a symbol's calendar from first to last day, both included."""
        return sessions(self.instrument(symbol).calendar, first, last, self.path)

    def file_meta(self, symbol: str, kind: str, day: dt.date) -> meta.FileMeta:
        """Give what is written in a day's file beside its columns (rows, source, notes)."""
        return meta.read_file_meta(self._existing(symbol, kind, day))

    # Reading

    def read(
        self,
        symbol: str,
        kind: str,
        day: dt.date,
        *,
        suspicious: bool = False,
        stored_order: bool = False,
    ) -> Columns:
        """Load one trading day.

        Args:
            symbol: Whose.
            kind: One of `columns.KINDS`.
            day: The trading day.
            suspicious: Keep prints marked as suspicious.
            stored_order: Leave rows that are out of order where they are; by default they are
                sorted by time, equal times in stored order.

        Returns:
            The columns of the kind; arrays may share memory with the file's buffers, so treat
            them as read-only.

        Raises:
            DataError: When there is no such data; it names what is there.
        """
        found = self._load(kind, self._existing(symbol, kind, day))
        if col.resolution(kind) == "daily":
            found = col.select(kind, found, self._local_days(symbol, kind, found) == day)
        if isinstance(found, PrintColumns) and not suspicious:
            doubtful = (found.flags & col.SUSPICIOUS) != 0
            if doubtful.any():
                found = cast(PrintColumns, col.select(kind, found, ~doubtful))
        if not stored_order and (found.ts_ns[1:] < found.ts_ns[:-1]).any():
            found = col.select(kind, found, np.argsort(found.ts_ns, kind="stable"))
        return found

    def stored(self, symbol: str, kind: str, day: dt.date) -> Columns:
        """Load a whole file just as it is: suspicious rows, stored order, a daily kind's year.

        Raises:
            DataError: When there is no such file or it is broken.
        """
        return self._load(kind, self._existing(symbol, kind, day))

    def quotes(self, symbol: str, day: dt.date) -> QuoteColumns:
        """Load a day of tick quotes; see `read`."""
        return cast(QuoteColumns, self.read(symbol, "quote", day))

    def prints(self, symbol: str, day: dt.date, *, suspicious: bool = False) -> PrintColumns:
        """Load a day of tick prints; see `read`."""
        return cast(PrintColumns, self.read(symbol, "print", day, suspicious=suspicious))

    def bars(self, symbol: str, resolution: str, day: dt.date) -> BarColumns:
        """Load a day of bars of prints (second, minute or daily); see `read`."""
        return cast(BarColumns, self.read(symbol, f"bar-{resolution}", day))

    def quote_bars(self, symbol: str, resolution: str, day: dt.date) -> QuoteBarColumns:
        """Load a day of bars of quotes (second, minute or daily); see `read`."""
        return cast(QuoteBarColumns, self.read(symbol, f"quotebar-{resolution}", day))

    def read_range(self, symbol: str, kind: str, first: dt.date, last: dt.date) -> Columns:
        """Load all days from first to last, both included, as one column set.

        Raises:
            DataError: When there is none.
        """
        days = [day for day in self.days(symbol, kind) if first <= day <= last]
        if not days:
            raise self._missing(symbol, kind, first)
        if col.resolution(kind) != "daily":
            return col.concat(kind, [self.read(symbol, kind, day) for day in days])
        years = sorted({day.year for day in days})
        parts = [self._load(kind, self._file(symbol, kind, dt.date(year, 1, 1))) for year in years]
        found = col.concat(kind, parts)
        local = self._local_days(symbol, kind, found)
        return col.select(
            kind, found, (local >= np.datetime64(first)) & (local <= np.datetime64(last))
        )

    # Writing

    def write(
        self,
        instrument: Instrument,
        kind: str,
        day: dt.date,
        columns: Columns,
        *,
        source: str,
        synthetic: bool = False,
        note: str = "",
    ) -> Path:
        """Write one trading day, replacing what was there.

        The file appears whole or not at all. For a daily kind `day` names the year; the rows
        replace those of the same days and join the rest of the year.

        Args:
            instrument: What the data is of.
            kind: One of `columns.KINDS`.
            day: The trading day.
            columns: Its rows.
            source: Where they came from, for people.
            synthetic: Whether they are made up.
            note: Anything a reader should know (rows dropped, sizes assumed).

        Returns:
            The file written.

        Raises:
            DataError: When the columns do not fit the kind, or the symbol is already there with
                another price scale or is synthetic where this is not.
        """
        col.check_lengths(kind, columns)
        self._introduce(instrument, source, synthetic)
        path = self._file(instrument.symbol, kind, day)
        days: tuple[dt.date, ...] = (day,)
        if col.resolution(kind) == "daily":
            if path.exists():
                columns = self._joined(instrument.symbol, kind, path, columns)
            local = self._local_days(instrument.symbol, kind, columns)
            days = tuple(cast(list[dt.date], local.tolist()))
        about = meta.FileMeta(
            symbol=instrument.symbol,
            kind=kind,
            price_scale=instrument.price_scale,
            rows=len(columns),
            days=days,
            source=source,
            synthetic=synthetic,
            note=note,
        )
        write_frame(path, {name: getattr(columns, name) for name in col.names(kind)}, about)
        return path

    def check_fits(self, instrument: Instrument, *, synthetic: bool) -> None:
        """Make sure that data may be written.

        Raises:
            DataError: When the symbol is there with another price scale, or is synthetic where
                this is not.
        """
        known = meta.read_card(self._folder(instrument.symbol))
        if known is None:
            return
        if known.synthetic != synthetic:
            now, new = ("synthetic", "real") if known.synthetic else ("real", "synthetic")
            raise DataError(
                f"symbol {instrument.symbol} in catalog '{self.path}' holds {now} data and the new "
                f"data is {new}; keep them apart with --catalog DIR."
            )
        if known.instrument.price_scale != instrument.price_scale:
            raise DataError(
                f"symbol {instrument.symbol} in catalog '{self.path}' has price scale "
                f"{known.instrument.price_scale}, the new data {instrument.price_scale}; "
                "remove the symbol's folder or use another --catalog DIR."
            )

    def write_actions(self, symbol: str, actions: Iterable[CorporateAction]) -> None:
        """Write a symbol's splits and dividends, replacing those that were there."""
        meta.write_actions(self._folder(symbol), tuple(sorted(actions, key=lambda a: a.ts_ns)))

    # Inside

    def _folder(self, symbol: str) -> Path:
        return self.path / meta.safe_name(symbol)

    def _files(self, symbol: str, kind: str) -> list[Path]:
        col.columns_type(kind)
        return sorted((self._folder(symbol) / kind).glob("[0-9]*.parquet"))

    def _file(self, symbol: str, kind: str, day: dt.date) -> Path:
        stem = f"{day.year:04d}" if col.resolution(kind) == "daily" else day.isoformat()
        return self._folder(symbol) / kind / f"{stem}.parquet"

    def _existing(self, symbol: str, kind: str, day: dt.date) -> Path:
        col.columns_type(kind)
        path = self._file(symbol, kind, day)
        daily = col.resolution(kind) == "daily"
        if not path.exists() or (daily and day not in meta.read_file_meta(path).days):
            raise self._missing(symbol, kind, day)
        return path

    def _load(self, kind: str, path: Path) -> Columns:
        return col.make_columns(kind, read_frame(path, col.names(kind)))

    def _local_days(
        self, symbol: str, kind: str, columns: Columns
    ) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
        # Bars are stamped at their end, which is midnight of the next day where days touch.
        return trading_days(columns.ts_ns - 1, self.instrument(symbol).calendar)

    def _joined(self, symbol: str, kind: str, path: Path, fresh: Columns) -> Columns:
        old = self._load(kind, path)
        stays = ~np.isin(self._local_days(symbol, kind, old), self._local_days(symbol, kind, fresh))
        both = col.concat(kind, [col.select(kind, old, stays), fresh])
        return col.select(kind, both, np.argsort(both.ts_ns, kind="stable"))

    def _introduce(self, instrument: Instrument, source: str, synthetic: bool) -> None:
        self.check_fits(instrument, synthetic=synthetic)
        folder = self._folder(instrument.symbol)
        if meta.read_card(folder) is None:
            meta.write_card(folder, meta.Card(instrument, source, synthetic))

    def _card(self, symbol: str) -> meta.Card:
        card = meta.read_card(self._folder(symbol))
        if card is None:
            raise self._unknown(symbol)
        return card

    def _unknown(self, symbol: str) -> DataError:
        if not self.symbols():
            return DataError(f"catalog '{self.path}' is empty, {symbol!r} not in it; {FETCH_HINT}.")
        return DataError(
            f"symbol {symbol!r} is not in catalog '{self.path}'; "
            f"{nearest(symbol, self.symbols()).rstrip('?')}, or {FETCH_HINT}."
        )

    def _missing(self, symbol: str, kind: str, day: dt.date) -> DataError:
        if symbol not in self.symbols():
            return self._unknown(symbol)
        held = self.days(symbol, kind)
        before = [str(one) for one in held if one < day][-1:]
        near = " and ".join(before + [str(one) for one in held if one > day][:1])
        there = f"the nearest: {near}" if near else f"it has {self.holdings(symbol)}"
        return DataError(
            f"catalog '{self.path}' has no {kind} data of {symbol} on {day}; {there}; {FETCH_HINT}."
        )

    def holdings(self, symbol: str) -> str:
        """Tell what a symbol has, kind by kind, as a clause for a message."""
        clauses = []
        for kind in self.kinds(symbol):
            days = self.days(symbol, kind)
            span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
            clauses.append(f"{kind} {span}")
        return ", ".join(clauses) or "nothing"
