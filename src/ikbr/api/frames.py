"""Frames of pandas or polars as market data, read by the rules of `ikbr data import csv`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ikbr.data.catalog import Catalog
from ikbr.data.import_csv import CsvLayout, import_csv
from ikbr.domain.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True, slots=True)
class FrameCatalog:
    """Hold a passing catalog made of frames.

    Attributes:
        catalog: It; its folder goes when the run ends.
        resolution: Of all the frames.
        feed: trades or quotes, or both where frames of both kinds were given.
    """

    catalog: Catalog
    resolution: str
    feed: str


def catalog_of_frames(data: Any, symbols: Sequence[str], stack: ExitStack) -> FrameCatalog:
    """Import frames into a catalog that lasts as long as the run.

    Columns are named as in csv files (time, price and size; bid and ask; open, high, low, close,
    volume). The time may be pandas' index; one without a zone is the exchange's local time.

    Args:
        data: A frame, for a single symbol; or frames by symbol, several of one in a list.
        symbols: Whose the single frame is.
        stack: Removes the folder.

    Returns:
        The catalog.

    Raises:
        UsageError: When it is no frame, or the symbol of a single frame is not given.
        DataError: When a frame cannot be read.
    """
    by_symbol = data if isinstance(data, Mapping) else _of_one(data, symbols)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ikbr-")))
    catalog = Catalog(folder / "catalog")
    kinds = set()
    for symbol, frames in by_symbol.items():
        for frame in frames if isinstance(frames, list | tuple) else [frames]:
            path = folder / "frame.csv"
            _write_csv(frame, path, symbol)
            try:
                report = import_csv(catalog, path, CsvLayout(symbol=symbol, rounding=True))
            except DataError as error:
                text = str(error).removeprefix(f"file '{path}', ")
                raise DataError(f"frame of {symbol}: {text}") from error
            kinds.add(report.kind)
    return FrameCatalog(catalog, *_resolution(kinds))


def _of_one(frame: Any, symbols: Sequence[str]) -> dict[str, Any]:
    if len(symbols) != 1:
        raise UsageError(
            f"data is a single frame and {len(symbols)} symbols are given; name the one that it "
            f"is of, or give frames by symbol: data={{'SPY': frame}}."
        )
    return {symbols[0]: frame}


def _write_csv(frame: Any, path: Path, symbol: str) -> None:
    """Write a frame with times that are unmistakable: those with a zone as ns since 1970 UTC."""
    library = type(frame).__module__.partition(".")[0]
    if library == "pandas" and hasattr(frame, "columns"):
        if frame.columns.nlevels > 1:
            raise UsageError(
                f"data of {symbol} has columns of {frame.columns.nlevels} levels; give one frame "
                f"per symbol, as frame.xs({symbol!r}, axis=1, level=1)."
            )
        _write_pandas(frame, path)
    elif library == "polars" and hasattr(frame, "write_csv"):
        _write_polars(frame, path, symbol)
    else:
        raise UsageError(
            f"data of {symbol} is of type {type(frame).__name__}; give the folder of a catalog, a "
            f"tape, or a pandas or polars frame."
        )


def _write_pandas(frame: pd.DataFrame, path: Path) -> None:
    import pandas as pd

    if isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.reset_index(names="ts")
    zoned = {
        name: frame[name].dt.as_unit("ns").astype("int64")
        for name, kind in frame.dtypes.items()
        if isinstance(kind, pd.DatetimeTZDtype)
    }
    frame.assign(**{str(name): values for name, values in zoned.items()}).to_csv(path, index=False)


def _write_polars(frame: pl.DataFrame, path: Path, symbol: str) -> None:
    import polars as pl

    zoned = [
        name
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.Datetime) and kind.time_zone is not None
    ]
    try:
        frame.with_columns(pl.col(name).dt.epoch("ns") for name in zoned).write_csv(path)
    except pl.exceptions.PolarsError as error:
        raise UsageError(
            f"data of {symbol} cannot be read ({error}); give columns of numbers, texts and times."
        ) from error


def _resolution(kinds: set[str]) -> tuple[str, str]:
    resolutions = {kind.partition("-")[2] or "tick" for kind in kinds}
    if len(resolutions) != 1:
        raise DataError(
            f"the frames hold {', '.join(sorted(kinds)) or 'nothing'}; give ticks, or bars of one "
            f"length."
        )
    quoted = {kind.startswith("quote") for kind in kinds}
    feed = "both" if len(quoted) > 1 else "quotes" if True in quoted else "trades"
    return resolutions.pop(), feed
