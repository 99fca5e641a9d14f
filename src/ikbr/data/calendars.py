"""Trading calendars: which sessions an exchange holds, from pandas_market_calendars.

Only regular hours are in a `Session`. Computing them loads pandas (about a second), so whole
years are kept as small files in the catalog's folder and in memory.

The FX calendar is not a listed exchange: it runs from Sunday 17:00 to Friday 17:00 New York
without a break. Its sessions are UTC days (the catalog keeps currency pairs by UTC date), the
first and last of a week cut at 17:00 New York. No holidays are taken out.
"""

from __future__ import annotations

import datetime as dt
import warnings
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from ikbr.data.atomic import Replacing
from ikbr.domain.errors import DataError, nearest
from ikbr.domain.session import Session

FX = "FX"
DAY_NS = 86_400 * 10**9
TIMEZONES = {
    FX: "UTC",
    "NYSE": "America/New_York",
    "NASDAQ": "America/New_York",
    "CME_Equity": "America/Chicago",
    "CMEGlobex_Energy": "America/Chicago",
    "CMEGlobex_Metals": "America/Chicago",
    "CMEGlobex_FX": "America/Chicago",
    "CMEGlobex_Bond": "America/Chicago",
    "LSE": "Europe/London",
    "XETR": "Europe/Berlin",
}
"""Calendars known here and the time zone whose dates are their trading days."""

_LIBRARY_NAMES = {"CMEGlobex_Bond": "CME_Bond"}
_NEW_YORK = ZoneInfo("America/New_York")
_FX_TURN = dt.time(17)
_EVENING_NS = 7 * 3600 * 10**9
"""From 17:00 to midnight."""


def timezone(calendar: str) -> str:
    """Name the time zone whose dates are a calendar's trading days.

    Raises:
        DataError: When the calendar is unknown.

    >>> timezone("NYSE"), timezone("FX")
    ('America/New_York', 'UTC')
    """
    if calendar not in TIMEZONES:
        raise DataError(f"calendar {calendar!r} is unknown; {nearest(calendar, TIMEZONES)}.")
    return TIMEZONES[calendar]


def sessions(
    calendar: str, start: dt.date, end: dt.date, cache: Path | None = None
) -> tuple[Session, ...]:
    """List the sessions from start to end, both included.

    Args:
        calendar: One of `TIMEZONES`.
        start: First trading day.
        end: Last trading day.
        cache: Folder of a catalog in which computed years are kept, if any.

    Returns:
        Sessions in order of time.

    Raises:
        DataError: When the calendar is unknown.

    >>> [str(s.date) for s in sessions("FX", dt.date(2014, 5, 2), dt.date(2014, 5, 4))]
    ['2014-05-02', '2014-05-04']
    """
    timezone(calendar)
    if end < start:
        return ()
    years = [_year(calendar, year, cache) for year in range(start.year, end.year + 1)]
    return tuple(s for year in years for s in year if start <= s.date <= end)


@lru_cache(maxsize=512)
def _year(calendar: str, year: int, cache: Path | None) -> tuple[Session, ...]:
    if calendar == FX:
        return _fx_year(year)
    if cache is None:
        return _library_year(calendar, year)
    # A newer library knows newer holidays, so its version is part of the name.
    release = version("pandas-market-calendars")
    path = cache / ".calendars" / f"{calendar}-{year}-{release}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Session, ...])
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeError):
        found = _library_year(calendar, year)
    if cache.is_dir():
        with Replacing(path) as temporary:
            temporary.write_bytes(msgspec.json.encode(found))
    return found


@lru_cache(maxsize=512)
def _library_year(calendar: str, year: int) -> tuple[Session, ...]:
    with warnings.catch_warnings():
        # The library still uses names that pandas will drop; pinned versions keep them working.
        warnings.simplefilter("ignore")
        exchange = _exchange(calendar)
        frame = exchange.schedule(f"{year}-01-01", f"{year}-12-31")
        early = set(exchange.early_closes(frame).index)
    opens = frame["market_open"].astype("datetime64[ns, UTC]").astype("int64").tolist()
    closes = frame["market_close"].astype("datetime64[ns, UTC]").astype("int64").tolist()
    return tuple(
        Session(day.date(), start, end, day in early)
        for day, start, end in zip(frame.index, opens, closes, strict=True)
    )


@lru_cache(maxsize=16)
def _exchange(calendar: str) -> Any:
    # One object per calendar: it computes its holidays once, which takes most of the time.
    import pandas_market_calendars as library

    return library.get_calendar(_LIBRARY_NAMES.get(calendar, calendar))


def _fx_year(year: int) -> tuple[Session, ...]:
    found = []
    day = dt.date(year, 1, 1)
    while day.year == year:
        start = to_ns(dt.datetime.combine(day, dt.time(), dt.UTC))
        turn = to_ns(dt.datetime.combine(day, _FX_TURN, _NEW_YORK))
        match day.weekday():
            case 4:
                found.append(Session(day, start, turn))
            case 5:
                pass
            case 6:
                found.append(Session(day, turn, start + DAY_NS))
            case _:
                found.append(Session(day, start, start + DAY_NS))
        day += dt.timedelta(1)
    return tuple(found)


def trading_days(
    ts_ns: NDArray[np.int64], calendar: str
) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Give the trading day of each moment, as the catalog files it.

    Futures of the CME group open on the evening before: 17:00 Chicago begins the next day.
    Source: trading hours published by CME Group.

    Args:
        ts_ns: Moments, ns since 1970 UTC.
        calendar: One of `TIMEZONES`.

    Returns:
        Dates as datetime64[D].

    >>> evening = np.array([to_ns(dt.datetime(2024, 6, 2, 22, tzinfo=dt.UTC))])
    >>> trading_days(evening, "CME_Equity").tolist(), trading_days(evening, "NYSE").tolist()
    ([datetime.date(2024, 6, 3)], [datetime.date(2024, 6, 2)])
    """
    evening = _EVENING_NS if calendar.startswith("CME") else 0
    return local_dates(ts_ns + evening, timezone(calendar))


def to_ns(moment: dt.datetime) -> int:
    """Turn an aware datetime into ns since 1970 UTC, exactly.

    >>> to_ns(dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC))
    1000000000
    """
    since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def local_dates(
    ts_ns: NDArray[np.int64], zone: str
) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Give the local date of each moment.

    Args:
        ts_ns: Moments, ns since 1970 UTC.
        zone: Name of a time zone.

    Returns:
        Dates as datetime64[D].
    """
    import polars as pl

    series = pl.Series(ts_ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone).dt.date()
    return series.to_numpy()
