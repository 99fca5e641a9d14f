"""How the records of a journal are shown: as a line for people, or as JSON."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from ikbr.domain.errors import UsageError
from ikbr.journal.segments import number_of
from ikbr.journal.words import words

if TYPE_CHECKING:
    from ikbr.journal.records import Record

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ALWAYS = (-(2**200), 2**200)


def to_json(segment: str, record: Record) -> str:
    """Write a record as one line of JSON."""
    told = {"segment": segment} if segment else {}
    return msgspec.json.encode({**told, **record._asdict()}).decode()


def to_text(segment: str, record: Record) -> str:
    """Write a record as one line for people; in a live journal it is `segment:number`."""
    number = f"{number_of(segment)}:{record.n}" if segment else str(record.n)
    return f"{number:>7} {_time(record.ts_ns)} {record.kind:<8} {words(record.body)}"


def between(since: str | None, until: str | None) -> tuple[int, int] | None:
    """Read the times that people give.

    Raises:
        UsageError: When one is no time.

    >>> between("2026-01-05T14:30", None)[0]
    1767623400000000000
    """
    if since is None and until is None:
        return None
    first = _ALWAYS[0] if since is None else _ns("--since", since)
    return first, _ALWAYS[1] if until is None else _ns("--until", until)


def _ns(option: str, text: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is no time; write it as 2026-03-02T14:30:00, in UTC."
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH) // dt.timedelta(microseconds=1) * 1_000


def _time(ts_ns: int) -> str:
    seconds, rest = divmod(ts_ns, 1_000_000_000)
    try:
        moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return f"{ts_ns} ns"  # nobody lives then, but a journal may say so
    return f"{moment:%Y-%m-%d %H:%M:%S}.{rest:09d}Z"
