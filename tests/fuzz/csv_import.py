"""CSV files: imported so that a check tells what cannot be, or refused with nothing written."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from tests.fuzz.allowed import accepted
from tests.fuzz.settings_file import _fast
from tests.fuzz.told import FAR_NS, check_told

from ikbr.data.catalog import Catalog
from ikbr.data.csv_map import parse_map
from ikbr.data.import_csv import CsvLayout, import_csv
from ikbr.data.quality import check


def feed(data: bytes) -> None:
    """Take the first line as the columns' map, the rest as the file."""
    first, _, rest = data.partition(b"\n")
    words = first.decode("utf-8", "replace").split()
    mapping = accepted(lambda: parse_map(words))
    with tempfile.TemporaryDirectory(dir=_fast()) as folder:
        path = Path(folder) / "one.csv"
        path.write_bytes(rest)
        catalog = Catalog(Path(folder) / "catalog")
        layout = CsvLayout(symbol="SPY", mapping=mapping or {}, rounding=True)
        report = accepted(lambda: import_csv(catalog, path, layout))
        if report is None:
            assert not list((Path(folder) / "catalog").rglob("*.parquet")), "written all the same"
            return
        for day in report.days:
            _check(catalog, report.symbol, report.kind, day)


def _check(catalog: Catalog, symbol: str, kind: str, day: object) -> None:
    columns = catalog.stored(symbol, kind, day)  # type: ignore[arg-type]
    assert len(columns) > 0
    assert (np.diff(columns.ts_ns) >= 0).all()
    check_told(columns, check(catalog, now_ns=FAR_NS))


def seeds() -> list[bytes]:
    """Give prints, quotes and bars."""
    return [
        b"\ntime,price,size\n2026-03-02 09:30:00,500.01,100\n2026-03-02 09:30:01,500.02,200\n",
        b"ts=when bid=b ask=a\nwhen,b,a,bs,as\n2026-03-02T14:30:00Z,500.0,500.01,1,2\n",
        b"\ndate,open,high,low,close,volume\n2026-03-02,1,2,0.5,1.5,1000\n",
        b"\ntimestamp,price,size\n1772461800,nan,1\n1772461801,inf,1\n",
    ]
