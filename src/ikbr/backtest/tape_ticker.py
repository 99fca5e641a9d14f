"""Tickers over a tape: only the fields that a strategy names are filled on every row.

Filling eight fields of which one is read costs more than a strategy's own work. So the code of
the strategy is searched for field names; those are stored on every row, and any other field is
looked up in the tape's columns at the moment it is read. Both give the same values.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikbr.backtest.inner_loop import left_in
from ikbr.backtest.scan import add_sizes
from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.domain.ticker import NAN, Ticker

PRICES = ("bid", "ask", "last")
SIZES = ("bid_size", "ask_size")
OTHERS = ("ts_ns", "last_size", "is_print")
FIELDS = (*PRICES, *SIZES, *OTHERS)
LAZY = (*FIELDS, "volume")

_MEANT = {
    "midpoint": ("bid", "ask"),
    "spread": ("bid", "ask"),
    "market_price": PRICES,
    "marketPrice": PRICES,
    "time": ("ts_ns",),
}


def _stored(field: str) -> Any:
    """Give the slot of `Ticker` itself, which a lazy property hides."""
    return Ticker.__dict__[field]


get_volume, put_volume = _stored("volume").__get__, _stored("volume").__set__
_COLUMN = {"ts_ns": "ts", "last_size": "size"}
_PRINT, _AUCTION = int(Kind.PRINT), int(Kind.AUCTION)


class TapeTicker(Ticker):
    """Read from the columns of a tape what is not stored.

    Attributes:
        row: The last row of the tape that was of this instrument; -1 before the first, when
            the stored values stand.
        lazy: The class whose fields are looked up; while every slot holds the present row's
            value, the ticker is of the plain class instead, which reads faster.
        columns: The columns of the present piece of the tape.
        printed_before: Volume of the session that is not in `columns`.
        feed: The iterator over the rows that pass by; None while none do, or where whoever draws
            from it sets `row` himself.
        feed_end: The row of its last value.
    """

    __slots__ = ("columns", "feed", "feed_end", "lazy", "printed_before", "row")

    def __init__(self, instrument: Instrument, columns: Columns) -> None:
        """Start before the first row."""
        self.row = -1
        self.columns = columns
        self.lazy = type(self)
        self.printed_before = 0
        self.feed: Any = None
        self.feed_end = -1
        super().__init__(instrument)

    def sleep(self) -> None:
        """Look fields up again, as rows are about to pass by."""
        self.__class__ = self.lazy

    def follow(self, feed: Any, end: int) -> None:
        """Let an iterator over a list say which row it is.

        Args:
            feed: Draws one value per row.
            end: The row of the last value of its list.
        """
        self.feed, self.feed_end = feed, end

    def halt_at_row(self) -> None:
        """Stand at the present row, as the iterator will say nothing of it any more."""
        if self.feed is not None:
            row, self.feed = self.row, None
            self.row = row

    def wake(self) -> None:
        """Fill every slot from the present row, for those who are about to read several."""
        self.__class__ = TapeTicker
        row = self.row
        if row < 0:
            return
        columns = self.columns
        bid, ask, last = columns.bid[row], columns.ask[row], columns.last[row]
        scale = self.instrument.price_scale
        self.bid = bid / scale if bid != NO_PRICE else NAN
        self.ask = ask / scale if ask != NO_PRICE else NAN
        self.last = last / scale if last != NO_PRICE else NAN
        self.bid_size = columns.bid_size[row]
        self.ask_size = columns.ask_size[row]
        self.ts_ns = columns.ts[row]
        self.last_size = columns.size[row]
        self.is_print = _PRINT <= columns.kind[row] <= _AUCTION

    def freeze(self) -> None:
        """Store every field, so that the columns can be exchanged."""
        volume = self.printed_before + self._printed() if self.row >= 0 else self.volume
        self.wake()
        put_volume(self, volume)
        self.printed_before = volume
        self.row = -1
        self.sleep()

    @property
    def volume(self) -> int:
        """Shares printed since the session began."""
        row = self.row
        if row < 0:
            return int(get_volume(self))
        return self.printed_before + self.columns.printed(row)

    @volume.setter
    def volume(self, value: int) -> None:
        put_volume(self, value)

    def begin_session(self) -> None:
        """Count the volume from here."""
        self.printed_before = -self._printed() if self.row >= 0 else 0
        put_volume(self, 0)

    def _printed(self) -> int:
        columns, row = self.columns, self.row
        return columns.printed_once(columns.sym[row], row)


class Columns:
    """Show a piece of tape the way tickers read it.

    Attributes:
        tape: The piece.
        ts, kind, bid, ask, last, bid_size, ask_size, size: Its columns as buffers, from which
            a single value is read several times faster than from an array.
    """

    __slots__ = (
        "_printed",
        "_summed",
        "_sums",
        "ask",
        "ask_size",
        "bid",
        "bid_size",
        "kind",
        "last",
        "scales",
        "size",
        "sym",
        "tape",
        "ts",
    )

    def __init__(self, tape: Tape) -> None:
        """Wrap a piece of tape."""
        self.tape = tape
        self.scales = [instrument.price_scale for instrument in tape.instruments]
        self.ts, self.sym, self.kind = tape.ts.data, tape.sym.data, tape.kind.data
        self.bid, self.ask, self.last = tape.bid.data, tape.ask.data, tape.last.data
        self.bid_size, self.ask_size = tape.bid_size.data, tape.ask_size.data
        self.size = tape.size.data
        self._printed: NDArray[np.int64] | None = None
        self._sums = np.zeros(len(tape.instruments), np.int64)
        self._summed = 0

    def value(self, field: str, row: int) -> Any:
        """Read one field at one row."""
        if field in PRICES:
            units = getattr(self, field)[row]
            return NAN if units == NO_PRICE else units / self.scales[self.sym[row]]
        if field == "is_print":
            return _PRINT <= self.kind[row] <= _AUCTION
        return getattr(self, _COLUMN.get(field, field))[row]

    def lists(self, field: str, start: int, stop: int) -> list[Any]:
        """Read one field of rows `[start, stop)` as Python values."""
        tape = self.tape
        if field in PRICES:
            units = getattr(tape, field)[start:stop]
            if len(self.scales) == 1:
                prices = units / self.scales[0]
            else:
                prices = units / np.asarray(self.scales)[tape.sym[start:stop]]
            missing = units == NO_PRICE
            if missing.any():
                prices[missing] = NAN
            return list(prices.tolist())
        if field == "is_print":
            kind = tape.kind[start:stop]
            return list(((kind >= _PRINT) & (kind <= _AUCTION)).tolist())
        return list(getattr(tape, _COLUMN.get(field, field))[start:stop].tolist())

    def printed_once(self, number: int, row: int) -> int:
        """Sum up what one instrument printed on this piece, to its latest row."""
        # Later rows that others led to here are none of this instrument's.
        if row >= self._summed:
            tape = self.tape
            add_sizes(self._summed, row + 1, tape.sym, tape.size, self._sums)
            self._summed = row + 1
        return int(self._sums[number])

    def printed(self, row: int) -> int:
        """Sum up what the row's instrument printed on this piece, to the row."""
        if self._printed is None:
            self._printed = np.zeros(len(self.tape), np.int64)
            for number in range(len(self.tape.instruments)):
                rows = np.flatnonzero(self.tape.sym == number)
                self._printed[rows] = np.cumsum(self.tape.size[rows])
        return int(self._printed[row])


def _lazy(field: str) -> Any:
    slot = _stored(field)
    get, put = slot.__get__, slot.__set__

    def read(self: TapeTicker) -> Any:
        row = self.row
        return get(self) if row < 0 else self.columns.value(field, row)

    return property(read, put, doc=f"Read `{field}` when it is asked for.")


_get_row, _put_row = TapeTicker.__dict__["row"].__get__, TapeTicker.__dict__["row"].__set__


def _row(self: TapeTicker) -> int:
    """Give the row, of which only the iterator that passes over the tape knows."""
    feed = self.feed
    return int(_get_row(self)) if feed is None else self.feed_end - left_in(feed)


@lru_cache(maxsize=256)
def ticker_class(eager: tuple[str, ...], *, follows: bool = False) -> type[TapeTicker]:
    """Make the class of tickers that stores just these fields on every row.

    Args:
        eager: Names among FIELDS.
        follows: Whether they are to `follow` an iterator.
    """
    body: dict[str, Any] = {"__slots__": (), "__doc__": TapeTicker.__doc__}
    if follows:
        body["row"] = property(_row, _put_row, doc="Which row it is of.")
    for field in FIELDS:
        if field not in eager:
            body[field] = _lazy(field)
    return type("TapeTicker", (TapeTicker,), body)


_SEARCHED_BY_NOBODY = ("abc", "builtins", "ikbr.strategies.base_strategy", "ikbr.strategies.kernel")


def fields_named(classes: Iterable[type]) -> tuple[str, ...]:
    """Find the ticker fields that the code of classes names.

    Plain functions that they call by name are searched too. A name that is found but means
    something else costs a little time; one that is missed (spelled by `getattr`, say) is read
    from the columns.

    >>> class Reader:
    ...     def look(self, ticker): return ticker.last, ticker.spread()
    >>> fields_named([Reader])
    ('bid', 'ask', 'last')
    """
    names: set[str] = set()
    seen: set[types.CodeType] = set()
    for owner in classes:
        for base in owner.__mro__:
            if base.__module__.startswith(_SEARCHED_BY_NOBODY):
                continue
            for member in vars(base).values():
                function = getattr(member, "__func__", member)
                if isinstance(function, types.FunctionType):
                    names |= _names_in(function.__code__, function.__globals__, seen)
    for name in tuple(names):
        names.update(_MEANT.get(name, ()))
    return tuple(field for field in FIELDS if field in names)


def names_in_function(function: Any) -> set[str]:
    """Collect the names in a function's code and in the functions it calls by name."""
    return _names_in(function.__code__, function.__globals__, set())


def _names_in(
    code: types.CodeType, scope: Mapping[str, Any], seen: set[types.CodeType]
) -> set[str]:
    """Collect the names in a piece of code, in what it defines and in the functions it calls."""
    if code in seen:
        return set()
    seen.add(code)
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_in(constant, scope, seen)
    for name in code.co_names:
        called = scope.get(name)
        if isinstance(called, types.FunctionType):
            names |= _names_in(called.__code__, called.__globals__, seen)
    return names
