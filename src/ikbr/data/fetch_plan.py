"""The plan of a fetch: which days of which data are lacking, and in which pieces to ask for them.

What the catalog holds is never asked for again, and a day is asked for only once it is over, so
that every day that is written is whole.

Source: IBKR, TWS API, "Historical bars" (durations and bar sizes that go together), "Historical
data limitations" (bars of one second: at most 2000 seconds in a request).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ikbr.data.calendars import sessions, timezone, to_ns
from ikbr.data.catalog import Catalog
from ikbr.data.columns import resolution
from ikbr.domain.errors import DataError, nearest
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session

BAR_SIZES = {
    "1 sec": "second", "1 secs": "second", "1 second": "second",
    "1 min": "minute", "1 mins": "minute", "1 minute": "minute",
    "1 day": "daily",
}  # fmt: skip
"""What people write after --bars, and the resolution in the catalog."""

IB_SIZES = {"second": "1 secs", "minute": "1 min", "daily": "1 day"}

SHOWS = {"TRADES": "bar", "BID_ASK": "quotebar"}
"""What can be kept: bars of prints, and bars of both sides of the quote."""

TICKS = {"trades": "print", "quotes": "quote"}

SECOND_NS = 10**9
SECONDS_PER_REQUEST = 1800
DAYS_PER_REQUEST = 250
EXTENDED = {"NYSE": (dt.time(4), dt.time(20)), "NASDAQ": (dt.time(4), dt.time(20))}
"""Hours of US stocks with what comes before and after. Source: IBKR, "Trading hours"."""


class Piece(NamedTuple):
    """Hold one request for bars.

    Attributes:
        end_ns: The last bar ends here, ns UTC.
        duration: How far back, in IB's words.
    """

    end_ns: int
    duration: str


class Hours(NamedTuple):
    """Say from when until when a trading day is wanted, ns UTC."""

    start_ns: int
    end_ns: int


class Unit(NamedTuple):
    """Hold what is asked for and written together: a day, or for daily bars up to 250.

    Attributes:
        instrument: Of what.
        kind: Of which kind, as the catalog names it.
        sessions: The trading days.
        hours: From the first to the last moment wanted.
        regular: Whether only regular hours are wanted.
    """

    instrument: Instrument
    kind: str
    sessions: tuple[Session, ...]
    hours: Hours
    regular: bool

    @property
    def name(self) -> str:
        """Name it for a person."""
        first, last = self.sessions[0].date, self.sessions[-1].date
        span = f"{first}" if first == last else f"{first} to {last}"
        return f"{self.instrument.symbol} {self.kind} {span}"

    def pieces(self) -> tuple[Piece, ...]:
        """Give the requests for bars that it takes."""
        start, end = self.hours
        match resolution(self.kind):
            case "daily":
                return (Piece(end, f"{len(self.sessions)} D"),)
            case "minute":
                return (Piece(end, "1 D"),)
            case _:
                return tuple(_short_pieces(start, end))


class Lack(NamedTuple):
    """Say what a fetch has to do for one symbol.

    Attributes:
        units: What to ask for, the newest days first.
        held: How many days are in the catalog.
        unfinished: Days that are not over yet.
    """

    units: tuple[Unit, ...]
    held: int
    unfinished: tuple[dt.date, ...]


def kind_of_bars(size: str, show: str) -> str:
    """Name the kind of the bars that are asked for.

    Raises:
        DataError: When the catalog keeps no such bars.

    >>> kind_of_bars("1 min", "TRADES"), kind_of_bars("1 day", "BID_ASK")
    ('bar-minute', 'quotebar-daily')
    """
    words = " ".join(size.lower().split())
    if words not in BAR_SIZES:
        raise DataError(
            f"--bars {size!r}: the catalog keeps bars of '1 sec', '1 min' and '1 day'; longer ones "
            "are made of these when they are needed."
        )
    if show.upper() not in SHOWS:
        raise DataError(
            f"--what {show!r}: the catalog keeps TRADES and BID_ASK, as nobody deals at midpoints "
            f"or adjusted prices; {nearest(show.upper(), SHOWS)}."
        )
    return f"{SHOWS[show.upper()]}-{BAR_SIZES[words]}"


def kind_of_ticks(name: str) -> str:
    """Name the kind of the ticks that are asked for.

    Raises:
        DataError: When there is no such kind.
    """
    if name.lower() not in TICKS:
        raise DataError(f"--ticks {name!r} is unknown; {nearest(name.lower(), TICKS)}.")
    return TICKS[name.lower()]


def last_days(calendar: str, days: int, now_ns: int, catalog: Catalog) -> tuple[dt.date, dt.date]:
    """Give the first and the last of the sessions that are over.

    Args:
        calendar: Of which exchange.
        days: How many sessions.
        now_ns: The present, ns UTC.
        catalog: Keeps computed calendars.
    """
    today = dt.datetime.fromtimestamp(now_ns // SECOND_NS, dt.UTC).date() + dt.timedelta(1)
    # Of any ten days in a row at least four are sessions.
    known = sessions(calendar, today - dt.timedelta(12 + days * 5 // 2), today, _cache(catalog))
    over = [one for one in known if one.close_ns <= now_ns][-days:]
    return over[0].date, over[-1].date


def lacking(
    catalog: Catalog,
    instrument: Instrument,
    kind: str,
    span: tuple[dt.date, dt.date],
    *,
    now_ns: int,
    regular: bool,
) -> Lack:
    """Find out which days are not in the catalog.

    Args:
        catalog: What is there.
        instrument: Of what.
        kind: Of which kind.
        span: First and last day.
        now_ns: The present, ns UTC.
        regular: Whether only regular hours are wanted.
    """
    held = set(catalog.days(instrument.symbol, kind))
    known = sessions(instrument.calendar, *span, _cache(catalog))
    over = [one for one in known if hours_of(one, instrument, regular).end_ns <= now_ns]
    wanted = [one for one in over if one.date not in held]
    batch = DAYS_PER_REQUEST if resolution(kind) == "daily" else 1
    groups = _groups(wanted, known, batch)
    units = [
        Unit(
            instrument,
            kind,
            tuple(group),
            Hours(
                hours_of(group[0], instrument, regular).start_ns,
                hours_of(group[-1], instrument, regular).end_ns,
            ),
            regular,
        )
        for group in groups
    ]
    unfinished = tuple(one.date for one in known[len(over) :])
    return Lack(tuple(reversed(units)), len(over) - len(wanted), unfinished)


def hours_of(session: Session, instrument: Instrument, regular: bool) -> Hours:
    """Say from when until when a trading day lasts, ns UTC.

    Args:
        session: The day.
        instrument: Of what.
        regular: Whether only regular hours count.
    """
    extended = EXTENDED.get(instrument.calendar)
    if regular or extended is None:
        return Hours(session.open_ns, session.close_ns)
    zone = ZoneInfo(timezone(instrument.calendar))
    first, last = (to_ns(dt.datetime.combine(session.date, one, zone)) for one in extended)
    return Hours(first, last)


def _groups(wanted: list[Session], known: tuple[Session, ...], batch: int) -> list[list[Session]]:
    """Put days together that follow each other, as one request asks for days in a row."""
    number = {one.date: n for n, one in enumerate(known)}
    groups: list[list[Session]] = []
    for one in wanted:
        last = groups[-1] if groups else []
        follows = last and number[one.date] == number[last[-1].date] + 1
        if follows and len(last) < batch:
            last.append(one)
        else:
            groups.append([one])
    return groups


def _short_pieces(start_ns: int, end_ns: int) -> Iterator[Piece]:
    while start_ns < end_ns:
        stop = min(start_ns + SECONDS_PER_REQUEST * SECOND_NS, end_ns)
        yield Piece(stop, f"{-(-(stop - start_ns) // SECOND_NS)} S")
        start_ns = stop


def _cache(catalog: Catalog) -> Path | None:
    return catalog.path if catalog.path.is_dir() else None
