"""Merging columns of ticks into one tape."""

from __future__ import annotations

import tracemalloc
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.data import columns as col
from ikbr.data.columns import PrintColumns, QuoteColumns
from ikbr.data.merge import (
    Feed,
    Standing,
    Ticks,
    merge_ticks,
)
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import NO_PRICE, Kind, PrintFlag, Tape

Row = tuple[int, ...]


def columns(kind: str, rows: list[Row]) -> Any:
    table = np.array(rows, np.int64).reshape(len(rows), len(col.names(kind)))
    return col.make_columns(kind, dict(zip(col.names(kind), table.T, strict=True)))


def quotes(rows: list[Row]) -> QuoteColumns:
    return cast(QuoteColumns, columns("quote", rows))


def prints(rows: list[Row]) -> PrintColumns:
    return cast(PrintColumns, columns("print", rows))


def named(count: int) -> list[Instrument]:
    return [Instrument(symbol=f"S{number}") for number in range(count)]


def table(tape: Tape) -> list[Row]:
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    return list(zip(*(getattr(tape, name).tolist() for name in names), strict=True))


def slowly(data: list[tuple[list[Row], list[Row]]], feed: Feed) -> list[Row]:
    """Merge row by row, in the plainest way."""
    events: list[tuple[int, int, int, Row]] = []
    for sym, (quote_rows, print_rows) in enumerate(data):
        if feed != "trades":
            events += [(row[0], sym, 0, row) for row in quote_rows]
        for row in print_rows:
            if row[3] & PrintFlag.SUSPICIOUS or (
                feed == "quotes" and not row[3] & (PrintFlag.HALT | PrintFlag.RESUME)
            ):
                continue
            events.append((row[0], sym, 1, row))
    events.sort(key=lambda event: event[:3])
    state = {sym: [NO_PRICE, NO_PRICE, NO_PRICE, 0, 0] for sym in range(len(data))}
    rows = []
    for ts, sym, is_print, row in events:
        kind, size, now = Kind.QUOTE, 0, state[sym]
        if is_print:
            kind, size = Kind.PRINT, row[2]
            for flag in (PrintFlag.AUCTION, PrintFlag.HALT, PrintFlag.RESUME):
                kind = Kind[str(flag.name)] if row[3] & flag else kind
            now[2] = row[1] if feed != "quotes" else NO_PRICE
        else:
            now[0], now[1], now[3], now[4] = row[1:]
        rows.append((ts, sym, int(kind), *now, size))
    return rows


times = st.integers(0, 12)
price = st.one_of(st.integers(1, 1000), st.just(NO_PRICE))
quote_rows = st.lists(
    st.tuples(times, price, price, st.integers(0, 9), st.integers(0, 9)), max_size=12
)
print_rows = st.lists(
    st.tuples(times, st.integers(1, 1000), st.integers(0, 9), st.sampled_from([0, 1, 2, 4, 8])),
    max_size=12,
)


def by_time(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: row[0])


ticks_of_symbols = st.lists(
    st.tuples(quote_rows.map(by_time), print_rows.map(by_time)), min_size=1, max_size=4
)


@given(ticks_of_symbols, st.sampled_from(["both", "trades", "quotes"]))
def test_the_merge_equals_a_loop_over_rows(data: Any, feed: Feed) -> None:
    tape = merge_ticks(named(len(data)), [Ticks(quotes(q), prints(p)) for q, p in data], feed=feed)
    assert table(tape) == slowly(data, feed)


@given(ticks_of_symbols, st.integers(0, 13))
def test_pieces_with_carried_state_equal_the_whole(data: Any, cut: int) -> None:
    standing = [Standing()] * len(data)
    rows: list[Row] = []
    for low, high in ((-1, cut), (cut, 99)):
        part = [
            Ticks(
                quotes([row for row in q if low <= row[0] < high]),
                prints([row for row in p if low <= row[0] < high]),
            )
            for q, p in data
        ]
        rows += table(merge_ticks(named(len(data)), part, standing=standing))
    assert rows == slowly(data, "both")


def test_columns_have_the_types_of_the_tape() -> None:
    for data in ([Ticks()], [Ticks(), Ticks(quotes=quotes([(1, 2, 3, 4, 5)]))]):
        tape = merge_ticks(named(len(data)), data)
        types = [getattr(tape, name).dtype.name for name in Tape.__slots__[1:]]
        assert types == ["int64", "int16", "uint8"] + ["int32"] * 5 + ["int64"]


@pytest.mark.parametrize(
    ("ticks", "part"),
    [
        (Ticks(quotes=quotes([(2, 1, 2, 1, 1), (1, 1, 2, 1, 1)])), "quotes"),
        (Ticks(prints=prints([(2, 1, 1, 0), (1, 1, 1, 0)])), "prints"),
    ],
)
def test_falling_times_are_refused_by_name(ticks: Ticks, part: str) -> None:
    with pytest.raises(DataError, match=f"S0: the times of its {part} are not in order"):
        merge_ticks(named(1), [ticks])


@pytest.mark.parametrize("symbols", [1, 3])
def test_the_merge_needs_at_most_100_bytes_per_row(symbols: int) -> None:
    count = 100_000
    step = np.arange(count, dtype=np.int64) * 7
    value = np.ones(count, np.int32)
    one = Ticks(
        QuoteColumns(step, value, value, value, value),
        PrintColumns(step + 3, value, step, np.zeros(count, np.uint8)),
    )
    tracemalloc.start()
    tape = merge_ticks(named(symbols), [one] * symbols)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 100 * len(tape)
