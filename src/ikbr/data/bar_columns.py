"""Sum ticks up to columns of bars, for data that is made or recorded here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ikbr.data.columns import BarColumns, PrintColumns, QuoteBarColumns, QuoteColumns

I32 = NDArray[np.int32]


def bars_of_prints(prints: PrintColumns, start_ns: int, span_ns: int) -> BarColumns:
    """Make bars of prints; a span without prints has no bar.

    Args:
        prints: In order of time; rows of size 0 are no prints.
        start_ns: Where the first span starts, ns UTC.
        span_ns: Length of a bar.
    """
    dealt = prints.size > 0
    ts, price, size = prints.ts_ns[dealt], prints.price[dealt], prints.size[dealt]
    number, first, last = _spans(ts, start_ns, span_ns)
    return BarColumns(
        start_ns + (number + 1) * span_ns,
        price[first],
        _reduced(np.maximum, price, first),
        _reduced(np.minimum, price, first),
        price[last],
        np.add.reduceat(size, first) if len(size) else size,
    )


def bars_of_quotes(quotes: QuoteColumns, start_ns: int, span_ns: int) -> QuoteBarColumns:
    """Make bars of both sides of the quote; a span without a new quote has no bar.

    Args:
        quotes: In order of time.
        start_ns: Where the first span starts, ns UTC.
        span_ns: Length of a bar.
    """
    number, first, last = _spans(quotes.ts_ns, start_ns, span_ns)
    columns: list[I32] = []
    for price, size in ((quotes.bid, quotes.bid_size), (quotes.ask, quotes.ask_size)):
        high = _reduced(np.maximum, price, first)
        low = _reduced(np.minimum, price, first)
        columns += [price[first], high, low, price[last], size[last]]
    return QuoteBarColumns(start_ns + (number + 1) * span_ns, *columns)


def _spans(
    ts: NDArray[np.int64], start_ns: int, span_ns: int
) -> tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.intp]]:
    """Number the spans that hold rows and give their first and last rows."""
    number = (ts - start_ns) // span_ns
    first = np.flatnonzero(np.diff(number, prepend=number[:1] - 1))
    last = np.append(first[1:], len(ts))[: len(first)] - 1
    return number[first], first, last


def _reduced(function: np.ufunc, values: I32, first: NDArray[np.intp]) -> I32:
    if not len(values):
        return values
    found: I32 = function.reduceat(values, first)
    return found
