"""A fetched day: from the rows that IB gave to columns that were checked, and into the catalog."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ikbr.data import columns as col
from ikbr.data.catalog import Catalog
from ikbr.data.fetch_plan import SECOND_NS, Unit
from ikbr.data.price_units import float_units
from ikbr.data.quality import check_columns
from ikbr.data.quality_case import Finding
from ikbr.domain.past import BarRow, PrintRow, QuoteRow, Span
from ikbr.domain.tape import PrintFlag

SOURCE, SIMULATED = "Interactive Brokers", "simulated gateway"


class Stored(NamedTuple):
    """Say what became of a unit.

    Attributes:
        rows: How many rows were written.
        days: On how many days.
        empty: Days of which IB has nothing.
        faults: What makes the data unusable; then nothing was written.
        doubts: What wants a look.
    """

    rows: int
    days: int
    empty: tuple[dt.date, ...]
    faults: tuple[Finding, ...]
    doubts: tuple[Finding, ...]


def bars_of(unit: Unit, rows: Sequence[BarRow]) -> col.BarColumns:
    """Make columns of bars of prints."""
    rows = _in_order(unit, rows)
    prices = _prices(unit, [one.prices for one in rows])
    volume = np.rint(np.array([one.volume for one in rows], np.float64)).astype(np.int64)
    return col.BarColumns(_ends(unit, rows), *prices, np.maximum(volume, 0))


def quote_bars_of(
    unit: Unit, bids: Sequence[BarRow], asks: Sequence[BarRow]
) -> col.QuoteBarColumns:
    """Join bars of bids and bars of asks; IB gives no sizes with them."""
    bids, asks = _in_order(unit, bids), _in_order(unit, asks)
    both = {one.start_ns for one in bids} & {one.start_ns for one in asks}
    bids = [one for one in bids if one.start_ns in both]
    asks = [one for one in asks if one.start_ns in both]
    sizes = np.zeros(len(bids), np.int32)
    return col.QuoteBarColumns(
        _ends(unit, bids),
        *_prices(unit, [one.prices for one in bids]),
        sizes,
        *_prices(unit, [one.prices for one in asks]),
        sizes,
    )


def prints_of(unit: Unit, rows: Sequence[PrintRow]) -> col.PrintColumns:
    """Make columns of prints."""
    flags = [int(PrintFlag.SUSPICIOUS) if one.doubtful else 0 for one in rows]
    return col.PrintColumns(
        np.array([one.ts_ns for one in rows], np.int64),
        _units(unit, [one.price for one in rows]),
        np.rint(np.array([one.size for one in rows], np.float64)).astype(np.int64),
        np.array(flags, np.uint8),
    )


def quotes_of(unit: Unit, rows: Sequence[QuoteRow]) -> col.QuoteColumns:
    """Make columns of quotes."""
    return col.QuoteColumns(
        np.array([one.ts_ns for one in rows], np.int64),
        _units(unit, [one.bid for one in rows]),
        _units(unit, [one.ask for one in rows]),
        np.rint(np.array([one.bid_size for one in rows], np.float64)).astype(np.int32),
        np.rint(np.array([one.ask_size for one in rows], np.float64)).astype(np.int32),
    )


def store(
    catalog: Catalog, unit: Unit, columns: col.Columns, *, now_ns: int, synthetic: bool
) -> Stored:
    """Check columns and write them, unless something makes them unusable.

    Args:
        catalog: Where they go.
        unit: What was asked for.
        columns: What came.
        now_ns: The present, ns UTC.
        synthetic: Whether the gateway is a simulated one.
    """
    wanted = {one.date for one in unit.sessions}
    if not len(columns):
        return Stored(0, 0, tuple(sorted(wanted)), (), ())
    first = unit.sessions[0].date
    found = check_columns(unit.instrument, unit.kind, first, columns, unit.sessions, now_ns=now_ns)
    faults = tuple(one for one in found if one.severity == "error")
    doubts = tuple(one for one in found if one.severity == "warning")
    if faults:
        return Stored(0, 0, (), faults, doubts)
    days = _write(catalog, unit, columns, synthetic)
    return Stored(len(columns), len(days), tuple(sorted(wanted - days)), (), doubts)


def _write(catalog: Catalog, unit: Unit, columns: col.Columns, synthetic: bool) -> set[dt.date]:
    """Write columns, daily bars by year; give the days that they are of."""
    note = "regular hours" if unit.regular else "all hours"
    if unit.kind.startswith("quotebar"):
        note += "; sizes are not known"

    def write(day: dt.date, part: col.Columns) -> None:
        source = SIMULATED if synthetic else SOURCE
        catalog.write(
            unit.instrument, unit.kind, day, part, source=source, synthetic=synthetic, note=note
        )

    first = unit.sessions[0].date
    if col.resolution(unit.kind) != "daily":
        write(first, columns)
        return {first}
    closes = {one.close_ns: one.date for one in unit.sessions}
    days = [closes[end] for end in cast(list[int], columns.ts_ns.tolist())]
    for year in sorted({day.year for day in days}):
        mine = np.array([day.year == year for day in days])
        write(dt.date(year, 1, 1), col.select(unit.kind, columns, mine))
    return set(days)


def _in_order(unit: Unit, rows: Sequence[BarRow]) -> list[BarRow]:
    """Keep the bars that belong to the unit, each once: pieces may overlap."""
    if col.resolution(unit.kind) == "daily":
        dates = {one.date for one in unit.sessions}
        mine = [one for one in rows if _date(one) in dates]
    else:
        start, end = unit.hours
        mine = [one for one in rows if start <= one.start_ns < end]
    return sorted({one.start_ns: one for one in mine}.values())


def _ends(unit: Unit, rows: Sequence[BarRow]) -> NDArray[np.int64]:
    """Stamp bars at their end; a daily bar ends with its session."""
    name = col.resolution(unit.kind)
    if name == "daily":
        closes = {one.date: one.close_ns for one in unit.sessions}
        return np.array([closes[_date(one)] for one in rows], np.int64)
    return np.array([one.start_ns for one in rows], np.int64) + col.SPAN_NS[name]


def _date(row: BarRow) -> dt.date:
    return dt.datetime.fromtimestamp(row.start_ns // SECOND_NS, dt.UTC).date()


def _prices(unit: Unit, spans: list[Span]) -> tuple[col.I32, col.I32, col.I32, col.I32]:
    columns = list(zip(*spans, strict=True)) or [(), (), (), ()]
    opened, high, low, close = (_units(unit, list(column)) for column in columns)
    return opened, high, low, close


def _units(unit: Unit, prices: list[float]) -> col.I32:
    scale = unit.instrument.price_scale
    # A print within a penny's fraction is kept to the nearest unit, as in every feed of IB.
    return float_units(np.array(prices, np.float64), scale, unit.name, 1, rounding=True)
