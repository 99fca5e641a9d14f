"""Times: how moments are written on the wire, and read from it.

Source: TWS API: `YYYYMMDD HH:MM:SS US/Eastern` with an IANA zone, UTC as `YYYYMMDD-HH:MM:SS`.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS

ZONES = {"NYSE": "US/Eastern", "NASDAQ": "US/Eastern", "FX": "US/Eastern", "LSE": "GB-Eire"}
"""Time zones of calendars as IB writes them; all others here are Chicago's and Frankfurt's."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TIME = re.compile(r"(\d{8})(?:[ -]+(\d{1,2}:\d\d(?::\d\d)?))?(?: +(\S+))?")


def zone_of(calendar: str) -> str:
    """Name the zone in which IB writes the times of an exchange.

    >>> zone_of("NYSE"), zone_of("CME_Equity"), zone_of("XETR")
    ('US/Eastern', 'US/Central', 'MET')
    """
    return ZONES.get(calendar, "US/Central" if calendar.startswith("CME") else "MET")


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(ts_ns: int, zone: str) -> dt.datetime:
    """Give the local time of a moment, to the second."""
    return dt.datetime.fromtimestamp(ts_ns // SECOND_NS, _zone(zone))


def to_ns(moment: dt.datetime) -> int:
    """Turn an aware datetime into ns since 1970 UTC."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_NS


def write_local(ts_ns: int, zone: str) -> str:
    """Write a moment in a zone, naming it.

    >>> write_local(1_700_000_000 * 10**9, "US/Eastern")
    '20231114 17:13:20 US/Eastern'
    """
    return f"{local(ts_ns, zone):%Y%m%d %H:%M:%S} {zone}"


def write_utc(ts_ns: int) -> str:
    """Write a moment in UTC.

    >>> write_utc(1_700_000_000 * 10**9)
    '20231114-22:13:20'
    """
    return f"{local(ts_ns, 'UTC'):%Y%m%d-%H:%M:%S}"


def read_time(text: str, zone: str) -> int:
    """Read a moment as clients write them.

    Args:
        text: `YYYYMMDD HH:MM:SS [zone]`, `YYYYMMDD-HH:MM:SS` (UTC) or `YYYYMMDD` (its end).
        zone: What is meant when none is named.

    Returns:
        ns since 1970 UTC.

    Raises:
        ValueError: When it is no time.

    >>> read_time("20231114 17:13:20 US/Eastern", "UTC") // 10**9
    1700000000
    >>> read_time("20231114-22:13:20", "US/Eastern") // 10**9
    1700000000
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no time")
    day, clock, named = match.groups()
    hour, minute, second = (int(part) for part in f"{clock or '0:0'}:0".split(":")[:3])
    date = dt.date(int(day[:4]), int(day[4:6]), int(day[6:]))
    if named is None and "-" in text:
        named = "UTC"
    try:
        if clock is None:
            date += dt.timedelta(1)
        moment = dt.datetime.combine(date, dt.time(hour, minute, second), _zone(named or zone))
        return to_ns(moment)
    except OverflowError as error:
        raise ValueError(f"{text!r} is no time that a clock shows") from error
    except (KeyError, OSError) as error:
        raise ValueError(f"{named!r} is no time zone") from error


def read_end(text: str, zone: str, now_ns: int) -> int:
    """Read up to when something of the past is wanted: now where nothing is said, never later.

    Args:
        text: As `read_time` reads it, or nothing.
        zone: Where the text names none.
        now_ns: The present, ns UTC.

    Raises:
        ValueError: As `read_time`.
    """
    return min(read_time(text, zone), now_ns) if text else now_ns


def next_time_of_day(after_ns: int, clock: str, zone: str) -> int:
    """Give the next moment at which clocks in a zone show a time.

    Args:
        after_ns: It is not before this moment, ns UTC.
        clock: `HH:MM` or `HH:MM:SS`.
        zone: Whose clocks.

    Raises:
        ValueError: When it is no time.

    >>> evening = read_time("20231114 23:00:00", "US/Eastern")
    >>> write_local(next_time_of_day(evening, "00:15", "US/Eastern"), "US/Eastern")
    '20231115 00:15:00 US/Eastern'
    """
    day = local(after_ns, zone).date()
    found = read_time(f"{day:%Y%m%d} {clock}", zone)
    if found < after_ns:
        found = read_time(f"{day + dt.timedelta(1):%Y%m%d} {clock}", zone)
    return found


def earlier(ts_ns: int, count: int, unit: str, zone: str) -> int:
    """Go back from a moment by the calendar, to 1970 at most.

    Args:
        ts_ns: The moment, ns UTC.
        count: How many.
        unit: Of S, D, W, M and Y.
        zone: Whose calendar.

    >>> moment = read_time("20260331 12:00:00", "US/Eastern")
    >>> [write_local(earlier(moment, 1, u, "US/Eastern"), "US/Eastern")[:8] for u in "DWMY"]
    ['20260330', '20260324', '20260228', '20250331']
    """
    seconds = {"S": 1, "D": 86_400, "W": 7 * 86_400}.get(unit)
    if seconds is not None:
        return max(ts_ns - count * seconds * SECOND_NS, 0)
    then = local(ts_ns, zone)
    year, month = divmod(then.year * 12 + then.month - 1 - count * (12 if unit == "Y" else 1), 12)
    if year < 1970:
        return 0
    day = min(then.day, monthrange(year, month + 1)[1])
    return max(to_ns(then.replace(year=year, month=month + 1, day=day)), 0)


def midnight_ns(ts_ns: int, zone: str) -> int:
    """Give the midnight before a moment in a zone."""
    return to_ns(local(ts_ns, zone).replace(hour=0, minute=0, second=0))
