"""Compare reading ticks from the catalog with reading the same arrays from `.npy` files.

    venv/bin/python benchmarks/catalog_read.py [ROWS]

Prints the best of nine warm readings of each, taken in turns, and the ratio (goal: at most 3).
Prices walk, times and sizes are random: no column is easier to store than real ones.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ikbr.data.calendars import to_ns
from ikbr.data.catalog import Catalog
from ikbr.data.columns import Columns, PrintColumns, QuoteColumns, names
from ikbr.domain.contracts import parse_contract

DAY = dt.date(2013, 10, 7)
ROUNDS = 9
GOAL = 3.0


def made(kind: str, rows: int) -> Columns:
    random = np.random.default_rng(1)
    start = to_ns(dt.datetime(2013, 10, 7, 13, 30, tzinfo=dt.UTC))
    ts = start + np.cumsum(random.integers(0, 2 * 23_400 * 10**9 // rows, rows))
    price = (1_674_100 + np.cumsum(random.integers(-1, 2, rows)) * 100).astype(np.int32)
    size, other = (random.integers(1, 5_000, rows).astype(np.int32) for _ in range(2))
    if kind == "print":
        return PrintColumns(ts, price, size.astype(np.int64), np.zeros(rows, np.uint8))
    return QuoteColumns(ts, price, price + 100, size, other)


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(kind: str, rows: int, folder: Path) -> float:
    catalog = Catalog(folder / "catalog")
    columns = made(kind, rows)
    path = catalog.write(
        parse_contract("SPY"), kind, DAY, columns, source="benchmark", synthetic=True
    )
    arrays = {name: folder / f"{kind}-{name}.npy" for name in names(kind)}
    for name, file in arrays.items():
        np.save(file, getattr(columns, name))

    def numpy_files() -> object:
        return [np.load(file) for file in arrays.values()]

    def parquet() -> object:
        return catalog.read("SPY", kind, DAY)

    pairs = [(timed(numpy_files), timed(parquet)) for _ in range(ROUNDS)]
    base, ours = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    ratio = ours / base
    print(
        f"{rows:,} {kind} rows: npy {base * 1e3:.1f} ms, catalog {ours * 1e3:.1f} ms, "
        f"ratio {ratio:.2f} (goal {GOAL:g}), file {path.stat().st_size / 1e6:.0f} MB"
    )
    return ratio


def main() -> int:
    rows = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 5_000_000
    with tempfile.TemporaryDirectory() as folder:
        ratios = [compare(kind, rows, Path(folder)) for kind in ("quote", "print")]
    return 0 if max(ratios) <= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
