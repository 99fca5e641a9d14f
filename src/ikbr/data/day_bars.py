"""The bars of one day at any length, from its stored prints or from shorter stored bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ikbr.data.bar_columns import bars_of_prints
from ikbr.data.columns import BarColumns, PrintColumns
from ikbr.domain.events import Bar
from ikbr.domain.instrument import Instrument

I64 = NDArray[np.int64]
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Grid:
    """Say where bars are cut.

    Attributes:
        start_ns: Where a bar starts, ns UTC; others follow at multiples of the length.
        span_ns: Their length.
        open_ns: Rows before it are left out, ns UTC.
        close_ns: Rows from it on are left out; a bar that it cuts short ends there.
    """

    start_ns: int
    span_ns: int
    open_ns: int
    close_ns: int


@dataclass(frozen=True, slots=True)
class DayBars:
    """Hold the bars of a day as columns.

    Attributes:
        bars: Ends, prices, volumes.
        starts: Where they start, ns UTC.
        counts: Prints in each; 0 where unknown.
        vwaps: Volume-weighted average prices; NaN where unknown.
    """

    bars: BarColumns
    starts: I64
    counts: I64
    vwaps: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.bars)

    def values(self, instrument: Instrument, start: int, stop: int) -> list[Bar]:
        """Give the bars `[start, stop)` as values."""
        bars, scale = self.bars, instrument.price_scale
        prices = (bars.open, bars.high, bars.low, bars.close)
        columns = (self.starts, bars.ts_ns, *prices, bars.volume, self.counts, self.vwaps)
        rows = zip(*(column[start:stop].tolist() for column in columns), strict=True)
        return [
            Bar(
                instrument.symbol,
                began,
                end,
                opened / scale,
                high / scale,
                low / scale,
                close / scale,
                volume,
                count,
                vwap,
            )
            for began, end, opened, high, low, close, volume, count, vwap in rows
        ]


def day_of_prints(prints: PrintColumns, grid: Grid, price_scale: int) -> DayBars:
    """Build bars of prints.

    Args:
        prints: In order of time; rows of size 0 are no prints.
        grid: Where bars are cut.
        price_scale: Price units per 1.0 of price.
    """
    inside = (prints.size > 0) & (prints.ts_ns >= grid.open_ns) & (prints.ts_ns < grid.close_ns)
    ts, price, size = prints.ts_ns[inside], prints.price[inside], prints.size[inside]
    kept = PrintColumns(ts, price, size, prints.flags[inside])
    bars = bars_of_prints(kept, grid.start_ns, grid.span_ns)
    starts = bars.ts_ns - grid.span_ns
    edges = np.append(np.searchsorted(ts, starts), len(ts))
    # Summed one after the other, so that the last digit is that of bars built print by print.
    money = price / price_scale * size
    pairs = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    value = np.array([np.cumsum(money[first:stop])[-1] for first, stop in pairs], np.float64)
    vwaps = value / bars.volume if len(bars) else value
    return DayBars(_cut(bars, grid), starts, np.diff(edges).astype(np.int64), vwaps)


def day_of_bars(stored: BarColumns, length_ns: int, grid: Grid) -> DayBars:
    """Join stored bars to longer ones; bars of the same length stay as they are.

    Args:
        stored: In order of time, stamped at their ends.
        length_ns: Length of the stored bars.
        grid: Where bars are cut.
    """
    # A bar that ends at the open came before it.
    inside = (stored.ts_ns > grid.open_ns) & (stored.ts_ns <= grid.close_ns)
    ts = stored.ts_ns[inside]
    number = (ts - length_ns - grid.start_ns) // grid.span_ns
    first = np.flatnonzero(np.diff(number, prepend=number[:1] - 1))
    last = np.append(first[1:], len(ts))[: len(first)] - 1
    high, low, volume = stored.high[inside], stored.low[inside], stored.volume[inside]
    if len(ts):
        high, low = np.maximum.reduceat(high, first), np.minimum.reduceat(low, first)
        volume = np.add.reduceat(volume, first)
    starts = grid.start_ns + number[first] * grid.span_ns
    bars = BarColumns(
        starts + grid.span_ns,
        stored.open[inside][first],
        high,
        low,
        stored.close[inside][last],
        volume,
    )
    return plain(_cut(bars, grid), starts)


def plain(bars: BarColumns, starts: I64) -> DayBars:
    """Wrap bars of which neither prints nor average prices are known."""
    return DayBars(bars, starts, np.zeros(len(bars), np.int64), np.full(len(bars), NAN))


def _cut(bars: BarColumns, grid: Grid) -> BarColumns:
    """Let a last bar that the close cuts short end there, as it does in a run."""
    ends = np.minimum(bars.ts_ns, grid.close_ns)
    return BarColumns(ends, bars.open, bars.high, bars.low, bars.close, bars.volume)
