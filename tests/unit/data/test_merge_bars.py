"""Laying bars onto a tape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.data.columns import BarColumns, QuoteBarColumns
from ikbr.data.merge import Feed, Standing
from ikbr.data.merge_bars import Bars, merge_bars
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import NO_PRICE, Kind, Tape

Row = tuple[int, ...]
SPAN = 60
PHASES = (Kind.BAR_OPEN, Kind.BAR_HIGH, Kind.BAR_LOW, Kind.BAR_CLOSE)


def print_bars(rows: list[Row]) -> BarColumns:
    """Build from (number, open, high, low, close, volume)."""
    table = np.array(rows, np.int64).reshape(-1, 6)
    return BarColumns((table[:, 0] + 1) * SPAN, *table.T[1:])


def quote_bars(rows: list[Row]) -> QuoteBarColumns:
    """Build from (number, four bids, bid size, four asks, ask size)."""
    table = np.array(rows, np.int64).reshape(-1, 11)
    return QuoteBarColumns((table[:, 0] + 1) * SPAN, *table.T[1:])


def starts(_: Instrument, ends: Any) -> Any:
    return ends - SPAN


def named(count: int) -> list[Instrument]:
    return [Instrument(symbol=f"S{number}") for number in range(count)]


def table(tape: Tape) -> list[Row]:
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    return list(zip(*(getattr(tape, name).tolist() for name in names), strict=True))


def slowly(data: list[tuple[list[Row], list[Row]]], feed: Feed) -> list[Row]:
    """Lay the bars row by row, in the plainest way."""
    rows = []
    for sym, (print_rows, quote_rows) in enumerate(data):
        printed = {} if feed == "quotes" else {row[0]: row for row in print_rows}
        quoted = {} if feed == "trades" else {row[0]: row for row in quote_rows}
        bid = ask = last = NO_PRICE
        bid_size = ask_size = 0
        for number in sorted(printed.keys() | quoted.keys()):
            start, end = number * SPAN, (number + 1) * SPAN
            moments = (start, start + 20, start + 40, end - 1)
            for at, (phase, moment) in enumerate(zip(PHASES, moments, strict=True)):
                kind, size = phase, 0
                if number in printed:
                    last = printed[number][1 + at]
                    size = printed[number][5] if phase == Kind.BAR_CLOSE else 0
                elif printed:
                    kind = Kind.QUOTE
                if number in quoted:
                    row = quoted[number]
                    bid, ask = row[1 + at], row[6 + at]
                    if phase == Kind.BAR_CLOSE or not bid_size:
                        bid_size, ask_size = row[5], row[10]
                now = (bid, ask, last, bid_size, ask_size)
                rows.append((moment, sym, int(kind), *now, size))
    return sorted(rows, key=lambda row: row[:2])


def rows_of(width: int) -> st.SearchStrategy[list[Row]]:
    values = st.tuples(st.integers(0, 8), *[st.integers(1, 99)] * width)
    return st.lists(values, max_size=6, unique_by=lambda row: row[0]).map(sorted)


@given(
    st.lists(st.tuples(rows_of(5), rows_of(10)), min_size=1, max_size=3),
    st.sampled_from(["both", "trades", "quotes"]),
)
def test_the_tape_equals_a_loop_over_bars(data: Any, feed: Feed) -> None:
    bars = [Bars(print_bars(p), quote_bars(q)) for p, q in data]
    assert table(merge_bars(named(len(data)), bars, starts, feed=feed)) == slowly(data, feed)


def test_the_standing_state_carries_over_pieces() -> None:
    standing = [Standing()]
    quote = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    merge_bars(named(1), [Bars(quotes=quote_bars([quote]))], starts, standing=standing)
    assert standing == [Standing(bid=4, ask=9, last=NO_PRICE, bid_size=5, ask_size=10)]
    later = merge_bars(
        named(1), [Bars(prints=print_bars([(1, 5, 6, 4, 5, 100)]))], starts, standing=standing
    )
    assert later.bid.tolist() == [4] * 4
    assert later.ask_size.tolist() == [10] * 4
    assert standing[0].last == 5


def test_bars_without_any_part_make_an_empty_tape() -> None:
    assert len(merge_bars(named(2), [Bars(), Bars()], starts)) == 0


@pytest.mark.parametrize("numbers", [(1, 0), (0, 0)])
def test_bars_that_overlap_or_fall_are_refused(numbers: tuple[int, int]) -> None:
    bars = Bars(prints=print_bars([(number, 1, 1, 1, 1, 1) for number in numbers]))
    with pytest.raises(DataError, match="S0: its bars overlap or are not in order"):
        merge_bars(named(1), [bars], starts)
