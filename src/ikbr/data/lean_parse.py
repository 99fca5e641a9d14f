"""Contents of LEAN's csv files to columns.

Equity prices are integers, price × 10,000; forex prices plain decimals. Times are milliseconds
since local midnight (ticks may carry a fraction) and, for bars, of the bar's start; columns here
are stamped at the end. A tick quote touches one side; the other side's zero means unchanged.
Source: https://github.com/QuantConnect/Lean/blob/master/Data/equity/readme.md and
https://github.com/QuantConnect/Lean/blob/master/Data/forex/readme.md
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ikbr.data import price_units
from ikbr.data.columns import (
    SPAN_NS,
    SUSPICIOUS,
    BarColumns,
    Columns,
    PrintColumns,
    QuoteBarColumns,
    QuoteColumns,
    resolution,
)
from ikbr.data.lean_files import LeanFile
from ikbr.data.one_sided import carry_forward
from ikbr.data.wall_clock import DAY_NS, compact_date, midnight, wall_to_utc
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import SecType
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE

if TYPE_CHECKING:
    import polars as pl

LEAN_SCALE = 10_000
FOREX_SIZE = 1_000_000
"""Size given to forex quotes, whose files have none; it is an assumption and noted as one."""

SessionsOf = Callable[[dt.date, dt.date], tuple[Session, ...]]

_BAR_SIDE = ("open", "high", "low", "close")
_QUOTE_BAR = (
    *(f"bid_{part}" for part in (*_BAR_SIDE, "size")),
    *(f"ask_{part}" for part in (*_BAR_SIDE, "size")),
)
_LAYOUTS: dict[str, tuple[str, ...]] = {
    "print": ("ms", "price", "size", "~exchange", "~condition", "suspicious"),
    "quote": (
        *("ms", "bid", "bid_size", "ask", "ask_size"),
        *("~exchange", "~condition", "suspicious"),
    ),
    "forex-quote": ("ms", ".bid", ".ask"),
    "bar": ("ms", *_BAR_SIDE, "volume"),
    "quotebar": ("ms", *_QUOTE_BAR),
    "forex-quotebar": ("ms", *(n if n.endswith("size") else f".{n}" for n in _QUOTE_BAR)),
    "bar-daily": ("~day", *_BAR_SIDE, "volume"),
}
"""Columns of each file; `~` marks text, `.` decimals, all others are integers."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Hold what a file gave: columns, and a note on what was left out or assumed."""

    columns: Columns
    note: str = ""


def parse(file: LeanFile, data: bytes, sessions_of: SessionsOf) -> Parsed:
    """Turn a file's bytes into columns in the file's own order.

    Args:
        file: What the bytes are of.
        data: The csv.
        sessions_of: Gives the sessions from one day to another; daily bars run from a session's
            open to its close.

    Raises:
        DataError: When a line cannot be used; it names file, line and value.
    """
    if file.kind == "bar-daily":
        return Parsed(_daily(file, _frame(file, data, "bar-daily"), sessions_of))
    forex = file.instrument.sec_type == SecType.FOREX
    base = file.kind.partition("-")[0]
    layout = f"forex-{base}" if forex else base
    frame = _frame(file, data, layout)
    if file.kind == "print":
        return Parsed(_prints(file, frame))
    if file.kind == "quote":
        return _forex_quotes(file, frame) if forex else _quotes(file, frame)
    span = SPAN_NS[resolution(file.kind)]
    ts = _times(file, frame) + span
    if base == "bar":
        return Parsed(_bars(file, frame, ts))
    return Parsed(_quote_bars(file, frame, ts))


def _frame(file: LeanFile, data: bytes, layout: str) -> pl.DataFrame:
    import polars as pl

    columns = _LAYOUTS[layout]
    types: dict[str, type[pl.DataType]] = {"~": pl.String, ".": pl.Float64}
    schema = {name.lstrip("~."): types.get(name[0], pl.Int64) for name in columns}
    if layout in {"print", "quote"} and b"." in data:
        # Newer tick files count microseconds as a fraction of the ms.
        columns = (".ms", *columns[1:])
        schema["ms"] = pl.Float64
    if not data.strip():
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(data, has_header=False, schema=schema, quote_char=None)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise _first_bad_line(file, data, columns) from error
    # Only a side of a quote bar may be empty: no quote stood there.
    needed = ["ms"] if layout.endswith("quotebar") else [n for n in schema if n != "condition"]
    if frame.select(needed).null_count().sum_horizontal()[0]:
        raise _first_bad_line(file, data, columns)
    return frame


def _first_bad_line(file: LeanFile, data: bytes, columns: tuple[str, ...]) -> DataError:
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        fields = line.split(",")
        if len(fields) != len(columns):
            return DataError(
                f"file '{file.path}', line {number}: {len(fields)} fields where {len(columns)} "
                f"belong ({line[:60]!r}); fetch the file again."
            )
        for name, text in zip(columns, fields, strict=True):
            if not _readable(name, text, "bar" in file.kind):
                return DataError(
                    f"file '{file.path}', line {number}: {name.lstrip('~.')} {text!r} is not "
                    f"{'a number' if name[0] == '.' else 'a whole number'}; fetch the file again."
                )
    return DataError(f"file '{file.path}' cannot be read as csv; fetch the file again.")


def _readable(name: str, text: str, may_be_empty: bool) -> bool:
    if name[0] == "~":
        return True
    if not text:
        return may_be_empty and name.startswith((".", "bid_", "ask_"))
    try:
        if name[0] == ".":
            float(text)
        else:
            int(text)
    except ValueError:
        return False
    return True


def _times(file: LeanFile, frame: pl.DataFrame) -> NDArray[np.int64]:
    ms = frame["ms"].to_numpy()
    since = ms * 1_000_000
    if ms.dtype.kind == "f":
        since = np.rint(ms * 1000).astype(np.int64) * 1000
    bad = np.flatnonzero((since < 0) | (since >= DAY_NS))
    if len(bad):
        raise DataError(
            f"file '{file.path}', line {int(bad[0]) + 1}: {ms[bad[0]]} ms since midnight "
            "is not a time of day (0 to 86399999)."
        )
    assert file.day is not None
    return wall_to_utc(midnight(file.day) + since, file.zone)


def _prices(file: LeanFile, frame: pl.DataFrame, name: str) -> NDArray[np.int32]:
    label = f"file '{file.path}', {name}"
    scale = file.instrument.price_scale
    column = frame[name]
    empty = column.is_null().to_numpy()
    if column.dtype.is_float():
        units = price_units.float_units(column.fill_null(0.0).to_numpy(), scale, label)
    else:
        units = price_units.integer_units(column.fill_null(0).to_numpy(), LEAN_SCALE, label)
    return np.where(empty, np.int32(NO_PRICE), units) if empty.any() else units


def _sizes(file: LeanFile, frame: pl.DataFrame, name: str) -> NDArray[np.int32]:
    return price_units.sizes(frame[name].fill_null(0).to_numpy(), f"file '{file.path}', {name}")


def _prints(file: LeanFile, frame: pl.DataFrame) -> PrintColumns:
    doubtful = frame["suspicious"].to_numpy() != 0
    return PrintColumns(
        ts_ns=_times(file, frame),
        price=_prices(file, frame, "price"),
        size=frame["size"].to_numpy(),
        flags=np.where(doubtful, np.uint8(SUSPICIOUS), np.uint8(0)),
    )


def _quotes(file: LeanFile, frame: pl.DataFrame) -> Parsed:
    ts = _times(file, frame)
    prices = [_prices(file, frame, name) for name in ("bid", "ask")]
    shown = [_sizes(file, frame, f"{name}_size") for name in ("bid", "ask")]
    doubtful = frame["suspicious"].to_numpy() != 0
    # A doubtful quote must go before carrying forward, or it would stand on behind the next.
    keep = ~doubtful & ((prices[0] != 0) | (prices[1] != 0))
    bid, bid_size = carry_forward(prices[0][keep], shown[0][keep])
    ask, ask_size = carry_forward(prices[1][keep], shown[1][keep])
    dropped = int(doubtful.sum())
    return Parsed(
        QuoteColumns(ts[keep], bid, ask, bid_size, ask_size),
        f"suspicious quotes dropped: {dropped}" if dropped else "",
    )


def _forex_quotes(file: LeanFile, frame: pl.DataFrame) -> Parsed:
    size = np.full(len(frame), FOREX_SIZE, np.int32)
    bid, ask = _prices(file, frame, "bid"), _prices(file, frame, "ask")
    return Parsed(
        QuoteColumns(_times(file, frame), bid, ask, size, size),
        f"sizes assumed: {FOREX_SIZE:,}",
    )


def _bars(file: LeanFile, frame: pl.DataFrame, ts: NDArray[np.int64]) -> BarColumns:
    first, high, low, close = (_prices(file, frame, name) for name in _BAR_SIDE)
    return BarColumns(ts, first, high, low, close, frame["volume"].to_numpy())


def _quote_bars(file: LeanFile, frame: pl.DataFrame, ts: NDArray[np.int64]) -> QuoteBarColumns:
    values = {
        name: (_sizes if name.endswith("size") else _prices)(file, frame, name)
        for name in _QUOTE_BAR
    }
    return QuoteBarColumns(ts, **values)


def _daily(file: LeanFile, frame: pl.DataFrame, sessions_of: SessionsOf) -> BarColumns:
    if not len(frame):
        return _bars(file, frame, np.empty(0, np.int64))
    days = []
    for number, text in enumerate(frame["day"].to_list(), 1):
        try:
            days.append(compact_date(text))
        except ValueError:
            raise DataError(
                f"file '{file.path}', line {number}: {text!r} is not a day (YYYYMMDD HH:MM); "
                "fetch the file again."
            ) from None
    closes = {s.date: s.close_ns for s in sessions_of(min(days), max(days))}
    # A bar on a day without a session keeps the usual close; `ikbr data check` reports it.
    usual = [midnight(day) + 16 * 3600 * 10**9 for day in days if day not in closes]
    shifted = iter(wall_to_utc(np.array(usual, np.int64), file.zone).tolist())
    ts = [closes[day] if day in closes else next(shifted) for day in days]
    return _bars(file, frame, np.array(ts, np.int64))
