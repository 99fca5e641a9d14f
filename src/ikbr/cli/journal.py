"""`ikbr journal`: look into a run's journal, and check that nobody changed it."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ikbr.journal.records import Record

app = typer.Typer(help="Look into a run's journal and verify it.", no_args_is_help=True)

NOT_CLOSED, TAMPERED = 1, 3

File = Annotated[Path, typer.Argument(metavar="FILE", help="The journal.")]


@app.command()
def show(
    file: File,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only this kind of record (may be repeated).")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Only what concerns this symbol.")] = None,
    order: Annotated[int | None, typer.Option(help="Only what concerns this order id.")] = None,
    last: Annotated[int, typer.Option(min=0, help="Only the last N that fit; 0 for all.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Print the records of a journal."""
    from ikbr.domain.errors import UsageError, nearest
    from ikbr.journal.reader import read_records
    from ikbr.journal.records import KINDS

    for name in kind or ():
        if name not in KINDS:
            raise UsageError(f"--kind {name!r} is unknown; {nearest(name, KINDS, limit=20)}.")
    chosen: Iterable[Record] = select(read_records(file), kind or (), symbol, order)
    if last:
        chosen = deque(chosen, maxlen=min(last, sys.maxsize))
    for record in chosen:
        typer.echo(to_json(record) if as_json else to_text(record))


@app.command()
def verify(file: File) -> None:
    """Check the hash chain. Exit code 0: sound; 1: not closed; 3: changed after it was written."""
    from ikbr.journal.reader import verify as verify_chain

    verdict = verify_chain(file)
    if verdict.tampered:
        typer.echo(f"{file}: CHANGED after it was written. {verdict.message}", err=True)
        raise typer.Exit(TAMPERED)
    if not verdict.closed:
        typer.echo(f"{file}: {verdict.message}", err=True)
        raise typer.Exit(NOT_CLOSED)
    typer.echo(f"{file}: {verdict.message}")


def select(
    records: Iterable[Record], kinds: Iterable[str], symbol: str | None, order: int | None
) -> Iterator[Record]:
    """Let through the records that fit.

    Args:
        records: All of them.
        kinds: Wanted kinds; empty for all.
        symbol: Wanted symbol; orders are followed from their intent.
        order: Wanted order id.
    """
    wanted = set(kinds)
    symbol_of: dict[int, str] = {}
    for record in records:
        order_id, name = concerns(record)
        if order_id is not None:
            if name:
                symbol_of[order_id] = name
            else:
                name = symbol_of.get(order_id, "")
        if wanted and record.kind not in wanted:
            continue
        if symbol is not None and name.upper() != symbol.upper():
            continue
        if order is None or order_id == order:
            yield record


def concerns(record: Record) -> tuple[int | None, str]:
    """Give the order id (None) and the symbol ("") that a record speaks of."""
    body = record.body
    if record.kind in ("intent", "modify", "sent"):
        requests = [part for part in body if hasattr(part, "symbol")]
        return body[0], requests[0].symbol if requests else ""
    if record.kind == "cancel":
        return body, ""
    if record.kind in ("split", "mark"):
        return None, body[0]
    if record.kind == "refusal":
        return None, body.request.symbol
    return getattr(body, "order_id", None), getattr(body, "symbol", "")


def to_json(record: Record) -> str:
    """Write a record as one line of JSON."""
    import msgspec

    return msgspec.json.encode(record._asdict()).decode()


def to_text(record: Record) -> str:
    """Write a record as one line for people."""
    return f"{record.n:>7} {_time(record.ts_ns)} {record.kind:<8} {_words(record.body)}"


def _time(ts_ns: int) -> str:
    import datetime as dt

    seconds, rest = divmod(ts_ns, 1_000_000_000)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{rest:09d}Z"


def _words(body: Any) -> str:
    import msgspec

    plain = msgspec.to_builtins(body)
    if not isinstance(plain, dict | list | tuple):
        return str(plain)
    if isinstance(plain, dict):
        shown = {k: v for k, v in plain.items() if v is not None and v != "" and v == v}
        return " ".join(f"{key}={_value(value)}" for key, value in shown.items())
    return " ".join(_words(part) if isinstance(part, dict) else _value(part) for part in plain)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + _words(value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return str(value)
