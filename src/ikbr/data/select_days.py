"""Choose the trading days of a run from what the catalog holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ikbr.data.catalog import Catalog
from ikbr.data.merge import Feed
from ikbr.domain.errors import DataError, nearest
from ikbr.domain.session import Session

RESOLUTIONS = ("tick", "second", "minute", "daily")
MORE = "import more with `ikbr data import lean PATH` or `ikbr data import csv FILE`"


def kinds_of(resolution: str, feed: Feed) -> tuple[str, ...]:
    """List the catalog's kinds of data that make a feed, prints before quotes.

    Raises:
        DataError: When the resolution or the feed is unknown.

    >>> kinds_of("tick", "both"), kinds_of("minute", "trades")
    (('print', 'quote'), ('bar-minute',))
    """
    if resolution not in RESOLUTIONS:
        raise DataError(
            f"resolution {resolution!r} is unknown; {nearest(resolution, RESOLUTIONS)}."
        )
    prints, quotes = f"bar-{resolution}", f"quotebar-{resolution}"
    if resolution == "tick":
        prints, quotes = "print", "quote"
    feeds: dict[str, tuple[str, ...]] = {
        "both": (prints, quotes),
        "trades": (prints,),
        "quotes": (quotes,),
    }
    if feed not in feeds:
        raise DataError(f"feed {feed!r} is unknown; {nearest(feed, feeds)}.")
    return feeds[feed]


def select_days(
    catalog: Catalog,
    symbols: Sequence[str],
    resolution: str = "tick",
    feed: Feed = "both",
    *,
    days: int | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> tuple[Session, ...]:
    """Choose sessions for which every symbol has data.

    With the feed `both`, either prints or quotes are data. Sessions are those of the first
    symbol's calendar. Days without data for any symbol are left out; a day with data for some
    symbols only is refused when it lies between start and end, and left out when the last days
    are asked for.

    Args:
        catalog: Where the data is.
        symbols: Whose data.
        resolution: tick, second, minute or daily.
        feed: both, trades or quotes.
        days: How many sessions, counted back from the last one.
        start: First day, when days is not given (default: the first there is).
        end: Last day (default: the last there is).

    Returns:
        The sessions in order, at least one.

    Raises:
        DataError: When there are too few, naming what is there.
    """
    if not symbols:
        raise DataError("symbols is empty; name at least one.")
    if days is not None and days < 1:
        raise DataError(f"days {days} is too few; use 1 or more.")
    if start is not None and end is not None and end < start:
        raise DataError(f"start {start} is after end {end}; exchange them.")
    kinds = kinds_of(resolution, feed)
    held = {symbol: _days(catalog, symbol, kinds, resolution, feed) for symbol in symbols}
    low, high = start or dt.date.min, end or dt.date.max
    every = set.intersection(*held.values())
    chosen = sorted(day for day in every if low <= day <= high)
    if days is None:
        _refuse_partial(held, every, low, high)
    if not chosen:
        asked = f" from {start or 'the first'} to {end or 'the last'}" if start or end else ""
        there = _nearest(every, low, high) or f"the catalog holds {_holdings(catalog, symbols)}"
        raise DataError(
            f"no day{asked} has {resolution} data (feed {feed}) for all of {', '.join(symbols)}; "
            f"{there}; {MORE}."
        )
    sessions = catalog.sessions(symbols[0], chosen[0], chosen[-1])
    wanted = set(chosen)
    found = tuple(session for session in sessions if session.date in wanted)
    if not found:
        raise DataError(
            f"the {resolution} data of {symbols[0]} ({_span(chosen)}) lie on no trading day of "
            f"calendar {catalog.instrument(symbols[0]).calendar}; check its time zone."
        )
    if days is not None and len(found) < days:
        raise DataError(
            f"days {days} is more than the catalog holds: {', '.join(symbols)} together have "
            f"{len(found)} days of {resolution} data ({_span(chosen)}); use --days "
            f"{len(found)}, or {MORE}."
        )
    return found if days is None else found[-days:]


def _days(
    catalog: Catalog, symbol: str, kinds: tuple[str, ...], resolution: str, feed: Feed
) -> set[dt.date]:
    catalog.instrument(symbol)
    found = {day for kind in kinds for day in catalog.days(symbol, kind)}
    if not found:
        raise DataError(
            f"{symbol} has no {resolution} data for feed {feed}; the catalog holds "
            f"{_holdings(catalog, [symbol])}; {MORE}."
        )
    return found


def _refuse_partial(
    held: dict[str, set[dt.date]], every: set[dt.date], low: dt.date, high: dt.date
) -> None:
    partial = {day for own in held.values() for day in own if low <= day <= high} - every
    if not partial:
        return
    day = min(partial)
    lacking = next(symbol for symbol, own in held.items() if day not in own)
    having = next(symbol for symbol, own in held.items() if day in own)
    raise DataError(
        f"{lacking} has no data on {day} while {having} has; import it, narrow --start and "
        f"--end, or leave one of them out."
    )


def _nearest(days: set[dt.date], low: dt.date, high: dt.date) -> str:
    """Name the days next to a span that holds none; "" when there are none at all."""
    before = max((day for day in days if day < low), default=None)
    after = min((day for day in days if day > high), default=None)
    near = " and ".join(str(day) for day in (before, after) if day is not None)
    return f"the nearest {'days are' if before and after else 'day is'} {near}" if near else ""


def _holdings(catalog: Catalog, symbols: Sequence[str]) -> str:
    return "; ".join(f"{symbol}: {catalog.holdings(symbol)}" for symbol in symbols)


def _span(days: list[dt.date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
