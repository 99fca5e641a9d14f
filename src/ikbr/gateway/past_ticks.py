"""Ticks of the past: of the days before the tape from the archive, then of what was played.

Source: IBKR, "Historical time and sales": ticks from a time on, or up to a time, at most 1000 per
request; TRADES, BID_ASK or MIDPOINT; useRTH; quotes of which only the sizes differ can be left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ikbr.domain.session import Session
from ikbr.gateway import times
from ikbr.gateway.past import Rows, joined, rows_in, rows_of
from ikbr.gateway.world import World

MOST_TICKS = 1000
"""Source: IBKR, "Historical time and sales": at most 1000 ticks per request."""
SHOWN = ("TRADES", "BID_ASK", "MIDPOINT")
"""What can be asked for."""


class WantedTicks(NamedTuple):
    """Hold a request for ticks, read.

    Attributes:
        number: Of the instrument.
        show: One of `SHOWN`.
        start_ns: From when on; 0 when there is only an end.
        end_ns: Up to when, and never in the future (itself not included).
        most: How many at most.
        from_start: Whether those next to the start are wanted, else those next to the end.
        regular: Whether only regular hours count.
        sizes: Whether a quote of which only the sizes differ is another one.
    """

    number: int
    show: str
    start_ns: int
    end_ns: int
    most: int
    from_start: bool
    regular: bool
    sizes: bool


def read_ticks_request(world: World, number: int, asked: Mapping[str, Any]) -> WantedTicks:
    """Read a request for ticks.

    Args:
        world: Whose present bounds the end.
        number: Of the instrument.
        asked: The fields of a `reqHistoricalTicks`.

    Raises:
        ValueError: When it makes no sense, in words.
    """
    if asked["whatToShow"] not in SHOWN:
        raise ValueError(f"whatToShow {asked['whatToShow']!r} is not known")
    if bool(asked["start"]) == bool(asked["end"]):
        raise ValueError("one of start and end is to be given")
    if not 1 <= asked["count"] <= MOST_TICKS:
        raise ValueError(f"the number of ticks is 1 to {MOST_TICKS}")
    zone = world.contracts.zone(number)
    start = times.read_time(asked["start"], zone) if asked["start"] else 0
    end = times.read_end(asked["end"], zone, world.now_ns + 1)
    return WantedTicks(
        number,
        asked["whatToShow"],
        start,
        end,
        asked["count"],
        bool(asked["start"]),
        asked["useRTH"],
        asked["whatToShow"] == "BID_ASK" and not asked["ignoreSize"],
    )


def ticks_for(world: World, wanted: WantedTicks) -> Rows:
    """Collect ticks, oldest first; no more days are looked at than are needed."""
    parts: list[Rows] = []
    lacking = wanted.most
    for rows in _days(world, wanted):
        shown = rows.prints() if wanted.show == "TRADES" else rows.quotes(sizes=wanted.sizes)
        near = slice(0, lacking) if wanted.from_start else slice(-lacking, None)
        parts.append(Rows(*(column[near] for column in shown)))
        lacking -= len(parts[-1].ts)
        if lacking <= 0:
            break
    return joined(parts if wanted.from_start else parts[::-1])


def _days(world: World, wanted: WantedTicks) -> Iterator[Rows]:
    """Walk from the end that is asked for to the other."""
    begins = world.player.kept_from_ns
    if wanted.from_start:
        yield from _archived(world, wanted, begins)
        yield _played(world, wanted, begins)
    else:
        yield _played(world, wanted, begins)
        yield from _archived(world, wanted, begins)


def _archived(world: World, wanted: WantedTicks, until_ns: int) -> Iterator[Rows]:
    end = min(wanted.end_ns, until_ns)
    if world.history is None or wanted.start_ns >= end:
        return
    days = world.history.ticks(
        world.contracts.instruments[wanted.number].symbol,
        wanted.start_ns,
        end,
        newest_first=not wanted.from_start,
        regular=wanted.regular,
    )
    for day in days:
        yield rows_in(day.tape, len(day.tape), 0, wanted.start_ns, end)


def _played(world: World, wanted: WantedTicks, since_ns: int) -> Rows:
    start = max(wanted.start_ns, since_ns)
    rows = rows_of(world.player, wanted.number, start, wanted.end_ns)
    return _within(rows, world.days) if wanted.regular and world.days else rows


def _within(rows: Rows, days: Sequence[Session]) -> Rows:
    """Keep what lies in the regular hours of any day."""
    inside = np.zeros(len(rows.ts), bool)
    for day in days:
        inside |= (rows.ts >= day.open_ns) & (rows.ts < day.close_ns)
    return Rows(*(column[inside] for column in rows))
