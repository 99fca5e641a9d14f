"""The records of a journal as tables: one for each kind, and one of all."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
import polars as pl

from ikbr.domain.errors import JournalError, UsageError, nearest
from ikbr.domain.order import Side
from ikbr.journal.concerns import Concerns
from ikbr.journal.records import BODIES, Record

ALL = "records"

TABLES = {
    "settings": "settings",
    "session": "sessions",
    "decision": "decisions",
    "refusal": "refusals",
    "intent": "intents",
    "sent": "sent",
    "modify": "modifications",
    "cancel": "cancellations",
    "update": "updates",
    "fill": "fills",
    "amendment": "amendments",
    "cash": "cash",
    "split": "splits",
    "fx": "rates",
    "mark": "marks",
    "alert": "alerts",
    "start": "starts",
    "stop": "stops",
    "wire": "wire",
    "callback": "callbacks",
    "connection": "connections",
    "operator": "operator",
    "risk": "risk",
    "baseline": "baselines",
    "repair": "repairs",
    "latency": "latencies",
    "checkpoint": "checkpoints",
}
"""The name of each kind's table; none is a word of SQL."""

_PARTS: Mapping[str, tuple[str, ...]] = {
    "intent": ("order_id", "strategy", "", "parent_id"),
    "sent": ("order_id",),
    "modify": ("order_id", ""),
    "split": ("symbol", "new", "old"),
    "fx": ("currency", "rate"),
    "mark": ("symbol", "price_units"),
}
"""What the parts of bodies without names are called; "" for one that is spread out."""

_TIME = pl.Datetime("ns", "UTC")
_SCALARS: Mapping[Any, Any] = {int: pl.Int64, float: pl.Float64, bool: pl.Boolean}
_FIRST: Mapping[str, Any] = {"segment": pl.String, "n": pl.Int64, "ts": _TIME}

Located = tuple[str, Record]
"""A record with the name of its segment; "" in a journal of one file."""


class Column(NamedTuple):
    """Say what a column holds.

    Attributes:
        name: What it is called.
        dtype: Its type.
        give: Takes its value out of a body.
    """

    name: str
    dtype: Any
    give: Callable[[Any], Any]


def columns_of(kind: str) -> list[Column]:
    """List the columns that a kind's bodies have."""
    body = BODIES[kind]
    if kind == "cancel":
        return [Column("order_id", pl.Int64, lambda body: body)]
    if kind == "cash":
        types: Mapping[str, Any] = {"currency": str, "amount_micro": int, "why": str}
        return [_scalar(name, of, _key(name)) for name, of in types.items()]
    if kind in _PARTS:
        found: list[Column] = []
        for at, (name, of) in enumerate(zip(_PARTS[kind], get_args(body), strict=True)):
            found += _spread(of, "", _at(at)) if not name else [_scalar(name, of, _at(at))]
        return found
    if isinstance(body, type) and issubclass(body, msgspec.Struct):
        return _spread(body, "", _whole)
    return [Column("body", pl.String, _json)]


def tables_named(text: str) -> list[str]:
    """List the tables that a query names."""
    words = set(re.findall(r"[a-z_]+", text.lower()))
    return [name for name in (ALL, *TABLES.values()) if name in words]


def make_tables(records: Iterable[Located], names: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Make tables of a journal.

    Args:
        records: Its records.
        names: Which tables.

    Raises:
        UsageError: When there is no table of that name.
        JournalError: When a number does not fit into a column.
    """
    known = {table: kind for kind, table in TABLES.items()}
    for name in names:
        if name != ALL and name not in known:
            raise UsageError(f"table {name!r} is unknown; {nearest(name, (ALL, *known), 30)}.")
    columns = {known[n]: columns_of(known[n]) for n in names if n != ALL}
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in names}
    concerns = Concerns()
    for segment, record in records:
        first = (segment, record.n, record.ts_ns)
        if ALL in rows:
            order_id, symbol = concerns.of(record)
            rows[ALL].append((*first, record.kind, order_id, symbol, _json(record.body)))
        if record.kind in columns:
            values = (column.give(record.body) for column in columns[record.kind])
            rows[TABLES[record.kind]].append((*first, *values))
    return {name: _frame(name, found, columns.get(known.get(name, ""))) for name, found in
            rows.items()}  # fmt: skip


def _frame(name: str, rows: list[tuple[Any, ...]], columns: list[Column] | None) -> pl.DataFrame:
    more: Mapping[str, Any] = (
        {"kind": pl.String, "order_id": pl.Int64, "symbol": pl.String, "body": pl.String}
        if columns is None
        else {column.name: column.dtype for column in columns}
    )
    try:
        return pl.DataFrame(rows, {**_FIRST, **more}, orient="row", strict=True)
    except (pl.exceptions.PolarsError, OverflowError, TypeError) as error:
        raise JournalError(
            f"the table {name!r} cannot be made: {str(error).splitlines()[0]}."
        ) from None


def _spread(of: Any, prefix: str, give: Callable[[Any], Any]) -> list[Column]:
    """List the columns of a struct; a struct in it gets its name as a prefix."""
    found: list[Column] = []
    for name, kind in get_type_hints(of).items():
        if name not in of.__struct_fields__:
            continue
        inner = _field(give, name)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            found += _spread(kind, f"{prefix}{name}_", inner)
        else:
            found.append(_scalar(prefix + name, kind, inner))
    return found


def _scalar(name: str, of: Any, give: Callable[[Any], Any]) -> Column:
    options = [one for one in get_args(of) if one is not type(None)]
    if get_origin(of) in (Union, type(int | None)) and len(options) == 1:
        of = options[0]
    if of in _SCALARS:
        return Column(name, _SCALARS[of], give)
    if of is str:
        return Column(name, pl.String, give)
    if of is dt.date:
        return Column(name, pl.Date, give)
    if isinstance(of, type) and issubclass(of, Side):
        return Column(name, pl.String, lambda body: give(body).name)
    if isinstance(of, type) and issubclass(of, Enum):
        return Column(name, pl.String, lambda body: str(give(body).value))
    return Column(name, pl.String, lambda body: _json(give(body)))


def _whole(body: Any) -> Any:
    return body


def _key(name: str) -> Callable[[Any], Any]:
    return lambda body: body.get(name)


def _at(at: int) -> Callable[[Any], Any]:
    return lambda body: body[at]


def _field(give: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    return lambda body: getattr(give(body), name)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def run_query(records: Iterable[Located], sql: str) -> pl.DataFrame:
    """Answer a question about a journal in SQL.

    Args:
        records: Its records.
        sql: A SELECT; see `TABLES` for what can be asked.

    Raises:
        UsageError: When it cannot be understood or names what is not there.
    """
    if not re.match(r"\s*(select|with)\b", sql, re.IGNORECASE):
        raise UsageError("the query has to be a SELECT, such as: SELECT * FROM fills.")
    frames = make_tables(records, tables_named(sql))
    try:
        return pl.SQLContext(frames).execute(sql, eager=True)
    except pl.exceptions.PolarsError as error:
        words = str(error).splitlines()[0].rstrip(".")
        tables = ", ".join((ALL, *TABLES.values()))
        raise UsageError(f"the query cannot be answered: {words}. Tables: {tables}.") from None


def iterate(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Give the rows of a table as plain values; times as text."""
    times = [name for name, of in frame.schema.items() if isinstance(of, pl.Datetime)]
    told = frame.with_columns(pl.col(times).dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ"))
    yield from told.iter_rows(named=True)
