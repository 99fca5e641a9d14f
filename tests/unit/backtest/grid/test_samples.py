"""The moments at which the equity is noted, and what stood then."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from ikbr.backtest.grid.samples import Samples, carried
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE

MINUTE = 60_000_000_000


def rows(*minutes: float) -> np.ndarray:
    return np.array([int(m * MINUTE) for m in minutes], np.int64)


def marks(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_moment_comes_before_the_rows_of_its_time_however_the_tape_is_cut(cut: int) -> None:
    ts, values = rows(0.5, 1, 1, 2.5), marks(7, 8, 9, 10)
    samples = Samples([Session(dt.date(2026, 3, 2), 0, 3 * MINUTE)])
    first = 0
    for part in (slice(0, cut), slice(cut, None)):
        if len(ts[part]):
            samples.see(ts[part], values[part], values[part], first)
            first += len(ts[part])
    samples.finish(int(3.5 * MINUTE))
    assert samples.ts.tolist() == rows(1, 2, 3, 3.5).tolist()
    assert samples.mark.tolist() == [7, 9, 10, 10]
    assert samples.row.tolist() == [1, 3, 4, 4]


def test_moments_before_the_first_row_know_no_mark() -> None:
    samples = Samples([Session(dt.date(2026, 3, 2), 0, 2 * MINUTE)])
    samples.see(rows(1.5), marks(5), marks(NO_PRICE), 0)
    samples.finish(2 * MINUTE)
    assert samples.mark.tolist() == [NO_PRICE, 5]
    assert samples.standing.tolist() == [NO_PRICE, NO_PRICE]
    assert samples.row.tolist() == [0, 1]


def test_a_close_within_a_minute_is_noted_too() -> None:
    samples = Samples([Session(dt.date(2026, 3, 2), 0, MINUTE + 5)])
    assert samples.ts.tolist() == [MINUTE, MINUTE + 5]


def test_marks_are_carried_on_from_the_piece_before() -> None:
    assert carried(marks(NO_PRICE, 3, NO_PRICE), 9).tolist() == [9, 3, 3]
    assert carried(marks(1, 2), 9).tolist() == [1, 2]
