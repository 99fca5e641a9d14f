"""Column sets: one instrument's market data of one day, as numpy arrays of one length.

Times are `ts_ns`, int64 ns since 1970 UTC. Prices are int32 price units
(`units / instrument.price_scale`), `NO_PRICE` where a side was never seen.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ikbr.domain.errors import DataError, nearest
from ikbr.domain.tape import PrintFlag

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

SUSPICIOUS = int(PrintFlag.SUSPICIOUS)
"""Bit 0 of `PrintColumns.flags`: the publisher marked the print as doubtful."""


@dataclass(frozen=True, slots=True)
class QuoteColumns:
    """Hold best bids and asks; every row carries both sides as they stood after it."""

    ts_ns: I64
    bid: I32
    ask: I32
    bid_size: I32
    ask_size: I32

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ts_ns)


@dataclass(frozen=True, slots=True)
class PrintColumns:
    """Hold market prints; `flags` are bits of `PrintFlag`."""

    ts_ns: I64
    price: I32
    size: I64
    flags: U8

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ts_ns)


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Hold bars of prints over `[start, end)`, stamped at their end."""

    ts_ns: I64
    open: I32
    high: I32
    low: I32
    close: I32
    volume: I64

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ts_ns)


@dataclass(frozen=True, slots=True)
class QuoteBarColumns:
    """Hold bars of both sides of the quote, stamped at their end; sizes are those at the close."""

    ts_ns: I64
    bid_open: I32
    bid_high: I32
    bid_low: I32
    bid_close: I32
    bid_size: I32
    ask_open: I32
    ask_high: I32
    ask_low: I32
    ask_close: I32
    ask_size: I32

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ts_ns)


Columns = QuoteColumns | PrintColumns | BarColumns | QuoteBarColumns
ColumnsType = type[QuoteColumns] | type[PrintColumns] | type[BarColumns] | type[QuoteBarColumns]

KINDS: dict[str, ColumnsType] = {
    "quote": QuoteColumns,
    "print": PrintColumns,
    "bar-second": BarColumns,
    "bar-minute": BarColumns,
    "bar-daily": BarColumns,
    "quotebar-second": QuoteBarColumns,
    "quotebar-minute": QuoteBarColumns,
    "quotebar-daily": QuoteBarColumns,
}
"""Every kind of data the catalog holds, and the columns it has."""

SPAN_NS = {"second": 10**9, "minute": 60 * 10**9, "daily": 86_400 * 10**9}
"""Nominal length of a bar by resolution, ns (a daily bar runs from the open to the close)."""

DTYPES: dict[str, type[np.generic]] = {
    "ts_ns": np.int64,
    "size": np.int64,
    "volume": np.int64,
    "flags": np.uint8,
}
"""Types of the columns that are not int32."""


def columns_type(kind: str) -> ColumnsType:
    """Name the column set of a kind.

    Raises:
        DataError: When the kind is unknown.

    >>> columns_type("bar-minute").__name__
    'BarColumns'
    """
    if kind not in KINDS:
        raise DataError(f"data kind {kind!r} is unknown; {nearest(kind, KINDS)}.")
    return KINDS[kind]


def resolution(kind: str) -> str:
    """Give a kind's resolution: tick, second, minute or daily.

    >>> resolution("quote"), resolution("quotebar-second")
    ('tick', 'second')
    """
    return kind.rpartition("-")[2] if "-" in kind else "tick"


def names(kind: str) -> tuple[str, ...]:
    """List a kind's columns, time first.

    >>> names("print")
    ('ts_ns', 'price', 'size', 'flags')
    """
    return tuple(field.name for field in fields(columns_type(kind)))


def make_columns(kind: str, arrays: dict[str, NDArray[np.generic]]) -> Columns:
    """Build a column set from arrays by name.

    Args:
        kind: One of `KINDS`.
        arrays: At least the columns of the kind; others are ignored.

    Raises:
        DataError: When a column is missing or the lengths differ.
    """
    wanted = names(kind)
    lost = [name for name in wanted if name not in arrays]
    if lost:
        raise DataError(f"data of kind {kind!r} need column {lost[0]!r}; it is missing.")
    made = columns_type(kind)(
        **{
            name: np.asarray(arrays[name]).astype(DTYPES.get(name, np.int32), copy=False)
            for name in wanted
        }
    )
    check_lengths(kind, made)
    return made


def check_lengths(kind: str, columns: Columns) -> None:
    """Refuse columns of unequal length or of another kind."""
    if not isinstance(columns, columns_type(kind)):
        raise DataError(
            f"data of kind {kind!r} are {columns_type(kind).__name__}, "
            f"not {type(columns).__name__}."
        )
    rows = len(columns)
    for name in names(kind):
        if len(getattr(columns, name)) != rows:
            raise DataError(
                f"column {name!r} of kind {kind!r} has {len(getattr(columns, name))} rows, "
                f"ts_ns has {rows}; make them equal."
            )


def select(kind: str, columns: Columns, where: NDArray[np.generic] | slice) -> Columns:
    """Pick rows by a mask, an index array or a slice."""
    return columns_type(kind)(**{name: getattr(columns, name)[where] for name in names(kind)})


def concat(kind: str, parts: list[Columns]) -> Columns:
    """Put column sets of one kind one after another."""
    if len(parts) == 1:
        return parts[0]
    return columns_type(kind)(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            if parts
            else np.empty(0, DTYPES.get(name, np.int32))
            for name in names(kind)
        }
    )
