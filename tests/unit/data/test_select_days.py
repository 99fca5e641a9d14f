"""Choosing the days of a run."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from ikbr.data import columns as col
from ikbr.data.catalog import Catalog
from ikbr.data.select_days import select_days
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument

MONDAY = dt.date(2026, 3, 2)


def day(number: int) -> dt.date:
    return MONDAY + dt.timedelta(number)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """SPY has prints on days 0, 1, 2, 4 and 5 (a Saturday); KO quotes on days 1 to 4."""
    made = Catalog(tmp_path_factory.mktemp("catalog"))
    one = np.array([1])
    arrays = {name: one for kind in col.KINDS for name in col.names(kind)}
    held = {("SPY", "print"): (0, 1, 2, 4, 5), ("KO", "quote"): (1, 2, 3, 4)}
    for (symbol, kind), numbers in held.items():
        for number in numbers:
            columns = col.make_columns(kind, arrays)
            made.write(Instrument(symbol=symbol), kind, day(number), columns, source="test")
    weekend = col.make_columns("print", arrays)
    made.write(Instrument(symbol="SAT"), "print", day(5), weekend, source="test")
    return made


@pytest.mark.parametrize(
    ("symbols", "choice", "numbers"),
    [
        (["SPY"], {"days": 1}, [4]),
        (["SPY"], {"days": 4}, [0, 1, 2, 4]),
        (["SPY", "KO"], {"days": 2}, [2, 4]),
        (["SPY", "KO"], {"days": 1, "end": day(2)}, [2]),
        (["SPY"], {}, [0, 1, 2, 4]),
        (["SPY"], {"start": day(1), "end": day(3)}, [1, 2]),
        (["SPY", "KO"], {"start": day(1), "end": day(2)}, [1, 2]),
        (["KO"], {"feed": "quotes", "start": day(3)}, [3, 4]),
    ],
)
def test_days_are_those_with_data_for_every_symbol(
    catalog: Catalog, symbols: list[str], choice: dict[str, Any], numbers: list[int]
) -> None:
    found = select_days(catalog, symbols, **choice)
    assert [session.date for session in found] == [day(number) for number in numbers]
    assert all(session.close_ns - session.open_ns == 23_400 * 10**9 for session in found)


@pytest.mark.parametrize(
    ("symbols", "choice", "complaint"),
    [
        ([], {}, "symbols is empty"),
        (["SPY"], {"days": 0}, "days 0 is too few"),
        (
            ["SPY"],
            {"days": 9},
            "days 9 is more .* SPY together have 4 days .*; use --days 4, or import",
        ),
        (["SPY"], {"start": day(3), "end": day(2)}, "start 2026-03-05 is after end 2026-03-04"),
        (
            ["SPY"],
            {"start": day(30)},
            "no day from 2026-04-01 to the last .* SPY; the nearest day is 2026-03-07; import more",
        ),
        (
            ["SPY"],
            {"start": day(-9), "end": day(-2)},
            "no day from 2026-02-21 to 2026-02-28 .*; the nearest day is 2026-03-02;",
        ),
        (
            ["SPY"],
            {"resolution": "minute"},
            "SPY has no minute data .* holds SPY: print.* `ikbr data imp",
        ),
        (["SPY"], {"resolution": "hour"}, "resolution 'hour' is unknown; choose from: daily"),
        (["SPY"], {"feed": "trade"}, "feed 'trade' is unknown; did you mean 'trades'"),
        (["SPY"], {"feed": "quotes"}, "SPY has no tick data for feed quotes"),
        (["SPX"], {}, "symbol 'SPX' is not in catalog"),
        (["SPY", "KO"], {"start": day(0)}, "KO has no data on 2026-03-02 while SPY has"),
        (["SAT"], {}, "lie on no trading day of calendar NYSE"),
    ],
)
def test_what_is_not_there_is_refused_naming_what_is(
    catalog: Catalog, symbols: list[str], choice: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        select_days(catalog, symbols, **choice)
