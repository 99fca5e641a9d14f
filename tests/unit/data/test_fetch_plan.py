"""What is lacking is asked for in pieces that IB answers, and nothing else is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from ikbr.data.calendars import sessions
from ikbr.data.catalog import Catalog
from ikbr.data.fetch_plan import Lack, hours_of, kind_of_bars, kind_of_ticks, lacking, last_days
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError

SPY = parse_contract("SPY")
SPAN = (dt.date(2026, 3, 2), dt.date(2026, 3, 13))
HOUR = 3600 * 10**9
LATER = 2 * 10**18


def plan(tmp_path: Path, kind: str, *, now_ns: int = LATER, regular: bool = True) -> Lack:
    return lacking(Catalog(tmp_path), SPY, kind, SPAN, now_ns=now_ns, regular=regular)


@pytest.mark.parametrize(
    ("kind", "units", "durations"),
    [
        ("bar-daily", 1, ["10 D"]),
        ("bar-minute", 10, ["1 D"]),
        ("bar-second", 10, ["1800 S"] * 13),
    ],
)
def test_days_are_asked_for_newest_first(
    tmp_path: Path, kind: str, units: int, durations: list[str]
) -> None:
    lack = plan(tmp_path, kind)
    assert len(lack.units) == units
    assert lack.units[0].sessions[-1].date == SPAN[1]
    pieces = lack.units[0].pieces()
    assert [one.duration for one in pieces] == durations
    assert pieces[-1].end_ns == lack.units[0].hours.end_ns


def test_a_day_that_is_not_over_is_not_asked_for(tmp_path: Path) -> None:
    last = sessions("NYSE", *[SPAN[1]] * 2)[0]
    lack = plan(tmp_path, "bar-minute", now_ns=last.close_ns - 1)
    assert (len(lack.units), lack.unfinished) == (9, (SPAN[1],))
    assert plan(tmp_path, "bar-minute", now_ns=last.close_ns).unfinished == ()
    late = plan(tmp_path, "bar-minute", now_ns=last.close_ns, regular=False)
    assert late.unfinished == (SPAN[1],)


def test_all_hours_of_a_stock_are_those_before_and_after_too() -> None:
    (day,) = sessions("NYSE", *[SPAN[0]] * 2)
    start, end = hours_of(day, SPY, False)
    assert (day.open_ns - start, end - day.close_ns) == (5.5 * HOUR, 4 * HOUR)
    future = parse_contract("ES 202612 CME")
    assert hours_of(day, future, False) == (day.open_ns, day.close_ns)


def test_the_last_days_are_those_that_are_over(tmp_path: Path) -> None:
    now_ns = sessions("NYSE", *[SPAN[1]] * 2)[0].close_ns - 1
    found = last_days("NYSE", 3, now_ns, Catalog(tmp_path))
    assert found == (dt.date(2026, 3, 10), dt.date(2026, 3, 12))


@pytest.mark.parametrize(
    ("size", "show", "words"),
    [
        ("5 mins", "TRADES", "--bars '5 mins': the catalog keeps bars of"),
        ("1 min", "MIDPOINT", "--what 'MIDPOINT': the catalog keeps TRADES and BID_ASK"),
    ],
)
def test_what_the_catalog_does_not_keep_is_refused(size: str, show: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        kind_of_bars(size, show)
    with pytest.raises(DataError, match="--ticks 'tards' is unknown"):
        kind_of_ticks("tards")
