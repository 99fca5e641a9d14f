"""The files of a walk-forward: Parquet, HTML and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ikbr.api.outputs import Outputs
from ikbr.api.sweep_outputs import write_text, writing
from ikbr.backtest.optimise.metrics import metric_names
from ikbr.backtest.validation.as_json import walk_to_json
from ikbr.backtest.validation.walked import Walked

WINDOWS = "windows.parquet"
OUT_OF_SAMPLE = "out_of_sample.parquet"
RUNS = "results.parquet"
REPORT = "report.html"


def write_walk(walked: Walked, outputs: Outputs) -> Path:
    """Write everything: Parquet and report into the folder, and what was asked for.

    Args:
        walked: What the walk gave.
        outputs: Further files.

    Returns:
        The path of the report.

    Raises:
        UsageError: When a file cannot be written.
    """
    from ikbr.backtest.validation.report import render_walk

    page = render_walk(walked)
    tables = {WINDOWS: _windows(walked), OUT_OF_SAMPLE: _days(walked), RUNS: _runs(walked)}
    for name, rows in tables.items():
        with writing(walked.folder / name) as temporary:
            _parquet(rows, temporary)
    for path in (walked.folder / REPORT, outputs.report):
        if path is not None:
            write_text(path, page)
    if outputs.json is not None:
        write_text(outputs.json, walk_text(walked) + "\n")
    return walked.folder / REPORT


def walk_text(walked: Walked) -> str:
    """Write a walk-forward as JSON text."""
    return json.dumps(walk_to_json(walked), indent=1, allow_nan=False)


def _windows(walked: Walked) -> list[dict[str, Any]]:
    return [
        {
            "window": one.number,
            "train_first": one.train.first,
            "train_last": one.train.last,
            "test_first": one.test.first,
            "test_last": one.test.last,
            **_parameters(walked, one.parameters or {}),
            "in_sample": one.in_sample,
            "out_of_sample": one.out_of_sample,
            "train_pnl": one.train_pnl,
            "test_pnl": one.test_pnl,
            "efficiency": one.efficiency,
            "fills": one.fills,
            "note": one.note,
        }
        for one in walked.windows
    ]


def _days(walked: Walked) -> list[dict[str, Any]]:
    stitched = walked.stitched
    window = {
        walked.layout.dates[session]: one.number
        for one in walked.layout.windows
        for session in range(*one.test)
    }
    return [
        {"session": day, "equity": equity, "window": window[day]}
        for day, equity in zip(stitched.days, stitched.equity, strict=True)
    ]


def _runs(walked: Walked) -> list[dict[str, Any]]:
    layout, names = walked.layout, metric_names()
    judging = {layout.judging(window) for window in layout.windows}
    return [
        {
            "number": number,
            "window": layout.place_of(number),
            "part": "out of sample" if number in judging else "in sample",
            "first": one.span.first if one.span is not None else layout.dates[0],
            "last": one.span.last if one.span is not None else layout.dates[-1],
            **_parameters(walked, one.parameters),
            **{name: one.metrics.get(name) for name in names},
            "fill_hash": one.fill_hash,
            "seconds": one.seconds,
            "path": one.path,
            "error": one.error,
        }
        for number, one in walked.outcomes.items()
    ]


def _parameters(walked: Walked, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the varied parameters under names that no figure has."""
    return {f"param.{name}": values.get(name) for name in walked.grid.names}


def _parquet(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    import polars as pl

    columns = {name: [row[name] for row in rows] for name in rows[0]}
    pl.DataFrame(
        {name: _column(values) for name, values in columns.items()}, strict=False
    ).write_parquet(path)


def _column(values: list[Any]) -> list[Any]:
    """Turn values of different types, and lists, into text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float} or (len(kinds) <= 1 and not kinds & {list, tuple}):
        return values
    return [None if value is None else str(value) for value in values]
