"""The supplied real ticks as a tape of plain arrays: BAC, quotes and prints, two sessions."""

from __future__ import annotations

from pathlib import Path

from tapes import describe, write_pieces

from ikbr.data.catalog import Catalog
from ikbr.data.import_lean import import_lean
from ikbr.data.tape_source import CatalogSource, select_days

SAMPLE = Path(__file__).resolve().parents[2] / "shared/data/lean/equity/usa/tick/bac"
THRESHOLDS = {"some": 0.0012, "dense": 0.0006, "none": 0.5}
FEES_AS_OF = "2026-03-02"
"""The fee table begins after these sessions of 2013."""


def make_lean_tape(folder: Path) -> Path:
    """Write the tape.

    Args:
        folder: Where to put it.

    Returns:
        The folder of the tape.
    """
    place = folder / "tape-bac"
    place.mkdir()
    catalog = Catalog(folder / "catalog-bac")
    import_lean(catalog, SAMPLE)
    source = CatalogSource(catalog, ["BAC"], select_days(catalog, ["BAC"]))
    rows = sum(len(piece) for piece in source.chunks())
    write_pieces(place, rows, source.chunks())
    describe(place, source, rows=rows, thresholds=THRESHOLDS, digits=4)
    return place
