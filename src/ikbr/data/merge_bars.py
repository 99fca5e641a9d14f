"""Lay bars of several instruments onto one tape, four rows per bar.

A bar covers `[start, end)`. Its rows are OPEN at the start, HIGH and LOW at one and two thirds
of the way (where in time the extremes really were is unknown), and CLOSE one nanosecond
before the end; the volume stands on the CLOSE row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikbr.data.columns import BarColumns, QuoteBarColumns
from ikbr.data.merge import Feed, Standing, interleave
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import NO_PRICE, Kind, Tape

PHASES = (Kind.BAR_OPEN, Kind.BAR_HIGH, Kind.BAR_LOW, Kind.BAR_CLOSE)


StartOf = Callable[[Instrument, NDArray[np.int64]], NDArray[np.int64]]
"""Give the starts of an instrument's bars from their ends, both ns UTC."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Hold what one instrument's tape of bars is made of; a missing part is None."""

    prints: BarColumns | None = None
    quotes: QuoteBarColumns | None = None


def merge_bars(
    instruments: Sequence[Instrument],
    bars: Sequence[Bars],
    start_of: StartOf,
    *,
    feed: Feed = "both",
    standing: list[Standing] | None = None,
) -> Tape:
    """Merge the bars of several instruments.

    Bars of prints and of quotes are joined on their end. Where a bar of prints has no bar of
    quotes, the standing quote is carried forward. Where a bar of quotes has no bar of prints,
    nothing was printed: its rows are of kind QUOTE and the last price stands. An instrument
    with only bars of quotes gets bar rows without a last price. Bars know displayed sizes only
    at their end, so the earlier rows of a bar show those of the bar before (the first bar of
    a piece that starts from nothing: its own).

    Args:
        instruments: What the bars belong to, in the order of `Tape.sym`.
        bars: One entry per instrument.
        start_of: Gives the starts of bars.
        feed: Whether bars of prints, of quotes or both make the tape.
        standing: The state each instrument starts from; brought up to date in place.

    Returns:
        The tape.

    Raises:
        DataError: If bars overlap or are not in order.
    """
    state = standing if standing is not None else [Standing()] * len(instruments)
    pieces = []
    for number, (instrument, one) in enumerate(zip(instruments, bars, strict=True)):
        kept = Bars(
            None if feed == "quotes" else one.prints,
            None if feed == "trades" else one.quotes,
        )
        piece = _merge_one(instrument, kept, start_of, state[number])
        if standing is not None:
            standing[number] = state[number].after(piece)
        pieces.append(piece)
    return interleave(instruments, pieces)


def _merge_one(instrument: Instrument, bars: Bars, start_of: StartOf, state: Standing) -> Tape:
    parts = [part.ts_ns for part in (bars.prints, bars.quotes) if part is not None]
    ends = np.unique(np.concatenate([np.empty(0, np.int64), *parts]))
    starts = start_of(instrument, ends)
    falling = any((part[1:] <= part[:-1]).any() for part in parts)
    if falling or (ends <= starts).any() or (starts[1:] < ends[:-1]).any():
        raise DataError(
            f"{instrument.symbol}: its bars overlap or are not in order; "
            f"import the data again, or sort it first."
        )
    third = (ends - starts) // 3
    times = np.column_stack((starts, starts + third, starts + 2 * third, ends - 1))
    kind = np.tile(np.array(PHASES, np.uint8), (len(ends), 1))
    size = np.zeros((len(ends), 4), np.int64)
    columns = _quote_columns(bars.quotes, ends, state)
    last = np.full(len(ends) * 4, state.last, np.int32)
    if bars.prints is not None and len(bars.prints.ts_ns):
        held = np.searchsorted(ends, bars.prints.ts_ns)
        size[held, 3] = bars.prints.volume
        silent = np.ones(len(ends), np.bool_)
        silent[held] = False
        kind[silent] = Kind.QUOTE
        phases = [getattr(bars.prints, name) for name in ("open", "high", "low", "close")]
        last = _carried(phases, held, len(ends), state.last)
    return Tape(
        (instrument,),
        ts=times.ravel(),
        sym=np.zeros(4 * len(ends), np.int16),
        kind=kind.ravel(),
        last=last,
        size=size.ravel(),
        **columns,
    )


def _quote_columns(
    quotes: QuoteBarColumns | None, ends: NDArray[Any], state: Standing
) -> dict[str, NDArray[Any]]:
    columns = {}
    for side in ("bid", "ask"):
        price, size = getattr(state, side), getattr(state, f"{side}_size")
        if quotes is None:
            columns[side] = np.full(4 * len(ends), price, np.int32)
            columns[f"{side}_size"] = np.full(4 * len(ends), size, np.int32)
            continue
        held = np.searchsorted(ends, quotes.ts_ns)
        phases = [getattr(quotes, f"{side}_{name}") for name in ("open", "high", "low", "close")]
        columns[side] = _carried(phases, held, len(ends), price)
        own = getattr(quotes, f"{side}_size")
        before = np.concatenate(([size] if size else own[:1], own[:-1]))
        sizes = [before, before, before, own]
        columns[f"{side}_size"] = _carried(sizes, held, len(ends), size)
    return columns


def _carried(
    phases: list[NDArray[Any]], held: NDArray[Any], count: int, before: int
) -> NDArray[Any]:
    """Spread four values per bar over the rows, carrying the newest over rows without a bar."""
    values = np.column_stack(phases).astype(np.int32)
    grid = np.full((count + 1, 4), NO_PRICE, np.int32)
    grid[0] = before
    grid[1:][held] = values
    newest = np.zeros(count + 1, np.int64)
    newest[1:][held] = held + 1
    newest = np.maximum.accumulate(newest)[1:]
    rows = grid[newest]
    own = np.zeros(count, np.bool_)
    own[held] = True
    rows[~own] = rows[~own, 3:]
    result: NDArray[Any] = rows.ravel()
    return result
