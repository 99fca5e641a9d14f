"""Import of csv files of any layout into the catalog."""

from __future__ import annotations

import datetime as dt
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from ikbr.data import columns as col
from ikbr.data import price_units
from ikbr.data.calendars import local_dates, sessions, timezone, trading_days
from ikbr.data.catalog import Catalog
from ikbr.data.catalog_files import first_line
from ikbr.data.csv_map import Mapped, complete_map, guess_kind
from ikbr.data.csv_times import GUESS, guess_format, is_date, parse_times
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument, SecType
from ikbr.domain.tape import NO_PRICE

if TYPE_CHECKING:
    import polars as pl

_DELIMITERS = ",;\t|"
_SIZES = {"size", "volume", "bid_size", "ask_size", "flags"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvLayout:
    """Say how a csv file is to be read.

    Attributes:
        symbol: The contract, as a person writes it.
        kind: One of `columns.KINDS`; empty to tell from the columns.
        mapping: Columns by field; what is left out is guessed. An empty bid or ask means that no
            quote stands on that side.
        zone: Time zone of texts without an offset; empty for the exchange's.
        ts_format: A strptime format, epoch-s, epoch-ms, epoch-us, epoch-ns, ms-of-day or guess.
        date: The day of times that have none.
        bar_stamp: Whether bars carry the time of their start or of their end.
        rounding: Take the nearest price unit where a price is finer.
    """

    symbol: str
    kind: str = ""
    mapping: Mapped = field(default_factory=dict)
    zone: str = ""
    ts_format: str = GUESS
    date: dt.date | None = None
    bar_stamp: Literal["start", "end"] = "start"
    rounding: bool = False


@dataclass(frozen=True, slots=True)
class CsvReport:
    """Tell how a file was understood and what was written."""

    symbol: str
    kind: str
    mapping: Mapped
    zone: str
    ts_format: str
    rows: int
    days: tuple[dt.date, ...]
    notes: tuple[str, ...] = ()


def import_csv(catalog: Catalog, path: Path, layout: CsvLayout) -> CsvReport:
    """Import one csv file; days in it replace those already there.

    Args:
        catalog: Where to write.
        path: The file, its first line naming the columns.
        layout: How to read it.

    Returns:
        How it was understood and what was written.

    Raises:
        DataError: When anything cannot be used; it names the line and nothing is written.
    """
    instrument = parse_contract(layout.symbol)
    frame = _read(path)
    try:
        return _import(catalog, path, frame, layout, instrument)
    except DataError as error:
        text = str(error)
        raise DataError(text if str(path) in text else f"file '{path}', {text}") from error


def _import(
    catalog: Catalog, path: Path, frame: pl.DataFrame, layout: CsvLayout, instrument: Instrument
) -> CsvReport:
    if not len(frame):
        raise DataError("no rows stand below the names of the columns; there is nothing to import.")
    kind = layout.kind or guess_kind(frame.columns, layout.mapping) or "print"
    mapping = complete_map("bar-minute" if kind == "bar" else kind, frame.columns, layout.mapping)
    times = frame[mapping["ts"][0]].str.strip_chars()
    for name in mapping["ts"][1:]:
        times = times + " " + frame[name].str.strip_chars()
    zone = layout.zone or timezone(instrument.calendar)
    ts_format = layout.ts_format
    if ts_format == GUESS:
        ts_format = guess_format(times, layout.date)
    ts = parse_times(times, ts_format, zone, layout.date)
    if kind == "bar":
        kind = f"bar-{_bar_length(ts)}"
    notes: list[str] = []
    arrays = _arrays(kind, frame, mapping, instrument, layout, notes)
    arrays["ts_ns"] = _ends(catalog, kind, ts, ts_format, zone, layout, instrument)
    columns = col.make_columns(kind, arrays)
    if len(columns) > 1 and (np.diff(columns.ts_ns) <= 0).all() and ts[0] > ts[-1]:
        columns = col.select(kind, columns, slice(None, None, -1))
        notes.append("newest first: turned round")
    written = _write(catalog, kind, columns, instrument, f"CSV {path.name}", "; ".join(notes))
    return CsvReport(
        instrument.symbol,
        kind,
        mapping,
        zone,
        ts_format,
        len(columns),
        written,
        tuple(notes),
    )


def _read(path: Path) -> pl.DataFrame:
    import polars as pl

    try:
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DataError(f"FILE '{path}' cannot be read ({error.strerror}).") from error
    header = data.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    if not header:
        raise DataError(f"file '{path}' is empty; its first line must name the columns.")
    delimiter = max(_DELIMITERS, key=header.count)
    cells = [cell.strip().strip('"') for cell in header.split(delimiter)]
    if any(cell.replace(".", "", 1).isdigit() for cell in cells):
        raise DataError(
            f"file '{path}', line 1: {header[:60]!r} does not name columns; "
            "put a line such as 'time,price,size' before it."
        )
    try:
        frame = pl.read_csv(data, separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"file '{path}' cannot be read as csv with delimiter {delimiter!r} "
            f"({first_line(error)})."
        ) from error
    return frame.rename({name: name.strip() for name in frame.columns})


def _arrays(
    kind: str,
    frame: pl.DataFrame,
    mapping: Mapped,
    instrument: Instrument,
    layout: CsvLayout,
    notes: list[str],
) -> dict[str, NDArray[np.generic]]:
    arrays: dict[str, NDArray[np.generic]] = {}
    for name in col.names(kind)[1:]:
        if name not in mapping:
            size = 0
            if name.endswith("_size"):
                size = 1_000_000 if instrument.sec_type == SecType.FOREX else 100
                notes.append(f"{name} assumed: {size:,}")
            arrays[name] = np.full(len(frame), size, col.DTYPES.get(name, np.int32))
            continue
        column = mapping[name][0]
        quoted = name.startswith(("bid", "ask"))
        numbers = _floats(frame[column], column, may_be_empty=quoted)
        if name in _SIZES:
            arrays[name] = _whole(numbers, column, name)
            continue
        empty = np.isnan(numbers)
        units = price_units.float_units(
            np.where(empty, 0.0, numbers) if quoted else numbers,
            instrument.price_scale,
            column,
            2,
            layout.rounding,
        )
        arrays[name] = np.where(empty, np.int32(NO_PRICE), units) if quoted else units
    if kind == "print" and "flags" in arrays:
        arrays["flags"] = (arrays["flags"] != 0).astype(np.uint8)
    return arrays


def _floats(text: pl.Series, column: str, *, may_be_empty: bool) -> NDArray[np.float64]:
    import polars as pl

    bare = text.str.strip_chars()
    bare = bare.set(bare == "", None)
    numbers = bare.cast(pl.Float64, strict=False)
    wrong = numbers.is_null() if not may_be_empty else numbers.is_null() & bare.is_not_null()
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        shown = "empty" if bare[row] is None else repr(bare[row])
        raise DataError(f"line {row + 2}: column {column!r} is {shown}, not a number.")
    return numbers.fill_null(float("nan")).to_numpy()


def _whole(numbers: NDArray[np.float64], column: str, name: str) -> NDArray[np.generic]:
    known = np.nan_to_num(numbers, nan=0.0)
    bad = np.flatnonzero(~((np.abs(known) < 2**53) & (known == np.rint(known))))
    if len(bad):
        row = int(bad[0])
        raise DataError(
            f"line {row + 2}: column {column!r} is {known[row]:g}, not a whole number of units."
        )
    whole = known.astype(np.int64)
    return whole if name in {"size", "volume"} else price_units.sizes(whole, column, 2)


def _bar_length(ts: NDArray[np.int64]) -> str:
    step = statistics.median(np.diff(ts).tolist()) if len(ts) > 1 else 0
    for name, span in col.SPAN_NS.items():
        # Weekends and pauses lengthen the median step, nothing shortens it.
        if span <= abs(step) < 5 * span:
            return name
    raise DataError(
        f"bars are {abs(step) / 1e9:g} s apart, of which kind they are is not clear; say so with "
        "--kind bar-second, bar-minute or bar-daily."
    )


def _ends(
    catalog: Catalog,
    kind: str,
    ts: NDArray[np.int64],
    ts_format: str,
    zone: str,
    layout: CsvLayout,
    instrument: Instrument,
) -> NDArray[np.int64]:
    """Stamp bars at their end; a daily bar ends with the session of its date."""
    resolution = col.resolution(kind)
    if resolution == "tick" or not len(ts):
        return ts
    starts_stamped = layout.bar_stamp == "start" or is_date(ts_format)
    if resolution != "daily":
        return ts + col.SPAN_NS[resolution] if starts_stamped else ts
    local = local_dates(ts if starts_stamped else ts - 1, zone)
    days = cast(list[dt.date], local.tolist())
    catalog.path.mkdir(parents=True, exist_ok=True)
    known = sessions(instrument.calendar, min(days), max(days), catalog.path)
    closes = {one.date: one.close_ns for one in known}
    for row, day in enumerate(days):
        if day not in closes:
            raise DataError(
                f"line {row + 2}: {day} is not a trading day of calendar {instrument.calendar}; "
                "check --tz and --ts-format, or remove the line."
            )
    return np.array([closes[day] for day in days], np.int64)


def _write(
    catalog: Catalog,
    kind: str,
    columns: col.Columns,
    instrument: Instrument,
    source: str,
    note: str,
) -> tuple[dt.date, ...]:
    if not len(columns):
        return ()
    shift = 0 if col.resolution(kind) == "tick" else 1
    local = trading_days(columns.ts_ns - shift, instrument.calendar)
    keys = local.astype("datetime64[Y]") if col.resolution(kind) == "daily" else local
    for key in np.unique(keys):
        part = col.select(kind, columns, keys == key)
        day = key.astype("datetime64[D]").item()
        catalog.write(instrument, kind, day, part, source=source, note=note)
    return tuple(cast(list[dt.date], np.unique(local).tolist()))
