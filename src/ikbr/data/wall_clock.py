"""Local wall-clock times to UTC, daylight saving included.

Files that count "since midnight" mean the clock on the wall: 09:30 is 34,200,000 ms on every
day, also on the two days a year whose midnight is 8.5 or 10.5 hours earlier. An hour that a
clock shows twice in autumn is read as its first pass; an hour that spring leaves out is an error.
Source: https://www.quantconnect.com/docs/v2/lean-engine/data-format/key-concepts
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ikbr.domain.errors import DataError

EPOCH = dt.date(1970, 1, 1)
YEARS = (1680, 2260)
"""First and last year that every moment of fits ns since 1970 in 64 bits."""
DAY_NS = 86_400 * 10**9
_STEADY_NS = 40 * DAY_NS


def compact_date(text: str) -> dt.date:
    """Read a date written without dashes.

    Args:
        text: YYYYMMDD; more after it is left alone.

    Raises:
        ValueError: When it is none, or of a year outside of `YEARS`.

    >>> compact_date("20131007 00:00")
    datetime.date(2013, 10, 7)
    """
    day = dt.date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise ValueError(f"year {day.year} is outside of {YEARS[0]} to {YEARS[1]}")
    return day


def midnight(day: dt.date) -> int:
    """Give a date's midnight as wall-clock ns since 1970.

    >>> midnight(dt.date(1970, 1, 2)) == DAY_NS
    True
    """
    return (day - EPOCH).days * DAY_NS


def wall_to_utc(wall_ns: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Turn wall-clock times into UTC.

    Args:
        wall_ns: What the local clock and calendar showed, as ns since 1970-01-01 00:00.
        zone: Name of the time zone.

    Returns:
        ns since 1970 UTC.

    Raises:
        DataError: When a time does not exist in the zone.

    >>> wall_to_utc(np.array([midnight(dt.date(2013, 10, 7))]), "America/New_York") % DAY_NS
    array([14400000000000])
    """
    if zone == "UTC" or not len(wall_ns):
        return wall_ns
    first, last = int(wall_ns.min()), int(wall_ns.max())
    offset = _offset_ns(first, zone)
    # Clocks change at most twice a year, months apart: equal ends mean no change between.
    steady = last - first < _STEADY_NS and offset == _offset_ns(last, zone)
    if steady and offset is not None:
        return wall_ns - offset
    return _one_by_one(wall_ns, zone)


def _offset_ns(wall_ns: int, zone: str) -> int | None:
    tz = ZoneInfo(zone)
    moment = dt.datetime(1970, 1, 1, tzinfo=tz) + dt.timedelta(microseconds=wall_ns // 1000)
    offset = moment.utcoffset()
    if offset is None or moment.replace(fold=1).utcoffset() != offset:
        # Inside a change: no single offset holds.
        return None
    return int(offset / dt.timedelta(microseconds=1)) * 1000


def _one_by_one(wall_ns: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    import polars as pl

    walls = pl.Series(wall_ns).cast(pl.Datetime("ns"))
    moments = walls.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    if moments.null_count():
        row = int(moments.is_null().arg_max() or 0)
        raise DataError(
            f"row {row + 1}: local time {walls[row]} does not exist in {zone} "
            "(clocks were put forward); check the time zone."
        )
    return moments.cast(pl.Int64).to_numpy()
