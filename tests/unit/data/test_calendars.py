from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ikbr.data import calendars
from ikbr.data.calendars import TIMEZONES, sessions, timezone
from ikbr.domain.errors import DataError

D = dt.date


def local(ns: int, zone: str = "America/New_York") -> str:
    return f"{dt.datetime.fromtimestamp(ns // 10**9, ZoneInfo(zone)):%a %H:%M}"


def test_the_day_after_thanksgiving_closes_early() -> None:
    found = sessions("NYSE", D(2013, 11, 27), D(2013, 12, 1))
    assert [(s.date.day, local(s.close_ns), s.early_close) for s in found] == [
        (27, "Wed 16:00", False),
        (29, "Fri 13:00", True),
    ]
    assert {local(s.open_ns)[4:] for s in found} == {"09:30"}


@pytest.mark.parametrize("day", [D(2014, 3, 10), D(2014, 11, 3)])
def test_the_open_is_half_past_nine_before_and_after_the_clock_changes(day: dt.date) -> None:
    found = sessions("NYSE", day - dt.timedelta(3), day)
    assert [local(s.open_ns) for s in found] == ["Fri 09:30", "Mon 09:30"]


@pytest.mark.parametrize("holiday", [D(2012, 10, 29), D(2001, 9, 11), D(2024, 3, 29)])
def test_the_exchange_is_closed_on_holidays(holiday: dt.date) -> None:
    assert sessions("NYSE", holiday, holiday) == ()


def test_an_fx_week_runs_without_a_break_from_sunday_to_friday_five_o_clock() -> None:
    week = sessions("FX", D(2014, 3, 8), D(2014, 3, 15))
    assert [s.date.day for s in week] == [9, 10, 11, 12, 13, 14]
    assert local(week[0].open_ns) == "Sun 17:00"
    assert local(week[-1].close_ns) == "Fri 17:00"
    assert all(a.close_ns == b.open_ns for a, b in pairwise(week))


def test_sessions_span_years_and_an_empty_range_has_none() -> None:
    found = sessions("NYSE", D(2013, 12, 31), D(2014, 1, 2))
    assert [str(s.date) for s in found] == ["2013-12-31", "2014-01-02"]
    assert sessions("NYSE", D(2014, 1, 2), D(2014, 1, 1)) == ()


@pytest.mark.parametrize("calendar", [name for name in TIMEZONES if name != "FX"])
def test_every_calendar_named_here_is_in_the_library(calendar: str) -> None:
    found = sessions(calendar, D(2024, 6, 3), D(2024, 6, 7))
    assert [s.date.day for s in found] == [3, 4, 5, 6, 7]


def test_an_unknown_calendar_is_refused() -> None:
    with pytest.raises(DataError, match="did you mean 'NYSE'"):
        timezone("NYS")


def test_computed_years_are_kept_and_broken_ones_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sessions("NYSE", D(2013, 1, 1), D(2013, 12, 31), tmp_path)
    kept = list((tmp_path / ".calendars").iterdir())
    assert len(kept) == 1
    calendars._year.cache_clear()

    def unwanted(*_: object) -> None:
        raise AssertionError("the library was asked again")

    with monkeypatch.context() as patch:
        patch.setattr(calendars, "_library_year", unwanted)
        assert sessions("NYSE", D(2013, 1, 1), D(2013, 12, 31), tmp_path) == first
    kept[0].write_text("[")
    calendars._year.cache_clear()
    assert sessions("NYSE", D(2013, 1, 1), D(2013, 12, 31), tmp_path) == first
