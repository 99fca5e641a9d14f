"""A made-up market: several instruments that move together, day after day.

Every number follows from the seed, the symbols and the sessions by whole-number arithmetic, so
every machine makes the same bytes. A symbol's name settles its character (price, beta, spread).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ikbr.domain.errors import DataError
from ikbr.domain.session import Session
from ikbr.sim.synthetic.book import SECOND_NS, Halt, SyntheticTicks, make_ticks
from ikbr.sim.synthetic.draws import NORMAL_SCALE, Draws, key_of
from ikbr.sim.synthetic.path import (
    MINUTE_S,
    ONE,
    price_path,
    reverting,
    trends,
    volatile_returns,
)

MINUTE_NS = MINUTE_S * SECOND_NS
SHORTEST_MINUTES = 60
MARKET_SIGMA = 52_000
"""Volatility of the whole market in one second, billionths (0.8 % a day)."""
OWN_SIGMA = 36_000
GAP = 3_000_000
"""Volatility overnight, billionths."""
TREND = 3_000_000
REVERTING_STEP = 30_000


@dataclass(frozen=True, slots=True)
class Shape:
    """Describe an instrument's character.

    Attributes:
        price: First price, millionths.
        beta: Share of the market's moves, per cent.
        sigma: Own volatility of one second, billionths.
        spread: Smallest usual spread, cents.
    """

    price: int
    beta: int
    sigma: int
    spread: int


@dataclass(frozen=True, slots=True)
class SyntheticDay:
    """Hold one session of a made-up market, one entry per symbol."""

    session: Session
    ticks: tuple[SyntheticTicks, ...]


@dataclass(slots=True)
class _Running:
    """Hold what one instrument carries from day to day."""

    symbol: str
    shape: Shape
    price: int
    variance: int = field(default=ONE)


def shape_of(symbol: str) -> Shape:
    """Settle an instrument's character by its name alone.

    >>> shape_of("SPY") == shape_of("SPY") != shape_of("QQQ")
    True
    """
    draws = Draws(key_of("shape", symbol))
    cents = 4_000 + draws.one_below(26_000)
    return Shape(
        price=cents * 10_000,
        beta=80 + draws.one_below(41),
        sigma=OWN_SIGMA * (80 + draws.one_below(41)) // 100,
        spread=1 + cents // 12_000,
    )


def generate_market(
    symbols: Sequence[str],
    sessions: Sequence[Session],
    *,
    seed: int = 7,
    rows_per_day: int = 100_000,
) -> Iterator[SyntheticDay]:
    """Make a market day by day.

    One of the instruments is halted on one of the days.

    Args:
        symbols: Names; the same name always makes the same instrument.
        sessions: The trading days, in order.
        seed: Which of many possible markets.
        rows_per_day: About how many quotes and prints each instrument has on a full day.

    Yields:
        One session after the other.

    Raises:
        DataError: If a session is shorter than an hour, or there are too few rows.
    """
    if rows_per_day < 100:
        raise DataError(f"rows_per_day {rows_per_day} is too small; use 100 or more.")
    shapes = [shape_of(symbol) for symbol in symbols]
    running = [
        _Running(symbol, shape, shape.price) for symbol, shape in zip(symbols, shapes, strict=True)
    ]
    chance = Draws(key_of(seed, "halt"))
    halted = (
        chance.one_below(max(len(sessions), 1)),
        chance.one_below(max(len(symbols), 1)),
    )
    variance = ONE
    for number, session in enumerate(sessions):
        minutes = (session.close_ns - session.open_ns) // MINUTE_NS
        if minutes < SHORTEST_MINUTES:
            raise DataError(
                f"session {session.date} lasts {minutes} minutes; a synthetic day needs "
                f"{SHORTEST_MINUTES} or more."
            )
        draws = Draws(key_of(seed, "market", session.date.toordinal()))
        gap = draws.one_normal() * GAP // NORMAL_SCALE
        market = volatile_returns(draws, minutes, MARKET_SIGMA, variance)
        variance = market.variance
        market.returns[0] += gap
        ticks = []
        for at, one in enumerate(running):
            halt = _halt(chance, session, minutes) if halted == (number, at) else None
            ticks.append(_day(one, session, market.returns, seed, rows_per_day, halt))
        yield SyntheticDay(session, tuple(ticks))


def _halt(chance: Draws, session: Session, minutes: int) -> Halt:
    start = session.open_ns + (20 + chance.one_below(minutes - 40)) * MINUTE_NS
    return Halt(start, start + 5 * MINUTE_NS + chance.one_below(10) * MINUTE_NS)


def _day(
    one: _Running,
    session: Session,
    market: np.ndarray[tuple[int], np.dtype[np.int64]],
    seed: int,
    rows_per_day: int,
    halt: Halt | None,
) -> SyntheticTicks:
    """Make one instrument's day and bring its running state up to date."""
    draws = Draws(key_of(seed, one.symbol, session.date.toordinal()))
    minutes = len(market) // MINUTE_S
    own = volatile_returns(draws, minutes, one.shape.sigma, one.variance)
    returns = market * one.shape.beta // 100 + own.returns + trends(draws, minutes, TREND)
    returns[0] += draws.one_normal() * GAP // NORMAL_SCALE
    path = price_path(one.price, returns, reverting(draws, len(returns), REVERTING_STEP))
    # The gap is there at the open already, not drawn out over the first second.
    path[0] = path[1]
    one.price, one.variance = max(int(path[-1]), 1_000_000), own.variance
    rows = rows_per_day * (80 + draws.one_below(41)) // 100 * minutes // 390
    return make_ticks(
        draws, session, path, own.factor, rows=rows, spread=one.shape.spread, halt=halt
    )
