"""Tapes of past days from the catalog."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from ikbr.data import columns as col
from ikbr.data.catalog import Catalog
from ikbr.data.past_ticks import PastTicks
from ikbr.data.synthetic import make_synthetic
from ikbr.domain.tape import Tape


class Counting(Catalog):
    """Count the days that are read."""

    reads = 0

    def read(self, symbol: str, kind: str, day: dt.date, **how: Any) -> col.Columns:
        self.reads += kind == "print"
        return super().read(symbol, kind, day, **how)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalog")
    make_synthetic(folder, symbols=["SPY"], days=3, rows_per_day=400)
    return folder


def walk(ticks: PastTicks, start_ns: int, end_ns: int, *, newest_first: bool = False) -> list[Tape]:
    return [
        day.tape
        for day in ticks.days("SPY", start_ns, end_ns, newest_first=newest_first, regular=True)
    ]


def test_days_are_walked_through_in_either_direction_and_only_as_far_as_asked(made: Path) -> None:
    catalog = Counting(made)
    days = catalog.days("SPY", "print")
    hours = catalog.sessions("SPY", days[0], days[-1])
    ticks = PastTicks(catalog)
    there = walk(ticks, 0, 2**62)
    back = walk(ticks, 0, 2**62, newest_first=True)
    assert [int(tape.ts[0]) for tape in there] == [int(tape.ts[0]) for tape in back[::-1]]
    assert len(there) == catalog.reads == len(days)
    fresh = PastTicks(Counting(made))
    first = next(fresh.days("SPY", hours[0].open_ns, 2**62, newest_first=False, regular=True)).tape
    assert hours[0].open_ns <= first.ts[0] <= first.ts[-1] < hours[0].close_ns


def test_what_is_kept_in_memory_is_bounded_and_the_day_used_last_stays(made: Path) -> None:
    catalog = Counting(made)
    ticks = PastTicks(catalog, cached_rows=1)
    for _ in range(2):
        walk(ticks, 0, 2**62)
    assert catalog.reads == 6
    walk(ticks, 0, 2**62, newest_first=True)
    assert catalog.reads == 8
