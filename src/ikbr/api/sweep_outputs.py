"""The files of a sweep: Parquet, HTML and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ikbr.api.outputs import Outputs
from ikbr.backtest.optimise.as_json import sweep_to_json
from ikbr.backtest.optimise.swept import Swept
from ikbr.data.atomic import Replacing
from ikbr.domain.errors import UsageError

PARQUET = "results.parquet"
REPORT = "report.html"


def write_sweep(swept: Swept, outputs: Outputs) -> Path:
    """Write everything: Parquet and report into the sweep's folder, and what was asked for.

    Args:
        swept: The sweep.
        outputs: Further files.

    Returns:
        The path of the report.

    Raises:
        UsageError: When a file cannot be written.
    """
    from ikbr.backtest.optimise.report import render_sweep

    page = render_sweep(swept)
    with writing(swept.folder / PARQUET) as temporary:
        _parquet(swept, temporary)
    for path in (swept.folder / REPORT, outputs.report):
        if path is not None:
            write_text(path, page)
    if outputs.json is not None:
        write_text(outputs.json, sweep_text(swept) + "\n")
    return swept.folder / REPORT


def sweep_text(swept: Swept) -> str:
    """Write a sweep as JSON text."""
    return json.dumps(sweep_to_json(swept), indent=1, allow_nan=False)


def _parquet(swept: Swept, path: Path) -> None:
    import polars as pl

    # Values of different types in one parameter (none beside numbers is fine) become text.
    pl.DataFrame(
        {name: _column(values) for name, values in swept.columns().items()}, strict=False
    ).write_parquet(path)


def _column(values: list[object]) -> list[object]:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1 or kinds == {int, float}:
        return values
    return [None if value is None else str(value) for value in values]


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a temporary file that takes another's place.

    Raises:
        UsageError: When that cannot be written.
    """
    try:
        with Replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise UsageError(
            f"'{path}' cannot be written ({error.strerror or error}); the runs are kept: repeat "
            f"the command when it can be, or with other files."
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        UsageError: When it cannot be written.
    """
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")
