"""History: bars of the past, from the History port for whole days and from what was played.

Source: IBKR, "Historical bars": durations, bar sizes, and that the bar under way is the last one
when no end is named.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ikbr.domain.errors import DataError
from ikbr.gateway import times
from ikbr.gateway.past import PastBar, Rows, bars_of, rows_in, rows_of
from ikbr.gateway.times import DAY_NS, SECOND_NS
from ikbr.gateway.world import World

SIZES = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30, "1 min": 60,
    "2 mins": 120, "3 mins": 180, "5 mins": 300, "10 mins": 600, "15 mins": 900, "20 mins": 1200,
    "30 mins": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10800, "4 hours": 14400,
    "8 hours": 28800, "1 day": 86400,
}  # fmt: skip
"""Bar sizes in seconds. Source: IBKR, "Historical bar sizes" (weeks and months are not made)."""

MOST_SECONDS = 2_000
SMALL_BAR_S, SMALL_BARS_NS = 30, 183 * DAY_NS
"""Source: IBKR, "Historical data limitations"."""
MOST_BARS = 20_000
"""Bars in one answer."""
_DURATION = re.compile(r"(\d{1,6}) ([SDWMY])")
_DAYS = {"D": 1, "W": 5, "M": 21, "Y": 252}
"""Trading days."""
_SESSION_S = 23_400
_ANY_TIME_NS = 100_000 * DAY_NS


class Wanted(NamedTuple):
    """Hold a request for bars, read.

    Attributes:
        number: Of the instrument.
        span_s: Length of a bar, seconds.
        show: One of `past.PRICES`.
        regular: Whether only regular hours count.
        start_ns: Bars begin here at the earliest; 0 when days are counted.
        days: So many trading days; 0 when there is a start.
        end_ns: Bars end here at the latest, and never in the future.
        epoch: Whether times are told as seconds since 1970.
        begin_ns: The end less the duration by the calendar, as it is told.
    """

    number: int
    span_s: int
    show: str
    regular: bool
    start_ns: int
    days: int
    end_ns: int
    epoch: bool
    begin_ns: int


def read_request(world: World, number: int, asked: Mapping[str, Any]) -> Wanted:
    """Read a request for bars.

    Args:
        world: Whose present bounds the end.
        number: Of the instrument.
        asked: The fields of a `reqHistoricalData`.

    Raises:
        ValueError: When it makes no sense, in words.
    """
    size = asked["barSize"].strip().rstrip("s")
    spans = {name.rstrip("s"): seconds for name, seconds in SIZES.items()}
    if size not in spans:
        raise ValueError(f"the bar size {asked['barSize']!r} is not known")
    match = _DURATION.fullmatch(asked["duration"].strip())
    if match is None:
        raise ValueError(f"the duration {asked['duration']!r} is not understood")
    zone, now = world.contracts.zone(number), world.now_ns + 1
    end = times.read_end(asked["endDateTime"], zone, now)
    length, unit = int(match[1]), match[2]
    if spans[size] == 1 and (unit != "S" or length > MOST_SECONDS):
        raise ValueError(f"bars of one second are given for at most {MOST_SECONDS} S at a time")
    if spans[size] <= SMALL_BAR_S and now - end > SMALL_BARS_NS:
        raise ValueError("bars of 30 seconds and less are given for the last six months")
    return Wanted(
        number,
        spans[size],
        asked["whatToShow"],
        asked["useRTH"],
        end - length * SECOND_NS if unit == "S" else 0,
        length * _DAYS.get(unit, 0),
        end,
        asked["formatDate"] == 2,
        times.earlier(end, length, unit, zone),
    )


def bars_for(world: World, wanted: Wanted) -> list[PastBar]:
    """Collect bars, oldest first.

    Raises:
        ValueError: When there would be too many.
    """
    traded = wanted.show in {"TRADES", "ADJUSTED_LAST"}
    bars = _told(world, wanted) if traded else _earlier(world, wanted)
    bars += _made(world, wanted, _end_of(bars[-1], wanted) if bars else 0)
    bars = [bar for bar in bars if bar.start_ns >= wanted.start_ns]
    if wanted.days:
        bars = _last_days(bars, wanted, world.contracts.zone(wanted.number))
    if len(bars) > MOST_BARS:
        raise ValueError(f"{len(bars)} bars are too many for one request")
    return bars


def bar_values(world: World, wanted: Wanted, bar: PastBar) -> dict[str, Any]:
    """Write a bar's fields as they are told."""
    scale = world.contracts.instruments[wanted.number].price_scale
    zone = world.contracts.zone(wanted.number)
    if wanted.span_s == SIZES["1 day"]:
        date = f"{times.local(bar.start_ns, zone):%Y%m%d}"
    elif wanted.epoch:
        date = str(bar.start_ns // SECOND_NS)
    else:
        date = times.write_local(bar.start_ns, zone)
    priced = wanted.show in {"TRADES", "ADJUSTED_LAST"}
    return {
        "date": date,
        "open": bar.open / scale,
        "high": bar.high / scale,
        "low": bar.low / scale,
        "close": bar.close / scale,
        "volume": bar.volume if priced else -1,
        "wap": round(bar.wap / scale, 6) if priced else -1.0,
        "count": bar.prints if priced else -1,
    }


def _end_of(bar: PastBar, wanted: Wanted) -> int:
    """Say from when on bars follow one; days differ in length when the clocks are changed."""
    span_ns = wanted.span_s * SECOND_NS
    is_day = wanted.span_s == SIZES["1 day"]
    return bar.start_ns + 1 if is_day else bar.start_ns // span_ns * span_ns + span_ns


def bar_under_way(world: World, wanted: Wanted, moment_ns: int) -> PastBar | None:
    """Give the bar that a moment belongs to, as far as it has come, if anything happened in it."""
    if wanted.span_s == SIZES["1 day"]:
        start = next((d.open_ns for d in reversed(world.days) if d.open_ns <= moment_ns), 0)
    else:
        span_ns = wanted.span_s * SECOND_NS
        start = moment_ns // span_ns * span_ns
    only = wanted._replace(start_ns=start, days=0, end_ns=moment_ns + 1)
    found = _made(world, only, start)
    return found[-1] if found else None


def _told(world: World, wanted: Wanted) -> list[PastBar]:
    """Ask the History port for what has closed."""
    if world.history is None:
        return []
    instrument = world.contracts.instruments[wanted.number]
    scale, span_ns = instrument.price_scale, wanted.span_s * SECOND_NS
    if wanted.days:
        count = wanted.days * max(1, -(-_SESSION_S // wanted.span_s))
    else:
        count = max(1, (wanted.end_ns - wanted.start_ns) // span_ns)
    if count > MOST_BARS:
        raise ValueError(f"{count} bars are too many for one request")
    resolution = "1day" if wanted.span_s == SIZES["1 day"] else f"{wanted.span_s}s"
    try:
        found = world.history.bars(instrument.symbol, resolution, wanted.end_ns, count)
    except DataError:
        return []
    return [
        PastBar(
            one.start_ns,
            one.open * scale,
            one.high * scale,
            one.low * scale,
            one.close * scale,
            int(one.volume),
            (one.vwap if one.vwap == one.vwap else one.close) * scale,
            one.count,
        )
        for one in found
    ]


def _earlier(world: World, wanted: Wanted) -> list[PastBar]:
    """Make bars of quotes of the days before the tape out of the archive's ticks.

    Raises:
        ValueError: When there would be too many.
    """
    end = min(wanted.end_ns, world.player.kept_from_ns)
    if world.history is None or wanted.start_ns >= end:
        return []
    found: list[list[PastBar]] = []
    days = world.history.ticks(
        world.contracts.instruments[wanted.number].symbol,
        wanted.start_ns,
        end,
        newest_first=True,
        regular=wanted.regular,
    )
    for day in days:
        rows = rows_in(day.tape, len(day.tape), 0, wanted.start_ns, end)
        bars = _of_a_day(rows, wanted, day.open_ns)
        if bars:
            found.append(bars)
        if sum(map(len, found)) > MOST_BARS:
            raise ValueError(f"more than {MOST_BARS} bars are too many for one request")
        if len(found) >= wanted.days > 0:
            break
    return [bar for bars in reversed(found) for bar in bars]


def _of_a_day(rows: Rows, wanted: Wanted, open_ns: int) -> list[PastBar]:
    if wanted.span_s == SIZES["1 day"]:
        # One bucket for all: the grid of the longest time there is.
        made = bars_of(rows, _ANY_TIME_NS, wanted.show)
        return [bar._replace(start_ns=open_ns or int(rows.ts[0])) for bar in made]
    made = bars_of(rows, wanted.span_s * SECOND_NS, wanted.show)
    # The first bar of a day begins with it, wherever the hour began.
    first = open_ns if wanted.regular else 0
    return [bar._replace(start_ns=max(bar.start_ns, first)) for bar in made]


def _made(world: World, wanted: Wanted, since_ns: int) -> list[PastBar]:
    """Make bars of what was played since a time, the one under way included."""
    if wanted.span_s == SIZES["1 day"]:
        return _days(world, wanted, since_ns)
    since_ns, span_ns = max(since_ns, wanted.start_ns), wanted.span_s * SECOND_NS
    if not (wanted.regular and world.days):
        rows = rows_of(world.player, wanted.number, since_ns, wanted.end_ns)
        return bars_of(rows, span_ns, wanted.show)
    bars: list[PastBar] = []
    for day in world.days:
        begin, end = max(day.open_ns, since_ns), min(day.close_ns, wanted.end_ns)
        if begin < end:
            rows = rows_of(world.player, wanted.number, begin, end)
            bars += _of_a_day(rows, wanted, day.open_ns)
    return bars


def _days(world: World, wanted: Wanted, since_ns: int) -> list[PastBar]:
    """Make bars of whole days from what was played, today's so far included."""
    bars = []
    for day in world.days:
        if day.open_ns < since_ns or day.open_ns >= wanted.end_ns:
            continue
        rows = rows_of(world.player, wanted.number, day.open_ns, min(day.close_ns, wanted.end_ns))
        bars += _of_a_day(rows, wanted, day.open_ns)
    return bars


def _last_days(bars: list[PastBar], wanted: Wanted, zone: str) -> list[PastBar]:
    dates: list[dt.date] = [times.local(bar.start_ns, zone).date() for bar in bars]
    kept = set(sorted(set(dates))[-wanted.days :])
    return [bar for bar, date in zip(bars, dates, strict=True) if date in kept]
