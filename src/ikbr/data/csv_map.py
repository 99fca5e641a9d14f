"""Which columns of a csv file mean what: given by a person, or guessed from their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ikbr.data import columns as col
from ikbr.domain.errors import DataError, nearest

OPTIONAL = {"size", "volume", "flags", "bid_size", "ask_size"}
"""Fields a file may lack."""

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "price": ("price", "last", "lastprice", "tradeprice", "close", "px", "p"),
    "size": ("size", "volume", "vol", "qty", "quantity", "shares", "lastsize", "amount"),
    "flags": ("suspicious", "flags"),
    "bid": ("bid", "bidprice", "bestbid", "bidpx", "b"),
    "ask": ("ask", "askprice", "bestask", "askpx", "offer", "a"),
    "bid_size": ("bidsize", "bidvolume", "bidvol", "bidqty", "bestbidsize"),
    "ask_size": ("asksize", "askvolume", "askvol", "askqty", "bestasksize", "offersize"),
    "open": ("open", "o", "openprice", "first"),
    "high": ("high", "h", "highprice", "max"),
    "low": ("low", "l", "lowprice", "min"),
    "close": ("close", "c", "closeprice", "last"),
    "volume": ("volume", "vol", "v", "size", "qty", "quantity"),
}
_MOMENT = ("ts", "tsns", "timestamp", "datetime", "epoch", "gmttime", "localtime", "utctime")
_DATE = ("date", "day", "tradingday", "dtyyyymmdd")
_TIME = ("time", "tod", "timeofday")
_BAR = {"open", "high", "low", "close"}

Mapped = dict[str, tuple[str, ...]]
"""Columns of the file by field; `ts` may have two (date and time)."""


def parse_map(text: Iterable[str]) -> Mapped:
    """Read `field=column` pairs; two columns are joined with `+` (`ts=Date+Time`).

    Args:
        text: Pairs, several in one text separated by commas.

    Raises:
        DataError: When one is not a pair.

    >>> parse_map(["ts=Date+Time,price=Close", "size=Vol"])
    {'ts': ('Date', 'Time'), 'price': ('Close',), 'size': ('Vol',)}
    """
    found: Mapped = {}
    for pair in (part for one in text for part in one.split(",")):
        field, equals, column = (piece.strip() for piece in pair.partition("="))
        if not (field and equals and column):
            raise DataError(f"--map {pair!r} is not FIELD=COLUMN; write ts=Date+Time,price=Close.")
        found[field] = tuple(piece.strip() for piece in column.split("+"))
    return found


def fields_of(kind: str) -> tuple[str, ...]:
    """List the fields a file of a kind may map; the time is called `ts`.

    >>> fields_of("print")
    ('ts', 'price', 'size', 'flags')
    """
    return ("ts", *col.names(kind)[1:])


def guess_kind(header: Iterable[str], given: Mapping[str, tuple[str, ...]]) -> str | None:
    """Tell quotes, prints and bars apart by the fields there are; None when they say nothing.

    Returns:
        "quote", "print" or "bar" (of a length not known yet).

    >>> guess_kind(["Date", "Open", "High", "Low", "Close"], {})
    'bar'
    """
    plain = {_plain(name) for name in header}

    def has(field: str) -> bool:
        return field in given or any(name in plain for name in _SYNONYMS[field])

    if all(has(field) for field in _BAR):
        return "bar"
    if has("bid") and has("ask"):
        return "quote"
    return "print" if has("price") else None


def complete_map(kind: str, header: list[str], given: Mapped) -> Mapped:
    """Check a map against a header, and guess what it leaves out.

    Args:
        kind: One of `columns.KINDS`.
        header: Columns of the file.
        given: What the person said.

    Raises:
        DataError: When a field or column is unknown, or a needed field is not found.
    """
    wanted = fields_of(kind)
    for field, names in given.items():
        if field not in wanted:
            raise DataError(
                f"--map {field}=…: kind {kind} has no field {field!r}; {nearest(field, wanted)}."
            )
        for name in names if field == "ts" else ("+".join(names),):
            if name not in header:
                raise DataError(
                    f"--map {field}={'+'.join(names)}: the file has no column {name!r}; "
                    f"{nearest(name, header)}."
                )
    found: Mapped = {f: n if f == "ts" else ("+".join(n),) for f, n in given.items()}
    taken = {name for names in found.values() for name in names}
    free = {_plain(name): name for name in reversed(header) if name not in taken}
    for field in wanted:
        if field in found:
            continue
        guess = _guess_time(free) if field == "ts" else _guess(field, free)
        if guess:
            found[field] = guess
            for name in guess:
                free.pop(_plain(name), None)
        elif field not in OPTIONAL:
            raise DataError(
                f"no column of the file looks like {field!r} of kind {kind}; say which with "
                f"--map {field}=COLUMN (columns: {', '.join(header)})."
            )
    return found


def _guess(field: str, free: Mapping[str, str]) -> tuple[str, ...]:
    for name in _SYNONYMS.get(field, (field.replace("_", ""),)):
        if name in free:
            return (free[name],)
    return ()


def _guess_time(free: Mapping[str, str]) -> tuple[str, ...]:
    def first(names: tuple[str, ...]) -> tuple[str, ...]:
        return next(((free[name],) for name in names if name in free), ())

    return first(_MOMENT) or first(_DATE) + first(_TIME)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
