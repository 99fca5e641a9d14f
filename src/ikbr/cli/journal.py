"""`ikbr journal`: look into a journal, ask it questions, check that nobody changed it."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import polars as pl

    from ikbr.journal.concerns import Selection
    from ikbr.journal.records import Record

app = typer.Typer(help="Look into a journal, query it and verify it.", no_args_is_help=True)

NOT_CLOSED, TAMPERED = 1, 3
LOOK_EVERY_S = 0.2

Where = Annotated[
    Path, typer.Argument(metavar="PATH", help="A journal file, or the folder of live sessions.")
]
Kind = Annotated[list[str] | None, typer.Option(help="Only this kind of record (may be repeated).")]
Symbol = Annotated[str | None, typer.Option(help="Only what concerns this symbol.")]
OrderId = Annotated[int | None, typer.Option(help="Only what concerns this order id.")]
Since = Annotated[str | None, typer.Option(help="Only from this time on (UTC).")]
Until = Annotated[str | None, typer.Option(help="Only up to this time (UTC).")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


@app.command()
def show(
    path: Where,
    kind: Kind = None,
    symbol: Symbol = None,
    order: OrderId = None,
    since: Since = None,
    until: Until = None,
    last: Annotated[int, typer.Option(min=0, help="Only the last N that fit; 0 for all.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Print the records of a journal."""
    from ikbr.journal.reader import read_located

    selection = _selection(kind, symbol, order, since, until)
    chosen: Iterable[tuple[str, Record]] = selection.of(read_located(path))
    _print(deque(chosen, maxlen=min(last, sys.maxsize)) if last else chosen, as_json)


@app.command()
def tail(
    path: Where,
    kind: Kind = None,
    symbol: Symbol = None,
    order: OrderId = None,
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="How many at first.")] = 10,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is written meanwhile.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the last records of a journal, and on request those to come."""
    from ikbr.journal.follow import Follow

    selection = _selection(kind, symbol, order, None, None)
    following = Follow(path)
    _print(deque(selection.of(following.new()), maxlen=min(last, sys.maxsize)), as_json)
    while follow:
        sys.stdout.flush()
        time.sleep(LOOK_EVERY_S)
        _print(selection.of(following.new()), as_json)


@app.command()
def query(
    path: Where,
    sql: Annotated[str, typer.Argument(metavar="SQL", help='Such as "SELECT * FROM fills".')],
    as_json: AsJson = False,
) -> None:
    """Answer a question in SQL.

    Every kind of record is a table (fills, intents, updates, …); `records` holds all of them.
    """
    from ikbr.journal.reader import read_located
    from ikbr.journal.tables import iterate, run_query

    frame = run_query(read_located(path), sql)
    if as_json:
        for row in iterate(frame):
            typer.echo(json.dumps(_plain(row), allow_nan=False, default=str))
    else:
        typer.echo(_drawn(frame))


@app.command()
def export(
    path: Where,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A new .parquet, .csv or .jsonl file.")
    ],
    table: Annotated[str, typer.Option(help="Which table.")] = "records",
    sql: Annotated[str | None, typer.Option(help="What a query gives, instead of a table.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a table of a journal, or the answer to a query, to a file."""
    from ikbr.data.atomic import Replacing
    from ikbr.domain.errors import UsageError
    from ikbr.journal.reader import read_located
    from ikbr.journal.tables import make_tables, run_query

    if out.suffix not in _WRITERS:
        raise UsageError(f"'{out}': the name has to end in .parquet, .csv or .jsonl.")
    if out.exists():
        raise UsageError(f"'{out}' exists and is not overwritten; choose another name.")
    records = read_located(path)
    frame = run_query(records, sql) if sql else make_tables(records, [table])[table]
    try:
        with Replacing(out) as temporary:
            _WRITERS[out.suffix](frame, temporary)
    except OSError as error:
        raise UsageError(f"'{out}' cannot be written ({error.strerror or error}).") from None
    if as_json:
        typer.echo(json.dumps({"file": str(out), "rows": frame.height}))
    else:
        typer.echo(f"{out}: {frame.height} rows.")


@app.command()
def verify(path: Where, as_json: AsJson = False) -> None:
    """Check the hash chain. Exit code 0: sound; 1: not closed; 3: changed after it was written."""
    from ikbr.journal.reader import verify as verify_file
    from ikbr.journal.session_reader import SessionVerdict, verify_session

    verdict = verify_session(str(path)) if path.is_dir() else verify_file(path)
    torn = verdict.torn if isinstance(verdict, SessionVerdict) else 0
    code = TAMPERED if verdict.tampered else 0 if verdict.closed and not torn else NOT_CLOSED
    if as_json:
        words = {0: "sound", NOT_CLOSED: "not closed", TAMPERED: "changed"}
        typer.echo(json.dumps({"verdict": words[code], **verdict._asdict()}))
    else:
        changed = "CHANGED after it was written. " if verdict.tampered else ""
        typer.echo(f"{path}: {changed}{verdict.message}", err=code > 0)
    if code:
        raise typer.Exit(code)


def _selection(
    kinds: list[str] | None,
    symbol: str | None,
    order: int | None,
    since: str | None,
    until: str | None,
) -> Selection:
    from ikbr.cli.journal_text import between
    from ikbr.domain.errors import UsageError, nearest
    from ikbr.journal.concerns import Selection
    from ikbr.journal.records import KINDS

    for name in kinds or ():
        if name not in KINDS:
            raise UsageError(f"--kind {name!r} is unknown; {nearest(name, KINDS, limit=30)}.")
    return Selection(kinds or (), symbol, order, between(since, until))


def _print(records: Iterable[tuple[str, Record]], as_json: bool) -> None:
    from ikbr.cli.journal_text import to_json, to_text

    write = to_json if as_json else to_text
    for segment, record in records:
        typer.echo(write(segment, record))


def _drawn(frame: pl.DataFrame) -> str:
    """Draw a table for people, all of it."""
    import polars as pl

    with pl.Config(
        tbl_rows=-1, tbl_cols=-1, tbl_width_chars=-1, fmt_str_lengths=200,
        tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True,
        tbl_formatting="ASCII_MARKDOWN",
    ):  # fmt: skip
        return str(frame)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not abs(value) < float("inf") else value
        for name, value in row.items()
    }


def _write_lines(frame: pl.DataFrame, file: Path) -> None:
    from ikbr.journal.tables import iterate

    with file.open("w", encoding="utf-8") as opened:
        for row in iterate(frame):
            opened.write(json.dumps(_plain(row), allow_nan=False, default=str) + "\n")


def _write_csv(frame: pl.DataFrame, file: Path) -> None:
    frame.write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%S%.9fZ")


def _write_parquet(frame: pl.DataFrame, file: Path) -> None:
    frame.write_parquet(file)


_WRITERS = {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_lines}
