"""Trading hours: IB's text about a contract's hours as sessions.

Source: IBKR, TWS API, `ContractDetails.liquidHours`:
`20260302:0930-20260302:1600;20260303:CLOSED`, in the time zone of `timeZoneId`, about a week.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from ikbr.domain.errors import DataError
from ikbr.domain.session import Session

_SPAN = re.compile(r"(\d{8}):(\d{4})-(\d{8}):(\d{4})")
_USUAL = {"EST": "US/Eastern", "EST5EDT": "US/Eastern", "CST": "US/Central", "": "UTC"}
"""Names of time zones that older gateways write."""


def read_hours(text: str, zone: str) -> list[Session]:
    """Read the hours of a contract.

    Args:
        text: IB's.
        zone: Its time zone, as IB names it.

    Returns:
        The sessions, in order. One that is shorter than the longest closes early.

    Raises:
        DataError: When the text or the zone is not understood.

    >>> [str(one.date) for one in read_hours("20260302:0930-20260302:1600", "US/Eastern")]
    ['2026-03-02']
    """
    try:
        tz = ZoneInfo(_USUAL.get(zone, zone))
    except (KeyError, ValueError):
        raise DataError(f"the time zone {zone!r} of the trading hours is unknown.") from None
    found = []
    for part in filter(None, text.split(";")):
        if part.endswith(":CLOSED"):
            continue
        match = _SPAN.fullmatch(part)
        if match is None:
            raise DataError(f"trading hours {part!r} are not understood.")
        begin, end = (_moment(match[i], match[i + 1], tz) for i in (1, 3))
        found.append((begin, end))
    longest = max((end - begin for begin, end in found), default=dt.timedelta())
    return [
        Session(end.date(), _ns(begin), _ns(end), early_close=end - begin < longest)
        for begin, end in sorted(found)
    ]


def _moment(day: str, clock: str, tz: ZoneInfo) -> dt.datetime:
    date = dt.date(int(day[:4]), int(day[4:6]), int(day[6:]))
    return dt.datetime.combine(date, dt.time(int(clock[:2]), int(clock[2:])), tz)


def _ns(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000
