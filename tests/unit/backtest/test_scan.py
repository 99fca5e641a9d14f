"""The scan stops where something may have to be decided, compiled and not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ikbr.backtest import scan as s
from ikbr.domain.marks import mark_units
from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.sim.market import HIGHEST, LOWEST, Watch

PRICE = st.integers(95, 105) | st.just(NO_PRICE)
SIZE = st.integers(0, 9)
ROW = st.tuples(st.integers(0, 8), PRICE, PRICE, PRICE, SIZE, SIZE)
WATCH = st.builds(
    Watch,
    active=st.just(True),
    every_row=st.integers(0, 9).map(lambda n: n == 0),
    on_print=st.booleans(),
    buy_limit=st.just(LOWEST) | st.integers(94, 99),
    sell_limit=st.just(HIGHEST) | st.integers(101, 106),
    buy_stop=st.just(HIGHEST) | st.integers(101, 106),
    sell_stop=st.just(LOWEST) | st.integers(94, 99),
    buy_queue=st.just(LOWEST) | st.integers(94, 99),
    sell_queue=st.just(HIGHEST) | st.integers(101, 106),
    buy_ahead=SIZE,
    sell_ahead=SIZE,
)
SHAPES = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])


def call(function: Any, compiled: bool) -> Any:
    return function if compiled else function.py_func


def barriers_of(watch: Watch) -> Any:
    cells = np.zeros(s.WIDTH, np.int64)
    names = ("active", "every_row", "on_print", "buy_limit", "sell_limit", "buy_stop", "sell_stop")
    for column, name in enumerate(names):
        cells[column] = getattr(watch, name)
    for column, name in enumerate(("buy_queue", "sell_queue", "buy_ahead", "sell_ahead")):
        cells[s.BUY_QUEUE + column] = getattr(watch, name)
    return cells


def must_see(
    watch: Watch, kind: int, bid: int, ask: int, last: int, bid_size: int, ask_size: int
) -> bool:
    """Say in plain words what the docstring of `Watch` does."""
    printed = kind >= Kind.PRINT and last != NO_PRICE
    dealt = [last] if printed else []
    asks = [ask] if ask != NO_PRICE else []
    bids = [bid] if bid != NO_PRICE else []
    return (
        watch.every_row
        or (watch.on_print and printed and kind not in {Kind.BAR_HIGH, Kind.BAR_LOW})
        or any(p <= watch.buy_limit for p in asks + dealt)
        or any(p >= watch.sell_limit for p in bids + dealt)
        or any(p >= watch.buy_stop for p in asks + dealt)
        or any(p <= watch.sell_stop for p in bids + dealt)
        or any(p < watch.buy_queue for p in bids)
        or any(p > watch.sell_queue for p in asks)
        or (bid in bids and bid == watch.buy_queue and bid_size < watch.buy_ahead)
        or (ask in asks and ask == watch.sell_queue and ask_size < watch.sell_ahead)
    )


@SHAPES
@given(WATCH, ROW)
@settings(max_examples=200)
def test_a_row_wakes_just_when_the_watch_says_so(compiled: bool, watch: Watch, row: Any) -> None:
    got = call(s.wakes, compiled)(*row, barriers_of(watch))
    assert bool(got) is must_see(watch, *row)


@given(st.lists(st.tuples(PRICE, PRICE, PRICE), min_size=1, max_size=30))
def test_marks_of_columns_are_those_of_the_rows(rows: list[Any]) -> None:
    bid, ask, last = (np.array(c, np.int32) for c in zip(*rows, strict=True))
    assert s.marks_of(bid, ask, last).tolist() == [mark_units(*row) for row in rows]


def test_marks_near_the_end_of_the_range_do_not_overflow() -> None:
    high = np.array([2**31 - 1], np.int32)
    silent = np.array([NO_PRICE], np.int32)
    assert s.marks_of(high, high, silent).tolist() == [2**31 - 1]


@SHAPES
@given(st.integers(-(10**6), 2**62), st.integers(0, s.PPB))
def test_a_floor_is_exact_for_every_peak(compiled: bool, peak: int, keep: int) -> None:
    expected = peak * keep // s.PPB if keep and peak > 0 else -(2**63)
    assert call(s.floor_of, compiled)(peak, keep) == expected


class Oracle:
    """Advance row by row as the pipeline would, with plain numbers."""

    def __init__(self, table: Any, totals: Any) -> None:
        self.table, self.totals = table.copy(), totals.copy()

    def run(self, rows: list[Any], watches: list[Watch]) -> int:
        t = self.totals
        for number, (sym, kind, bid, ask, last, *sizes) in enumerate(rows):
            cells = self.table[sym]
            if kind >= Kind.AUCTION:
                return number
            if cells[s.ACTIVE] and must_see(watches[sym], kind, bid, ask, last, *sizes):
                return number
            mark = mark_units(bid, ask, last)
            if not cells[s.UNIT] or mark in {cells[s.MARK], NO_PRICE}:
                continue
            equity = t[s.EQUITY] + (mark - cells[s.MARK]) * cells[s.UNIT]
            if not cells[s.MARK_LOW] <= mark <= cells[s.MARK_HIGH] or equity <= t[s.BARRIER]:
                return number
            t[s.EQUITY], cells[s.MARK] = equity, mark
            if equity > t[s.PEAK]:
                floor = equity * int(t[s.KEEP]) // s.PPB if t[s.KEEP] else -(2**63)
                t[s.PEAK], t[s.BARRIER] = equity, max(floor, t[s.DAILY_FLOOR])
        return len(rows)


def scan_as(shape: str, first: int, stop: int, *arrays: Any) -> int:
    """Scan rows; the arrays are the columns, the marks, the table and the totals."""
    if shape != "packed":
        return int(call(s.scan, shape == "compiled")(first, stop, *arrays))
    pack = np.zeros(s.PACKED, np.int64)
    pack[:4] = first, stop, stop, len(arrays[8])
    pack[4:] = [array.ctypes.data for array in arrays]
    return int(s.scan_packed(pack))


@pytest.mark.parametrize("shape", ["packed", "compiled", "plain"])
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 7), PRICE, PRICE, PRICE, SIZE, SIZE),
        max_size=25,
    ),
    st.lists(WATCH, min_size=2, max_size=2),
    st.lists(st.booleans(), min_size=2, max_size=2),
    st.lists(st.sampled_from([0, 0, 10, -10]), min_size=2, max_size=2),
    st.sampled_from([0, s.PPB * 95 // 100, s.PPB * 999 // 1000]),
    st.sampled_from([-(2**63), 9_980, 9_995]),
    st.integers(0, 3),
)
@settings(max_examples=120)
def test_a_scan_stops_at_the_first_row_that_matters_and_counts_up_to_it(
    shape: str, rows: Any, watches: Any, active: Any, units: Any, keep: int, daily: int,
    first: int,
) -> None:  # fmt: skip
    table = np.zeros((2, s.WIDTH), np.int64)
    for n in range(2):
        table[n] = barriers_of(watches[n])
        table[n, s.ACTIVE] = active[n]
        table[n, s.UNIT], table[n, s.MARK] = units[n], 100
        table[n, s.MARK_LOW], table[n, s.MARK_HIGH] = 96, 104
    totals = np.zeros(s.TOTALS, np.int64)
    totals[s.EQUITY] = totals[s.PEAK] = 10_000
    totals[s.KEEP], totals[s.DAILY_FLOOR] = keep, daily
    totals[s.BARRIER] = max(10_000 * keep // s.PPB if keep else -(2**63), daily)
    first = min(first, len(rows))
    oracle = Oracle(table, totals)
    expected = first + oracle.run(rows[first:], watches)
    types = (np.int16, np.uint8, *[np.int32] * 5)
    columns = [np.array([row[i] for row in rows], kind) for i, kind in enumerate(types)]
    marks = s.marks_of(*columns[2:5])
    assert scan_as(shape, first, len(rows), *columns, marks, table, totals) == expected
    assert table.tolist() == oracle.table.tolist()
    assert totals.tolist() == oracle.totals.tolist()
