"""The schedule of a strategy: when it may enter, and when it must be flat."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ikbr.domain.errors import StrategyError
from ikbr.domain.session import Session
from ikbr.domain.timers import NEVER

SECOND_NS = 1_000_000_000
EARLY_FLATTEN_NS = 300 * SECOND_NS
"""How long before the close to be flat on a day that ends before the usual hour of it."""

_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2}))?$")
_OFFSET = re.compile(r"^(open|close)(?:([+-])(\d+)(s|m|h))?$")
_UNIT_S = {"s": 1, "m": 60, "h": 3600}


class SessionMarks(msgspec.Struct, frozen=True):
    """Give the marks of a schedule within one session, ns UTC.

    Attributes:
        entry_from_ns: First moment at which a position may be entered.
        entry_until_ns: From here on none may be; `entry_from_ns <= t < entry_until_ns`.
        flatten_ns: When everything is closed; NEVER without such a time.
    """

    entry_from_ns: int = 0
    entry_until_ns: int = NEVER
    flatten_ns: int = NEVER

    def allows_entry(self, ts_ns: int) -> bool:
        """Say whether a position may be entered at a moment."""
        return self.entry_from_ns <= ts_ns < self.entry_until_ns


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Say when a strategy may enter and when it must be flat; "" leaves a mark out.

    A time is a wall clock time ("09:35") in `tz`, or relative to the session ("open+5m",
    "close-300s", "close"), which is right on early closes too.

    Attributes:
        no_entry_before: First time of entries.
        no_entry_after: From this time on no entries.
        flatten_at: When every position is closed. On a day that closes before this clock time,
            five minutes before the close.
        skip_dates: Trading days without entries.
        tz: Time zone of the clock times.

    >>> Schedule(no_entry_before="09:35", flatten_at="close-5m").flatten_at
    'close-5m'
    """

    no_entry_before: str = ""
    no_entry_after: str = ""
    flatten_at: str = ""
    skip_dates: tuple[dt.date, ...] = ()
    tz: str = "America/New_York"

    def __post_init__(self) -> None:
        """Refuse times and zones that cannot be read."""
        for field in ("no_entry_before", "no_entry_after", "flatten_at"):
            _check(field, getattr(self, field))
        try:
            ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError):
            raise StrategyError(
                f"schedule.tz = {self.tz!r} is not a time zone; write one as America/New_York."
            ) from None

    def marks(self, session: Session) -> SessionMarks:
        """Turn the schedule into moments of one session.

        Args:
            session: The trading day.

        Returns:
            Its marks; on a skipped date no moment allows an entry.
        """
        start = self._at(self.no_entry_before, session, 0)
        until = self._at(self.no_entry_after, session, NEVER)
        flatten = self._at(self.flatten_at, session, NEVER)
        if self.flatten_at and flatten >= session.close_ns:
            flatten = max(session.close_ns - EARLY_FLATTEN_NS, session.open_ns)
        until = min(until, flatten)
        if session.date in self.skip_dates:
            until = start
        return SessionMarks(start, until, flatten)

    def _at(self, text: str, session: Session, otherwise: int) -> int:
        if not text:
            return otherwise
        if match := _OFFSET.match(text):
            origin = session.open_ns if match[1] == "open" else session.close_ns
            seconds = int(match[3] or 0) * _UNIT_S[match[4] or "s"]
            return origin + (-seconds if match[2] == "-" else seconds) * SECOND_NS
        hour, minute, second = (int(part) for part in (text + ":00").split(":")[:3])
        zone = ZoneInfo(self.tz)
        clock = dt.time(hour, minute, second)
        # A session may begin on the evening before its date (futures).
        evening = _to_ns(session.date - dt.timedelta(days=1), clock, zone)
        if session.open_ns <= evening < session.close_ns:
            return evening
        return _to_ns(session.date, clock, zone)


def _to_ns(date: dt.date, clock: dt.time, zone: ZoneInfo) -> int:
    return int(dt.datetime.combine(date, clock, zone).timestamp()) * SECOND_NS


def _check(field: str, text: str) -> None:
    if not text or _OFFSET.match(text):
        return
    match = _CLOCK.match(text)
    if match and int(match[1]) < 24 and int(match[2]) < 60 and int(match[3] or 0) < 60:
        return
    raise StrategyError(
        f"schedule.{field} = {text!r} is not a time; write it as 09:35, open+5m or close-5m."
    )
