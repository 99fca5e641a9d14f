"""Catalogs in which the past is as it was and the rest is not."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from ikbr.data import columns as col
from ikbr.data.catalog import Catalog
from ikbr.data.tape_source import USUAL_DAY_NS
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE

Change = Literal["cut off", "mirrored", "late"]
"""What becomes of the data: nothing follows the cut; every move after it goes the other way;
or it begins only there."""

HORIZON_DAYS = 7
"""Days after a cut that a changed catalog still holds; later ones are left out, so that a large
catalog need not be written anew for every cut."""

_BARS = ("open", "high", "low", "close")


def other_world(
    catalog: Catalog,
    folder: Path,
    symbols: Sequence[str],
    sessions: Sequence[Session],
    cut_ns: int,
    change: Change,
) -> Catalog:
    """Make a catalog that differs from another one on one side of a moment only.

    Symbols that are not named stay as they are. Files without a change are links.

    Args:
        catalog: The catalog; it is only read.
        folder: A folder of the new one; it must be empty.
        symbols: Whose data changes.
        sessions: Those of the run.
        cut_ns: The moment, ns UTC: rows at or after it change; with "late" rows before it go.
        change: What becomes of them.

    Returns:
        The new catalog.
    """
    world = Catalog(folder)
    names = {symbol.replace(" ", "_"): symbol for symbol in symbols}
    for place in sorted(catalog.path.iterdir()):
        if place.name in names:
            _change_symbol(catalog, world, names[place.name], sessions, cut_ns, change)
        else:
            _link(place, folder / place.name)
    return world


def _change_symbol(
    catalog: Catalog,
    world: Catalog,
    symbol: str,
    sessions: Sequence[Session],
    cut_ns: int,
    change: Change,
) -> None:
    place = symbol.replace(" ", "_")
    (world.path / place).mkdir(parents=True)
    for file in (catalog.path / place).iterdir():
        if file.is_file():
            shutil.copy(file, world.path / place / file.name)
    changed = next((s.date for s in sessions if s.close_ns >= cut_ns), sessions[-1].date)
    horizon = changed + dt.timedelta(days=HORIZON_DAYS)
    for kind in catalog.kinds(symbol):
        pivot = None
        for day in _files(catalog, symbol, kind):
            years = col.resolution(kind) == "daily"
            first, last = (
                (dt.date(day.year, 1, 1), dt.date(day.year, 12, 31)) if years else (day, day)
            )
            path = (
                catalog.path
                / place
                / kind
                / (f"{day.year:04d}.parquet" if years else f"{day}.parquet")
            )
            # A day's rows may reach into the next date in UTC, hence a day of room.
            if (last < changed) if change != "late" else (first > changed):
                _link(path, world.path / place / kind / path.name)
                continue
            if first > horizon:
                continue
            stored = catalog.stored(symbol, kind, day)
            starts = _starts(catalog, symbol, kind, stored)
            made, pivot = _changed(kind, stored, starts, cut_ns, change, pivot)
            about = catalog.file_meta(symbol, kind, day)
            if len(made) or first <= changed:
                world.write(
                    catalog.instrument(symbol), kind, day, made,
                    source=about.source, synthetic=about.synthetic, note=about.note,
                )  # fmt: skip


def _files(catalog: Catalog, symbol: str, kind: str) -> list[dt.date]:
    """Name a day in each file."""
    days = catalog.days(symbol, kind)
    if col.resolution(kind) != "daily":
        return list(days)
    return [min(day for day in days if day.year == year) for year in sorted({d.year for d in days})]


def _starts(
    catalog: Catalog, symbol: str, kind: str, stored: col.Columns
) -> NDArray[np.int64] | None:
    """Give the starts of bars; None for ticks."""
    resolution = col.resolution(kind)
    if resolution == "tick":
        return None
    if resolution != "daily" or not len(stored):
        return stored.ts_ns - col.SPAN_NS[resolution]
    ends = stored.ts_ns.tolist()
    days = [dt.datetime.fromtimestamp(ts // 10**9, dt.UTC).date() for ts in (ends[0], ends[-1])]
    around = dt.timedelta(days=2)
    known = catalog.sessions(symbol, min(days) - around, max(days) + around)
    opens = {session.close_ns: session.open_ns for session in known}
    return np.array([opens.get(end, end - USUAL_DAY_NS) for end in ends], np.int64)


def _changed(
    kind: str,
    stored: col.Columns,
    starts: NDArray[np.int64] | None,
    cut_ns: int,
    change: Change,
    pivot: int | None,
) -> tuple[col.Columns, int | None]:
    """Change one file's rows; give the price around which they are mirrored, too."""
    begins = stored.ts_ns if starts is None else starts
    if change == "late":
        return col.select(kind, stored, begins >= cut_ns), None
    # A bar is over one nanosecond before its end: its last row on a tape stands there.
    over = stored.ts_ns < cut_ns if starts is None else stored.ts_ns <= cut_ns
    if over.any():
        pivot = _level(kind, col.select(kind, stored, over)) or pivot
    running = ~over & (begins < cut_ns)
    if starts is not None and running.any():
        # Of a bar that runs, only the open is known, and no more than that may stay.
        known = starts + (stored.ts_ns - starts) // 3 < cut_ns
        running &= ~known
        over |= known
    arrays = {name: getattr(stored, name).copy() for name in col.names(kind)}
    if running.any():
        _close_at_open(kind, arrays, running, mirrored=change == "mirrored")
    if change == "cut off":
        return col.select(kind, col.make_columns(kind, arrays), over | running), pivot
    after = ~over & ~running
    if after.any():
        if pivot is None:
            pivot = _level(kind, col.select(kind, stored, np.flatnonzero(after)[:1]))
        _mirror(kind, arrays, after, pivot or 0)
    return col.make_columns(kind, arrays), pivot


def _level(kind: str, rows: col.Columns) -> int | None:
    """Give the newest price level of some rows."""
    place = int(np.argmax(rows.ts_ns[::-1] == rows.ts_ns.max()))
    values: dict[str, int] = {
        name: int(getattr(rows, name)[::-1][place]) for name in col.names(kind)
    }
    sides = [values[name] for name in _level_names(kind) if values[name] != NO_PRICE]
    return sum(sides) // len(sides) if sides else None


def _level_names(kind: str) -> tuple[str, ...]:
    if kind == "quote":
        return ("bid", "ask")
    if kind.startswith("quotebar"):
        return ("bid_close", "ask_close")
    return ("price",) if kind == "print" else ("close",)


def _groups(kind: str) -> tuple[tuple[str, ...], ...]:
    """Name the columns of a bar of each side."""
    if kind.startswith("quotebar"):
        return tuple(tuple(f"{side}_{name}" for name in _BARS) for side in ("bid", "ask"))
    return (_BARS,)


def _close_at_open(
    kind: str, arrays: dict[str, NDArray[Any]], rows: NDArray[np.bool_], *, mirrored: bool
) -> None:
    for opened, high, low, close in _groups(kind):
        first = arrays[opened][rows].astype(np.int64)
        old = [arrays[name][rows].astype(np.int64) for name in (low, high, close)]
        for name, values in zip((high, low, close), old, strict=True):
            made = np.maximum(2 * first - values, 1) if mirrored else first
            arrays[name][rows] = np.where(first == NO_PRICE, NO_PRICE, made)


def _mirror(
    kind: str, arrays: dict[str, NDArray[Any]], rows: NDArray[np.bool_], pivot: int
) -> None:
    """Turn every move around a price; sizes change places in time."""
    partners = _partners(kind)
    old = {name: arrays[name][rows].astype(np.int64) for name in partners}
    for name, partner in partners.items():
        made = np.maximum(2 * pivot - old[partner], 1)
        arrays[name][rows] = np.where(old[partner] == NO_PRICE, NO_PRICE, made)
    for name in ("size", "volume", "bid_size", "ask_size"):
        if name in arrays:
            values = arrays[name][rows]
            # A size of 0 marks what is no print; it stays where it is.
            real = values > 0
            values[real] = values[real][::-1]
            arrays[name][rows] = values


def _partners(kind: str) -> dict[str, str]:
    """Say which column each price column is mirrored from: what was high becomes low."""
    if kind == "print":
        return {"price": "price"}
    if kind == "quote":
        return {"bid": "ask", "ask": "bid"}
    turned = {"open": "open", "high": "low", "low": "high", "close": "close"}
    if kind.startswith("quotebar"):
        other = {"bid": "ask", "ask": "bid"}
        return {f"{s}_{n}": f"{other[s]}_{m}" for s in other for n, m in turned.items()}
    return turned


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(source.resolve())
    except OSError:
        # Some systems let only administrators make links.
        copy = shutil.copytree if source.is_dir() else shutil.copy
        cast(Any, copy)(source, target)
