"""Merge columns of quotes and prints of several instruments into one tape.

Order: by time; at equal times the instruments in the order given, and within one instrument
quotes before prints. The merge is a stable sort of runs that are sorted already, which costs
one pass; every row is then filled with the standing state by gathering, never by a loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ikbr.data.columns import PrintColumns, QuoteColumns
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import NO_PRICE, Kind, PrintFlag, Tape

Feed = Literal["both", "trades", "quotes"]
Column = NDArray[np.integer[Any]]


_COLUMNS = tuple(f.name for f in fields(Tape) if f.name != "instruments")
_TYPES = dict(
    zip(
        _COLUMNS,
        (np.dtype(name) for name in ("i8", "i2", "u1", "i4", "i4", "i4", "i4", "i4", "i8")),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Ticks:
    """Hold what one instrument's tape is made of; a missing part is None."""

    quotes: QuoteColumns | None = None
    prints: PrintColumns | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold the state of one instrument that a following piece of tape starts from."""

    bid: int = NO_PRICE
    ask: int = NO_PRICE
    last: int = NO_PRICE
    bid_size: int = 0
    ask_size: int = 0

    def after(self, piece: Tape) -> Standing:
        """Give the state after a piece that holds only this instrument."""
        if not len(piece):
            return self
        return Standing(*(int(getattr(piece, f.name)[-1]) for f in fields(self)))


def merge_ticks(
    instruments: Sequence[Instrument],
    ticks: Sequence[Ticks],
    *,
    feed: Feed = "both",
    standing: list[Standing] | None = None,
) -> Tape:
    """Merge the ticks of several instruments.

    Suspicious prints are left out. Halts and resumptions stay with every feed.

    Args:
        instruments: What the ticks belong to, in the order of `Tape.sym`.
        ticks: One entry per instrument.
        feed: Whether prints, quotes or both make the tape.
        standing: The state each instrument starts from; brought up to date in place.

    Returns:
        The tape.

    Raises:
        DataError: If times fall.
    """
    state = standing if standing is not None else [Standing()] * len(instruments)
    pieces = []
    for number, (instrument, one) in enumerate(zip(instruments, ticks, strict=True)):
        piece = _merge_one(instrument, _select(one, feed), state[number])
        if standing is not None:
            standing[number] = state[number].after(piece)
        pieces.append(piece)
    return interleave(instruments, pieces)


def interleave(instruments: Sequence[Instrument], pieces: Sequence[Tape]) -> Tape:
    """Merge tapes of one instrument each into one.

    Args:
        instruments: What the tapes hold, in the order of `Tape.sym`.
        pieces: One tape per instrument, each in time order.

    Returns:
        The rows of all in time order; at equal times in the order of the instruments.
    """
    if len(pieces) == 1:
        return pieces[0]
    ts = _join([piece.ts for piece in pieces], np.dtype("i8"))
    order = np.argsort(ts, kind="stable")
    columns: dict[str, Any] = {"ts": ts[order]}
    del ts
    number = _join(
        [np.full(len(piece), at, np.int16) for at, piece in enumerate(pieces)],
        np.dtype("i2"),
    )
    columns["sym"] = number[order]
    for name in _COLUMNS[2:]:
        columns[name] = _join([getattr(piece, name) for piece in pieces], _TYPES[name])[order]
    return Tape(tuple(instruments), **columns)


def _join(parts: Sequence[Column], dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype), *parts], dtype=dtype, casting="same_kind")


def _select(ticks: Ticks, feed: Feed) -> Ticks:
    """Leave out what the feed does not carry."""
    quotes, prints = ticks.quotes, ticks.prints
    if prints is not None:
        flags = prints.flags
        dropped = (flags & PrintFlag.SUSPICIOUS) != 0
        if feed == "quotes":
            dropped |= (flags & (PrintFlag.HALT | PrintFlag.RESUME)) == 0
        if dropped.any():
            kept = np.flatnonzero(~dropped)
            prints = PrintColumns(*(getattr(prints, f.name)[kept] for f in fields(prints)))
        if feed == "quotes":
            nothing = np.full(len(prints.ts_ns), NO_PRICE, np.int32)
            prints = PrintColumns(prints.ts_ns, nothing, prints.size, prints.flags)
    return Ticks(None if feed == "trades" else quotes, prints)


def _merge_one(instrument: Instrument, ticks: Ticks, start: Standing) -> Tape:
    """Merge quotes and prints of one instrument, starting from a standing state."""
    quotes, prints = ticks.quotes, ticks.prints
    for part, name in ((quotes, "quotes"), (prints, "prints")):
        if part is not None and len(part.ts_ns) > 1 and (part.ts_ns[1:] < part.ts_ns[:-1]).any():
            raise DataError(
                f"{instrument.symbol}: the times of its {name} are not in order; "
                f"import the data again, or sort it first."
            )
    times = [part.ts_ns for part in (quotes, prints) if part is not None]
    n_quotes = len(quotes.ts_ns) if quotes is not None else 0
    ts = _join(times, np.dtype("i8"))
    count = len(ts)
    if n_quotes in (0, count):
        is_quote = np.full(count, n_quotes > 0)
    else:
        order = np.argsort(ts, kind="stable")
        ts = ts[order]
        is_quote = order < n_quotes
        del order
    index_type = np.int32 if count < 2**31 - 1 else np.int64
    # Row i shows the newest quote so far; entry 0 is what stood before the piece.
    seen = np.cumsum(is_quote, dtype=index_type)
    columns: dict[str, NDArray[Any]] = {"ts": ts, "sym": np.zeros(count, np.int16)}
    for name in ("bid", "ask", "bid_size", "ask_size"):
        values = [getattr(quotes, name)] if quotes is not None else []
        first = np.array([getattr(start, name)], np.int32)
        columns[name] = _join([first, *values], np.dtype("i4"))[seen]
    np.subtract(np.arange(1, count + 1, dtype=index_type), seen, out=seen)
    columns |= _print_columns(prints, start, is_quote, seen)
    return Tape((instrument,), **columns)


def _print_columns(
    prints: PrintColumns | None,
    start: Standing,
    is_quote: NDArray[np.bool_],
    seen: NDArray[Any],
) -> dict[str, NDArray[Any]]:
    """Fill kind, last and size; `seen` counts the prints up to and including each row."""
    first = np.array([start.last], np.int32)
    if prints is None:
        count = len(is_quote)
        return {
            "kind": np.full(count, Kind.QUOTE, np.uint8),
            "last": np.full(count, start.last, np.int32),
            "size": np.zeros(count, np.int64),
        }
    kinds = np.full(len(prints.ts_ns) + 1, Kind.PRINT, np.uint8)
    for bit, kind in (
        (PrintFlag.AUCTION, Kind.AUCTION),
        (PrintFlag.HALT, Kind.HALT),
        (PrintFlag.RESUME, Kind.RESUME),
    ):
        kinds[1:][(prints.flags & bit) != 0] = kind
    kind = kinds[seen]
    kind[is_quote] = Kind.QUOTE
    size = _join([np.zeros(1, np.int64), prints.size], np.dtype("i8"))[seen]
    size[is_quote] = 0
    last = _join([first, prints.price], np.dtype("i4"))[seen]
    return {"kind": kind, "last": last, "size": size}
