import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from ikbr.domain.errors import StrategyError
from ikbr.domain.session import Session
from ikbr.domain.timers import NEVER
from ikbr.strategies.schedule import Schedule, SessionMarks


def ns(year, month, day, hour, minute, tz="America/New_York"):
    moment = dt.datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(tz))
    return int(moment.timestamp()) * 10**9


def day(month=1, date=3, close=16, early=False):
    return Session(
        dt.date(2024, month, date), ns(2024, month, date, 9, 30), ns(2024, month, date, close, 0),
        early,
    )  # fmt: skip


def test_without_a_schedule_everything_is_allowed_always():
    marks = Schedule().marks(day())
    assert marks == SessionMarks(0, NEVER, NEVER)
    assert marks.allows_entry(0)


@pytest.mark.parametrize("month", [1, 7])  # winter and summer time
def test_clock_times_are_new_yorks(month):
    schedule = Schedule(no_entry_before="09:35", no_entry_after="15:45", flatten_at="15:55")
    assert schedule.marks(day(month)) == SessionMarks(
        ns(2024, month, 3, 9, 35), ns(2024, month, 3, 15, 45), ns(2024, month, 3, 15, 55)
    )


def test_entries_are_allowed_from_the_first_mark_until_just_before_the_second():
    marks = SessionMarks(10, 20, 30)
    assert [marks.allows_entry(t) for t in (9, 10, 19, 20)] == [False, True, True, False]


def test_relative_times_move_with_an_early_close():
    schedule = Schedule(
        no_entry_before="open+5m", no_entry_after="close-900s", flatten_at="close-1h"
    )
    full, short = schedule.marks(day()), schedule.marks(day(close=13, early=True))
    assert full.entry_from_ns == short.entry_from_ns == ns(2024, 1, 3, 9, 35)
    assert (full.flatten_ns, short.flatten_ns) == (ns(2024, 1, 3, 15, 0), ns(2024, 1, 3, 12, 0))
    # Once everything was flattened nothing is entered any more.
    assert short.entry_until_ns == ns(2024, 1, 3, 12, 0)


def test_a_plain_open_or_close_is_a_time():
    marks = Schedule(no_entry_before="open", no_entry_after="close").marks(day())
    assert (marks.entry_from_ns, marks.entry_until_ns) == (day().open_ns, day().close_ns)


def test_a_clock_time_after_an_early_close_still_flattens_before_it():
    marks = Schedule(flatten_at="15:55").marks(day(close=13, early=True))
    assert marks.flatten_ns == marks.entry_until_ns == ns(2024, 1, 3, 12, 55)


def test_a_very_short_session_is_flattened_at_its_open_at_the_latest():
    session = Session(dt.date(2024, 1, 3), 1000, 2000)
    assert Schedule(flatten_at="close").marks(session).flatten_ns == 1000


def test_on_a_skipped_date_nothing_is_entered_but_everything_is_flattened():
    marks = Schedule(flatten_at="15:55", skip_dates=(dt.date(2024, 1, 3),)).marks(day())
    assert not any(marks.allows_entry(t) for t in (0, ns(2024, 1, 3, 12, 0)))
    assert marks.flatten_ns == ns(2024, 1, 3, 15, 55)


def test_a_session_may_begin_on_the_evening_before():
    session = Session(dt.date(2024, 1, 3), ns(2024, 1, 2, 18, 0), ns(2024, 1, 3, 17, 0))
    marks = Schedule(no_entry_before="18:30", no_entry_after="15:00").marks(session)
    assert marks.entry_from_ns == ns(2024, 1, 2, 18, 30)
    assert marks.entry_until_ns == ns(2024, 1, 3, 15, 0)


def test_another_time_zone_may_be_named():
    marks = Schedule(no_entry_before="15:00:30", tz="Europe/Berlin").marks(day())
    assert marks.entry_from_ns == ns(2024, 1, 3, 15, 0, "Europe/Berlin") + 30 * 10**9


@pytest.mark.parametrize(
    "text", ["9.35", "24:00", "09:60", "09:35:60", "close-5", "noon", "open*2m"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(StrategyError, match=r"schedule\.flatten_at = .*write it as 09:35"):
        Schedule(flatten_at=text)


@pytest.mark.parametrize("tz", ["America/New_Yrok", "", "/etc/passwd"])
def test_what_is_no_time_zone_is_refused(tz):
    with pytest.raises(StrategyError, match="is not a time zone"):
        Schedule(tz=tz)
