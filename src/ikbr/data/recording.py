"""Recordings under way: rows that grow in plain files, until they are moved into the catalog.

`.recording/<symbol>/<kind>/<YYYY-MM-DD>.rows` in the catalog's folder holds rows of fixed length,
so that a row which a kill cut short is known and left out.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ikbr.data import catalog_meta as meta
from ikbr.data import columns as col
from ikbr.data.catalog import Catalog
from ikbr.domain.instrument import Instrument

PRINT, QUOTE = "print", "quote"
SOURCE = "recorded live"

DTYPES: dict[str, np.dtype[np.void]] = {
    kind: np.dtype([(name, col.DTYPES.get(name, np.int32)) for name in col.names(kind)])
    for kind in (PRINT, QUOTE)
}
"""The rows of each kind of file."""


class Recording:
    """Append to the files of a catalog's recording, and merge them into it.

    Attributes:
        folder: Where the files are.
        kept_apart: Files that were not merged, as the catalog has that day from elsewhere.
    """

    def __init__(self, catalog: Catalog) -> None:
        """Look at nothing yet."""
        self._catalog = catalog
        self.folder = catalog.path / ".recording"
        self.kept_apart: list[Path] = []

    def introduce(self, instrument: Instrument, synthetic: bool) -> None:
        """Note what a symbol is, for a merge after a crash."""
        folder = self.folder / meta.safe_name(instrument.symbol)
        meta.write_card(folder, meta.Card(instrument, SOURCE, synthetic))

    def append(self, symbol: str, kind: str, day: dt.date, rows: NDArray[np.void]) -> None:
        """Add rows to the file of a day; all of them, or in the end none.

        Raises:
            OSError: When the disk takes them not.
        """
        path = self._path(symbol, kind, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            before = file.tell()
            try:
                file.write(rows.tobytes())
                file.flush()
            except OSError:
                os.ftruncate(file.fileno(), before)
                raise

    def merge_all(self) -> None:
        """Move everything into the catalog."""
        for path in sorted(self.folder.glob("*/*/*.rows")):
            card = meta.read_card(path.parents[1])
            if card is not None:
                self._merge(card, path)

    def merge(self, symbol: str, kind: str, day: dt.date) -> None:
        """Move a day into the catalog."""
        card = meta.read_card(self.folder / meta.safe_name(symbol))
        path = self._path(symbol, kind, day)
        if card is not None and path.exists():
            self._merge(card, path)

    def _merge(self, card: meta.Card, path: Path) -> None:
        kind, day, symbol = (
            path.parent.name,
            dt.date.fromisoformat(path.stem),
            card.instrument.symbol,
        )
        size = DTYPES[kind].itemsize
        whole = path.stat().st_size // size
        rows = np.fromfile(path, DTYPES[kind], count=whole)
        # A row that was cut short must not shift those that are added later.
        os.truncate(path, whole * size)
        rows = rows[np.argsort(rows["ts_ns"], kind="stable")]
        columns = col.make_columns(kind, {name: rows[name].copy() for name in col.names(kind)})
        if day in self._catalog.days(symbol, kind):
            if self._catalog.file_meta(symbol, kind, day).source != SOURCE:
                self.kept_apart.append(path)
                return
            known = self._catalog.stored(symbol, kind, day)
            # A kill between writing and removing leaves rows in both places.
            fresh = columns.ts_ns > known.ts_ns[-1]
            columns = col.concat(kind, [known, col.select(kind, columns, fresh)])
        if len(columns):
            self._catalog.write(
                card.instrument, kind, day, columns, source=SOURCE, synthetic=card.synthetic
            )
        path.unlink()

    def _path(self, symbol: str, kind: str, day: dt.date) -> Path:
        return self.folder / meta.safe_name(symbol) / kind / f"{day.isoformat()}.rows"
