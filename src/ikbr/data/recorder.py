"""The recorder: keeps live quotes and prints, and moves them into the catalog day by day.

Rows wait in memory for a second at most, then in one growing file per symbol, kind and trading
day under `.recording` in the catalog's folder, from where they are moved into the catalog when the
next day begins, at the end, or at the next start. What kills the process loses what waited in
memory; what kills the machine may lose what the operating system had not written yet.
"""

from __future__ import annotations

import datetime as dt
import fcntl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ikbr.data.calendars import trading_days
from ikbr.data.catalog import Catalog
from ikbr.data.recording import DTYPES, PRINT, QUOTE, Recording
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import NO_PRICE, PrintFlag

FLUSH_NS = 1_000_000_000
"""Rows wait in memory for so long at most, while others follow or `flush` is called."""
FLUSH_ROWS = 5_000
"""So many rows of one symbol and kind are written at once."""
MOST_WAITING = 200_000
"""Rows of one symbol and kind that may wait where the disk takes none; more are not kept."""

LARGEST = 2**31 - 1


class _Rows:
    """Hold the rows of one symbol and kind that are not written yet."""

    __slots__ = ("instrument", "kind", "last_day", "last_price", "rows")

    def __init__(self, instrument: Instrument, kind: str) -> None:
        self.instrument = instrument
        self.kind = kind
        self.rows: list[tuple[Any, ...]] = []
        self.last_day: dt.date | None = None
        self.last_price = np.nan


class Recorder:
    """Keep what a feed tells.

    Attributes:
        kept: Rows that were written.
        lost: Rows that could not be kept, as the disk took none for too long.
        on_problem: Told in words when writing fails, once until it works again.
    """

    def __init__(
        self, catalog: Catalog, instruments: Iterable[Instrument], *, synthetic: bool = False
    ) -> None:
        """Move what an earlier recording left into the catalog, and begin.

        Args:
            catalog: Where everything goes.
            instruments: What is recorded.
            synthetic: Whether the feed is that of a simulated gateway.

        Raises:
            DataError: When another recorder writes there, or the catalog holds made-up data of a
                symbol where this is real, or the reverse.
        """
        self._recording = Recording(catalog)
        for one in instruments:
            catalog.check_fits(one, synthetic=synthetic)
        self._lock = self._take_lock(catalog)
        self._recording.merge_all()
        self._quotes: dict[str, _Rows] = {}
        self._prints: dict[str, _Rows] = {}
        for one in instruments:
            self._recording.introduce(one, synthetic)
            self._quotes[one.symbol] = _Rows(one, QUOTE)
            self._prints[one.symbol] = _Rows(one, PRINT)
        self._oldest_ns = 0
        self._failing = False
        self.kept = 0
        self.lost = 0
        self.on_problem: Callable[[str], None] = lambda _words: None

    @property
    def kept_apart(self) -> list[Path]:
        """Files that stay outside the catalog, as it has their days from elsewhere."""
        return self._recording.kept_apart

    # --- what comes ----------------------------------------------------------------------------

    def on_quote(
        self, symbol: str, ts_ns: int, bid: float, ask: float, bid_size: float, ask_size: float
    ) -> None:
        """Take a quote as it stands.

        Args:
            symbol: Of which instrument.
            ts_ns: When, ns UTC.
            bid: Best bid; NaN, or 0 or less without a size, where there is none.
            ask: Best ask.
            bid_size: Size at the bid.
            ask_size: Size at the ask.
        """
        self._add(self._quotes[symbol], (ts_ns, bid, ask, bid_size, ask_size))

    def on_print(self, symbol: str, ts_ns: int, price: float, size: float) -> None:
        """Take a print; one without a price or a size is none."""
        if not (size > 0 and price == price):
            return
        rows = self._prints[symbol]
        rows.last_price = price
        self._add(rows, (ts_ns, price, size, 0))

    def on_halt(self, symbol: str, ts_ns: int, *, halted: bool) -> None:
        """Take that dealing stops or goes on; before the first print there is no price for it."""
        rows = self._prints[symbol]
        if rows.last_price == rows.last_price:
            flag = PrintFlag.HALT if halted else PrintFlag.RESUME
            self._add(rows, (ts_ns, rows.last_price, 0, int(flag)))

    def _add(self, rows: _Rows, row: tuple[Any, ...]) -> None:
        if len(rows.rows) >= MOST_WAITING:
            self.lost += 1
            return
        rows.rows.append(row)
        ts_ns: int = row[0]
        if not self._oldest_ns:
            self._oldest_ns = ts_ns
        elif ts_ns - self._oldest_ns >= FLUSH_NS:
            self.flush()
        if len(rows.rows) >= FLUSH_ROWS and not self._failing:
            self._write_safely([rows])

    # --- what is written -----------------------------------------------------------------------

    def flush(self) -> None:
        """Write what waits in memory; call it every second where nothing may come for long."""
        self._oldest_ns = 0
        self._write_safely([*self._quotes.values(), *self._prints.values()])

    def close(self) -> None:
        """Write everything and move it into the catalog.

        Raises:
            OSError: When the disk takes nothing; what it has is moved at the next start.
        """
        try:
            for rows in (*self._quotes.values(), *self._prints.values()):
                self._write(rows)
            self._recording.merge_all()
        finally:
            self._lock.close()

    def _write_safely(self, waiting: Iterable[_Rows]) -> None:
        """Write, and try again later where the disk takes nothing: the feed must go on."""
        try:
            for rows in waiting:
                self._write(rows)
            self._failing = False
        except (OSError, DataError) as error:
            if not self._failing:
                self.on_problem(f"the recording cannot be written ({error}); free some space.")
            self._failing = True

    def _write(self, rows: _Rows) -> None:
        if not rows.rows:
            return
        table = _table(rows.instrument, rows.kind, rows.rows)
        symbol = rows.instrument.symbol
        days = trading_days(table["ts_ns"].astype(np.int64), rows.instrument.calendar)
        for day in sorted(set(cast(list[dt.date], days.tolist()))):
            if rows.last_day is not None and day > rows.last_day:
                self._recording.merge(symbol, rows.kind, rows.last_day)
            mine = days == np.datetime64(day)
            self._recording.append(symbol, rows.kind, day, table[mine])
            rows.last_day = day
        self.kept += len(table)
        rows.rows = []

    @staticmethod
    def _take_lock(catalog: Catalog) -> Any:
        folder = catalog.path / ".recording"
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise DataError(
                f"another recorder writes into catalog '{catalog.path}'; end it, or use another "
                "--catalog DIR."
            ) from None
        return lock


def _table(instrument: Instrument, kind: str, rows: list[tuple[Any, ...]]) -> NDArray[np.void]:
    """Turn rows into a table of price units."""
    columns = [np.array(column, np.float64) for column in list(zip(*rows, strict=True))[1:]]
    ts = np.array([row[0] for row in rows], np.int64)
    scale = instrument.price_scale
    if kind == QUOTE:
        bid, ask, bid_size, ask_size = columns
        bids, asks = _side(bid, bid_size, scale), _side(ask, ask_size, scale)
        return np.rec.fromarrays([ts, bids[0], asks[0], bids[1], asks[1]], dtype=DTYPES[QUOTE])
    price, size, flags = columns
    units = np.clip(np.rint(price * scale), -LARGEST, LARGEST)
    return np.rec.fromarrays([ts, units, np.rint(size), flags], dtype=DTYPES[PRINT])


def _side(
    price: NDArray[np.float64], size: NDArray[np.float64], scale: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Read one side of quotes. Source: IBKR, TWS API: -1 and 0 without a size mean no offer."""
    size = np.where(size == size, np.clip(size, 0, LARGEST), 0)
    units = price * scale
    there = (np.abs(units) <= LARGEST) & ~((price <= 0) & (size <= 0))
    known = np.where(there, np.rint(np.where(there, units, 0)), NO_PRICE).astype(np.int32)
    return known, np.where(there, np.rint(size), 0).astype(np.int32)
