"""Summing ticks up to bars."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ikbr.data import columns as col
from ikbr.data.bar_columns import bars_of_prints, bars_of_quotes
from ikbr.data.columns import BarColumns, PrintColumns, QuoteColumns

I32, I64 = np.int32, np.int64
rows_of_prints = st.lists(
    st.tuples(st.integers(100, 160), st.integers(1, 99), st.integers(0, 5)), max_size=25
).map(sorted)


def table(columns: col.Columns) -> list[tuple[int, ...]]:
    names = type(columns).__slots__
    return list(zip(*(getattr(columns, name).tolist() for name in names), strict=True))


@given(rows_of_prints)
def test_bars_of_prints_equal_a_loop(rows: list[tuple[int, int, int]]) -> None:
    expected = []
    for start in range(100, 170, 10):
        held = [row for row in rows if start <= row[0] < start + 10 and row[2] > 0]
        if held:
            prices = [row[1] for row in held]
            volume = sum(row[2] for row in held)
            bounds = (max(prices), min(prices))
            expected.append((start + 10, prices[0], *bounds, prices[-1], volume))
    cells = np.array(rows, I64).reshape(-1, 3).T
    prints = PrintColumns(cells[0], cells[1].astype(I32), cells[2], np.zeros(len(rows), np.uint8))
    found = bars_of_prints(prints, 100, 10)
    assert table(found) == expected
    assert isinstance(found, BarColumns)


@given(st.lists(st.tuples(st.integers(100, 160), *[st.integers(1, 99)] * 4), max_size=25))
def test_bars_of_quotes_equal_a_loop(rows: list[tuple[int, ...]]) -> None:
    rows.sort(key=lambda row: row[0])
    expected = []
    for start in range(100, 170, 10):
        held = [row for row in rows if start <= row[0] < start + 10]
        if held:
            bar = [start + 10]
            for side, size in ((1, 3), (2, 4)):
                prices = [row[side] for row in held]
                bar += [prices[0], max(prices), min(prices), prices[-1], held[-1][size]]
            expected.append(tuple(bar))
    cells = np.array(rows, I64).reshape(-1, 5).T
    quotes = QuoteColumns(cells[0], *(column.astype(I32) for column in cells[1:]))
    assert table(bars_of_quotes(quotes, 100, 10)) == expected
