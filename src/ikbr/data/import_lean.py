"""Import of LEAN data folders into the catalog."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ikbr.data import columns as col
from ikbr.data.calendars import sessions, timezone, trading_days
from ikbr.data.catalog import Catalog
from ikbr.data.factor_files import parse_factor_file
from ikbr.data.lean_files import LeanFile, find_files, read_member
from ikbr.data.lean_parse import Parsed, parse
from ikbr.data.wall_clock import DAY_NS, midnight, wall_to_utc
from ikbr.domain.session import Session

Progress = Callable[[int, int, str], None]
"""Told files done, files in all, and the name of the next one."""


@dataclass(slots=True)
class ImportReport:
    """Count what an import did.

    Attributes:
        files: Files read.
        rows: Rows written by (symbol, kind).
        actions: Splits and dividends written.
        notes: What was left out or assumed.
        unused: Files that could not be used.
    """

    files: int = 0
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    actions: int = 0
    notes: list[str] = field(default_factory=list)
    unused: list[Path] = field(default_factory=list)


def import_lean(catalog: Catalog, path: Path, progress: Progress | None = None) -> ImportReport:
    """Import everything usable under a LEAN path; days already there are replaced.

    Args:
        catalog: Where to write.
        path: A LEAN data folder, a folder within it, or one file.
        progress: Told before each file.

    Returns:
        What was done.

    Raises:
        DataError: At the first file that cannot be used: nothing of it is written, files
            before it are.
    """
    files, unused = find_files(path)
    report = ImportReport(unused=unused)
    there = catalog.path.exists()
    try:
        _import_all(catalog, files, report, progress)
    except BaseException:
        if not there:
            # A failed first import leaves no empty catalog; one that holds something stays.
            with suppress(OSError):
                catalog.path.rmdir()
        raise
    return report


def _import_all(
    catalog: Catalog, files: Sequence[LeanFile], report: ImportReport, progress: Progress | None
) -> None:
    for number, file in enumerate(files):
        if progress is not None:
            progress(number, len(files), f"{file.instrument.symbol} {file.path.stem}")
        _import_file(catalog, file, report)
        report.files += 1
    if progress is not None:
        progress(len(files), len(files), "done")


def _import_file(catalog: Catalog, file: LeanFile, report: ImportReport) -> None:
    catalog.path.mkdir(parents=True, exist_ok=True)

    def sessions_of(first: dt.date, last: dt.date) -> tuple[Session, ...]:
        return sessions(file.instrument.calendar, first, last, catalog.path)

    symbol = file.instrument.symbol
    if file.kind == "actions":
        actions = parse_factor_file(file.path, symbol, file.zone, sessions_of)
        catalog.write_actions(symbol, actions)
        report.actions += len(actions)
        return
    parsed = parse(file, read_member(file.path), sessions_of)
    _store(catalog, file, parsed)
    report.rows[symbol, file.kind] += len(parsed.columns)
    if parsed.note:
        report.notes.append(f"{symbol} {file.kind} {file.day}: {parsed.note}")


def _store(catalog: Catalog, file: LeanFile, parsed: Parsed) -> None:
    zone = timezone(file.instrument.calendar)
    # Bars are stamped at their end, so the one ending at midnight belongs to the day before.
    shift = 0 if file.kind in {"quote", "print"} else 1
    local = trading_days(parsed.columns.ts_ns - shift, file.instrument.calendar)
    daily = file.kind == "bar-daily"
    keys = local.astype("datetime64[Y]") if daily else local
    for key in np.unique(keys):
        part = parsed.columns
        if keys[0] != keys[-1]:
            part = col.select(file.kind, part, keys == key)
        day = key.astype("datetime64[D]").item()
        if not daily and zone != file.zone:
            part = _spliced(catalog, file, day, part)
        catalog.write(file.instrument, file.kind, day, part, source=file.source, note=parsed.note)


def _spliced(catalog: Catalog, file: LeanFile, day: dt.date, fresh: col.Columns) -> col.Columns:
    """Join rows with what other files gave of the same day.

    A file whose midnight is not the catalog's covers parts of two days, and each day is made of
    two files; importing one of them again must replace its own part only.
    """
    if day not in catalog.days(file.instrument.symbol, file.kind):
        return fresh
    assert file.day is not None
    old = catalog.read(file.instrument.symbol, file.kind, day, suspicious=True, stored_order=True)
    start, end = wall_to_utc(
        np.array([midnight(file.day), midnight(file.day) + DAY_NS], np.int64), file.zone
    ).tolist()
    shift = 0 if file.kind in {"quote", "print"} else 1
    before = old.ts_ns - shift < start
    after = old.ts_ns - shift >= end
    return col.concat(
        file.kind, [col.select(file.kind, old, before), fresh, col.select(file.kind, old, after)]
    )
