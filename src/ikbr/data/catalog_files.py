"""Files of the catalog: written whole or not at all, read without copying."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ikbr.data.atomic import Replacing
from ikbr.data.catalog_meta import FileMeta
from ikbr.domain.errors import DataError


def write_frame(path: Path, arrays: Mapping[str, NDArray[np.generic]], about: FileMeta) -> None:
    """Write columns as one Parquet file, atomically.

    Args:
        path: The file; its folder is made.
        arrays: Columns by name, of one length.
        about: Kept in the file's own metadata.
    """
    import polars as pl

    frame = pl.DataFrame({name: np.ascontiguousarray(values) for name, values in arrays.items()})
    with Replacing(path) as temporary:
        frame.write_parquet(
            temporary,
            compression="uncompressed",
            # One row group gives one buffer per column, which numpy can view without a copy.
            row_group_size=max(len(frame), 1),
            statistics=False,
            metadata=about.to_parquet(),
        )


def read_frame(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    """Read columns of a Parquet file as numpy arrays, viewing polars' buffers where possible.

    Raises:
        DataError: When the file is broken or lacks a column.
    """
    import polars as pl

    try:
        frame = pl.read_parquet(path, columns=list(names))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"catalog file '{path}' cannot be read ({first_line(error)}); "
            "delete it and import that day again."
        ) from error
    return {name: frame[name].to_numpy() for name in names}


def first_line(error: Exception) -> str:
    r"""Shorten a library's message to its first line.

    >>> first_line(ValueError("bad\ndetails"))
    'bad'
    """
    return (str(error).splitlines() or [type(error).__name__])[0]
