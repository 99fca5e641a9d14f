from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.data.calendars import to_ns
from ikbr.data.wall_clock import midnight, wall_to_utc
from ikbr.domain.errors import DataError

NEW_YORK = "America/New_York"
NAIVE = dt.datetime(1970, 1, 1)  # noqa: DTZ001 (what a wall clock shows has no zone)
HOUR = 3600 * 10**9
SPRING, AUTUMN = dt.date(2014, 3, 9), dt.date(2014, 11, 2)


def utc_hours(day: dt.date, *hours: float) -> list[float]:
    walls = np.array([midnight(day) + int(hour * HOUR) for hour in hours], np.int64)
    utc = wall_to_utc(walls, NEW_YORK)
    return [(int(ts) - midnight(day)) / HOUR for ts in utc]


def test_half_past_nine_is_the_same_wall_time_on_days_the_clock_changes() -> None:
    assert utc_hours(SPRING, 0, 1.5, 3, 9.5) == [5, 6.5, 7, 13.5]
    assert utc_hours(AUTUMN, 0, 0.5, 2, 9.5) == [4, 4.5, 7, 14.5]


def test_the_doubled_hour_of_autumn_is_its_first_pass() -> None:
    assert utc_hours(AUTUMN, 1.5) == [5.5]


def test_the_lost_hour_of_spring_is_an_error() -> None:
    with pytest.raises(DataError, match=r"row 2: .*02:30.* does not exist"):
        utc_hours(SPRING, 1, 2.5)


@given(
    st.lists(
        st.datetimes(NAIVE.replace(year=1999), NAIVE.replace(year=2030)), min_size=1, max_size=20
    )
)
def test_any_time_agrees_with_zoneinfo(moments: list[dt.datetime]) -> None:
    zone = ZoneInfo(NEW_YORK)
    aware = [moment.replace(tzinfo=zone) for moment in moments]
    real = [a.astimezone(dt.UTC).astimezone(zone) == a for a in aware]
    kept = [a for a, exists in zip(aware, real, strict=True) if exists]
    walls = [(a.replace(tzinfo=None) - NAIVE) // dt.timedelta(microseconds=1) * 1000 for a in kept]
    got = wall_to_utc(np.array(walls, np.int64), NEW_YORK)
    assert got.tolist() == [to_ns(a) for a in kept]
