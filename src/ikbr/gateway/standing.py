"""What stands: the state of one instrument now, or as it was when delayed data is told."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.gateway.past import rows_of
from ikbr.gateway.world import World

Shown = tuple[int, int, int, int, int, int, int, int, int, int, int]
"""ts, kind, bid, ask, last, bid_size, ask_size, size; volume, high, low of the day then."""

_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


class Standing(NamedTuple):
    """Hold the state of an instrument; prices in price units or NO_PRICE."""

    bid: int = NO_PRICE
    ask: int = NO_PRICE
    last: int = NO_PRICE
    bid_size: int = 0
    ask_size: int = 0
    last_size: int = 0
    volume: int = 0
    high: int = NO_PRICE
    low: int = NO_PRICE
    opened: int = NO_PRICE
    close: int = NO_PRICE
    halted: bool = False


def as_it_is(world: World, number: int) -> Standing:
    """Give the state of an instrument now."""
    market = world.market
    return Standing(
        market.bid[number],
        market.ask[number],
        market.last[number],
        market.bid_size[number],
        market.ask_size[number],
        world.last_size[number],
        world.volume[number],
        world.high[number],
        world.low[number],
        world.opened[number],
        world.close[number],
        bool(market.halted[number]),
    )


def as_it_was(world: World, number: int, then_ns: int) -> tuple[Standing, list[Shown]]:
    """Give the state of an instrument at a time, and what has happened to it since.

    Args:
        world: Where.
        number: Of the instrument.
        then_ns: The time, ns UTC; what happened at it belongs to the state.
    """
    rows = shown(world, number)
    told = [one for one in rows if one[0] <= then_ns]
    if not told:
        return Standing(), rows
    _, _, bid, ask, last, bid_size, ask_size, _, volume, high, low = told[-1]
    opens = [day.open_ns for day in world.days if day.open_ns <= then_ns]
    closes = [day.close_ns for day in world.days if day.close_ns <= then_ns]
    prints = [one for one in told if one[7] and one[4] != NO_PRICE]
    today = [one[4] for one in prints if not opens or one[0] >= opens[-1]]
    before = [one[4] for one in told if closes and one[0] < closes[-1]]
    dealing = [one[1] for one in told if one[1] in {Kind.HALT, Kind.RESUME}]
    standing = Standing(
        *(bid, ask, last, bid_size, ask_size),
        last_size=prints[-1][7] if prints else 0,
        volume=volume,
        high=high,
        low=low,
        opened=today[0] if today else NO_PRICE,
        close=before[-1] if before else NO_PRICE,
        halted=bool(dealing) and dealing[-1] == Kind.HALT,
    )
    return standing, rows[len(told) :]


def shown(world: World, number: int) -> list[Shown]:
    """List what was played of an instrument, as far as it is kept, with the figures of its day."""
    opens = [day.open_ns for day in world.days if day.open_ns <= world.now_ns]
    found: list[Shown] = []
    for start, end in zip([0, *opens], [*opens, world.now_ns + 1], strict=True):
        rows = rows_of(world.player, number, start, end)
        traded = (rows.size > 0) & (rows.last != NO_PRICE)
        volume = np.cumsum(np.where(traded, rows.size, 0))
        high = np.maximum.accumulate(np.where(traded, rows.last, _LOWEST))
        low = np.minimum.accumulate(np.where(traded, rows.last, _HIGHEST))
        high[high == _LOWEST] = NO_PRICE
        low[low == _HIGHEST] = NO_PRICE
        columns = (*rows, volume, high, low)
        found += zip(*(column.tolist() for column in columns), strict=True)
    return found
