"""Quality checks of the catalog: every rule over every file, and days that are missing.

Severities say what a backtest would suffer: an error makes it wrong, a warning wants a look, info
is ordinary and only counted. Ordinary exchange data gives no errors.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np

from ikbr.data import quality_prices, quality_time
from ikbr.data.calendars import timezone
from ikbr.data.catalog import Catalog
from ikbr.data.columns import I64, KINDS, Columns, PrintColumns, columns_type, resolution
from ikbr.data.quality_case import Case, Finding, Limits, Rule
from ikbr.domain.errors import DataError, nearest
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import PrintFlag

RULES: tuple[Rule, ...] = (
    quality_time.order,
    quality_time.future,
    quality_time.wrong_day,
    quality_time.gaps,
    quality_time.repeats,
    quality_prices.non_positive,
    quality_prices.sizes,
    quality_prices.suspicious,
    quality_prices.crossed,
    quality_prices.shape,
    quality_prices.spikes,
)
"""Every rule that looks at one file."""

_RANK = {"error": 0, "warning": 1, "info": 2}


def check(
    catalog: Catalog,
    symbols: Iterable[str] = (),
    *,
    now_ns: int,
    kinds: Iterable[str] = (),
    limits: Limits | None = None,
) -> list[Finding]:
    """Look for faults in stored data.

    Args:
        catalog: Where to look.
        symbols: Which symbols; none means all.
        now_ns: The time now; later rows are from the future.
        kinds: Which kinds of data; none means all.
        limits: Thresholds.

    Returns:
        Findings, errors first, then by symbol, kind and day.

    Raises:
        DataError: When the catalog is empty or a symbol or kind is not in it.
    """
    there = catalog.symbols()
    if not there:
        raise DataError(
            f"catalog '{catalog.path}' is empty; import data with `ikbr data import lean PATH`, "
            "or name another folder with --catalog DIR."
        )
    wanted = tuple(symbols) or there
    for symbol in wanted:
        if symbol not in there:
            raise DataError(
                f"symbol {symbol!r} is not in catalog '{catalog.path}'; {nearest(symbol, there)}."
            )
    for kind in kinds:
        columns_type(kind)
    found: list[Finding] = []
    for symbol in wanted:
        for kind in tuple(kinds) or KINDS:
            found += _check_kind(catalog, symbol, kind, now_ns, limits or Limits())
    return sorted(
        found,
        key=lambda f: (_RANK[f.severity], f.symbol, f.kind, f.day or dt.date.min, f.rule),
    )


def check_columns(
    instrument: Instrument,
    kind: str,
    day: dt.date,
    columns: Columns,
    sessions: tuple[Session, ...],
    *,
    now_ns: int,
) -> list[Finding]:
    """Look for faults in data that is not stored yet.

    Args:
        instrument: What it is of.
        kind: Of which kind.
        day: Its trading day; for a daily kind the first.
        columns: The rows.
        sessions: Sessions of its days.
        now_ns: The time now; later rows are from the future.
    """
    case = Case(
        symbol=instrument.symbol,
        kind=kind,
        day=day,
        instrument=instrument,
        zone=timezone(instrument.calendar),
        columns=columns,
        sessions=sessions,
        halts=np.empty(0, np.int64),
        now_ns=now_ns,
        limits=Limits(),
    )
    return [finding for rule in RULES for finding in rule(case)]


def _check_kind(
    catalog: Catalog, symbol: str, kind: str, now_ns: int, limits: Limits
) -> Iterator[Finding]:
    try:
        days = catalog.days(symbol, kind)
    except DataError as error:
        yield _unreadable(symbol, kind, None, error)
        return
    if not days:
        return
    yield from _check_days(catalog, symbol, kind, days)
    files = days
    if resolution(kind) == "daily":
        files = tuple({day.year: day for day in reversed(days)}.values())[::-1]
    for day in files:
        try:
            case = _case(catalog, symbol, kind, day, now_ns, limits)
        except DataError as error:
            yield _unreadable(symbol, kind, day, error)
            continue
        for rule in RULES:
            yield from rule(case)


def _case(
    catalog: Catalog, symbol: str, kind: str, day: dt.date, now_ns: int, limits: Limits
) -> Case:
    instrument = catalog.instrument(symbol)
    last = dt.date(day.year, 12, 31) if resolution(kind) == "daily" else day
    return Case(
        symbol=symbol,
        kind=kind,
        day=day,
        instrument=instrument,
        zone=timezone(instrument.calendar),
        columns=catalog.stored(symbol, kind, day),
        sessions=catalog.sessions(symbol, day, last),
        halts=_halts(catalog, symbol, day),
        now_ns=now_ns,
        limits=limits,
    )


def _halts(catalog: Catalog, symbol: str, day: dt.date) -> I64:
    if day not in catalog.days(symbol, "print"):
        return np.empty(0, np.int64)
    prints = cast(PrintColumns, catalog.stored(symbol, "print", day))
    return prints.ts_ns[np.flatnonzero(prints.flags & PrintFlag.HALT)]


def _check_days(
    catalog: Catalog, symbol: str, kind: str, days: tuple[dt.date, ...]
) -> Iterator[Finding]:
    """Report sessions without data, and data without a session: warnings both.

    Someone may have wanted just these days, and calendars of the far past are less sure.
    """
    held = {s.date for s in catalog.sessions(symbol, days[0], days[-1])}
    for rule, lost, text in (
        (
            "missing-day",
            sorted(held - set(days)),
            "sessions between the first and last day lack data",
        ),
        ("no-session", sorted(set(days) - held), "days have data but the exchange was closed"),
    ):
        if lost:
            yield Finding(
                severity="warning",
                rule=rule,
                symbol=symbol,
                kind=kind,
                day=None,
                count=len(lost),
                text=text,
                examples=tuple(str(day) for day in lost[:3]),
            )


def _unreadable(symbol: str, kind: str, day: dt.date | None, error: DataError) -> Finding:
    return Finding(
        severity="error",
        rule="unreadable",
        symbol=symbol,
        kind=kind,
        day=day,
        count=1,
        text=str(error),
    )
