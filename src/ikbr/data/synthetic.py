"""Write a made-up market into the catalog, labelled as such."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from ikbr.data.bar_columns import bars_of_prints, bars_of_quotes
from ikbr.data.calendars import sessions as calendar_sessions
from ikbr.data.catalog import Catalog
from ikbr.data.catalog_meta import safe_name
from ikbr.data.columns import Columns, PrintColumns, QuoteColumns
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument, SecType
from ikbr.domain.session import Session
from ikbr.sim.synthetic import SyntheticTicks, generate_market

SYMBOLS = ("SPY", "QQQ", "IWM", "AAPL", "KO", "PEP")
START = dt.date(2026, 3, 2)
CALENDAR = "NYSE"
SECOND_NS = 10**9


def make_synthetic(
    catalog_dir: Path | str,
    *,
    symbols: Sequence[str] = SYMBOLS,
    days: int = 5,
    seed: int = 7,
    start: dt.date = START,
    rows_per_day: int = 100_000,
) -> tuple[Session, ...]:
    """Make ticks and minute and daily bars of several stocks.

    What an earlier call made of the same symbols is replaced, other days included, so that
    a symbol never mixes two made-up markets. Prices are not those of the real instruments.

    Args:
        catalog_dir: The catalog's folder; it is made if need be.
        symbols: Names of stocks.
        days: How many sessions.
        seed: Which of many possible markets.
        start: The first session is on or after this day.
        rows_per_day: About how many quotes and prints each symbol has on a full day.

    Returns:
        The sessions made.

    Raises:
        DataError: When a symbol is no stock or holds real data, or days is below 1.
    """
    if days < 1:
        raise DataError(f"days {days} is too few; use 1 or more.")
    catalog = Catalog(catalog_dir)
    instruments = [_stock(catalog, symbol) for symbol in symbols]
    if not instruments or len({one.symbol for one in instruments}) < len(instruments):
        raise DataError(f"symbols {', '.join(symbols) or '(none)'}: name each symbol once.")
    # Of any ten days in a row at least four are sessions.
    until = start + dt.timedelta(10 + days * 5 // 2)
    sessions = calendar_sessions(CALENDAR, start, until)[:days]
    for one in instruments:
        for stale in (catalog.path / safe_name(one.symbol)).glob("*/[0-9]*.parquet"):
            stale.unlink()
    names = [one.symbol for one in instruments]
    for day in generate_market(names, sessions, seed=seed, rows_per_day=rows_per_day):
        for one, ticks in zip(instruments, day.ticks, strict=True):
            for kind, columns in _columns(day.session, ticks).items():
                catalog.write(
                    one,
                    kind,
                    day.session.date,
                    columns,
                    source=f"synthetic, seed {seed}",
                    synthetic=True,
                    note="made up; not the real instrument",
                )
    return sessions


def _stock(catalog: Catalog, symbol: str) -> Instrument:
    instrument = parse_contract(symbol)
    if instrument.sec_type != SecType.STOCK or instrument.calendar != CALENDAR:
        raise DataError(f"symbol {symbol!r} is no stock; synthetic data are of stocks only.")
    if instrument.symbol in catalog.symbols() and not catalog.synthetic(instrument.symbol):
        raise DataError(
            f"symbol {instrument.symbol} in catalog '{catalog.path}' holds real data; "
            f"use another symbol or another --catalog DIR."
        )
    return instrument


def _columns(session: Session, ticks: SyntheticTicks) -> dict[str, Columns]:
    """Give a day's columns by kind."""
    quotes = QuoteColumns(ticks.quote_ts, ticks.bid, ticks.ask, ticks.bid_size, ticks.ask_size)
    prints = PrintColumns(ticks.print_ts, ticks.price, ticks.size, ticks.flags)
    found: dict[str, Columns] = {"quote": quotes, "print": prints}
    whole = session.close_ns - session.open_ns
    for name, span in (("minute", 60 * SECOND_NS), ("daily", whole)):
        found[f"bar-{name}"] = bars_of_prints(prints, session.open_ns, span)
        found[f"quotebar-{name}"] = bars_of_quotes(quotes, session.open_ns, span)
    return found
