from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from tests.unit.journal.test_journal import EVERY_KIND, SESSION_ENTRIES

from ikbr.domain.errors import JournalError, UsageError
from ikbr.domain.events import Alert
from ikbr.journal.records import KINDS, Record
from ikbr.journal.tables import ALL, TABLES, columns_of, iterate, make_tables, run_query

RECORDS = [
    ("s", Record(n, 10**18 + t, kind, body))
    for n, (kind, t, body) in enumerate(EVERY_KIND + SESSION_ENTRIES)
]


def ask(sql: str) -> list[tuple[object, ...]]:
    return run_query(RECORDS, sql).rows()


def test_every_kind_has_a_table_and_every_record_a_row() -> None:
    assert TABLES.keys() == KINDS
    assert len(set(TABLES.values())) == len(TABLES)
    tables = make_tables(RECORDS, list(TABLES.values()))
    for kind, name in TABLES.items():
        assert tables[name].height == sum(r.kind == kind for _, r in RECORDS), name
        assert tables[name].columns == ["segment", "n", "ts", *(c.name for c in columns_of(kind))]


def test_a_table_without_records_has_its_columns() -> None:
    assert run_query([], "SELECT symbol, SUM(quantity) FROM fills GROUP BY symbol").height == 0


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT symbol, side, quantity, price FROM fills", [("SPY", "BUY", 10, 99.5)]),
        ("SELECT order_id, strategy, limit_price, parent_id, tif FROM intents",
         [(1, "m", 99.5, 0, "DAY")]),
        ("SELECT rule, request_quantity FROM (SELECT refused_rule AS rule, request_quantity "
         "FROM refusals)", [("position", 10)]),
        ("SELECT event, code, message FROM updates", [("ack", 399, "held")]),
        ("SELECT amount_micro, why FROM cash", [(-5, "borrow")]),
        ("SELECT symbol, new, old FROM splits", [("SPY", 2, 1)]),
        ("SELECT date FROM sessions", [(dt.date(2026, 1, 5),)]),
        ("SELECT before_quantity - after_quantity FROM amendments", [(10,)]),
        ("SELECT fields FROM wire", [('{"lmtPrice":99.5,"tif":"DAY"}',)]),
        ("SELECT quantity FROM modifications", [(20,)]),
        ("SELECT order_id FROM cancellations", [(1,)]),
        ("SELECT kind, order_id FROM records WHERE symbol = 'SPY' AND order_id = 1 ORDER BY n",
         [(kind, 1) for kind in "intent sent modify cancel update fill amendment".split()]),
        ("SELECT i.strategy, f.quantity FROM intents i JOIN fills f ON i.order_id = f.order_id",
         [("m", 10)]),
        ("WITH x AS (SELECT n FROM alerts) SELECT COUNT(*) FROM x", [(1,)]),
    ],
)  # fmt: skip
def test_questions_in_sql_are_answered(sql: str, rows: list[tuple[object, ...]]) -> None:
    assert ask(sql) == rows


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DROP TABLE fills", "has to be a SELECT"),
        ("", "has to be a SELECT"),
        ("SELECT * FROM fils", "relation 'fils' was not found. Tables: records, settings"),
        ("SELECT price_ FROM fills", 'unable to find column "price_"'),
        ("SELECT FROM WHERE", "the query cannot be answered"),
        ("SELECT * FROM fills; SELECT * FROM fills", "one statement|only one"),
    ],
)
def test_questions_that_cannot_be_answered_say_why(sql: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ask(sql)


def test_an_unknown_table_and_numbers_that_do_not_fit_are_told() -> None:
    with pytest.raises(UsageError, match="table 'fill' is unknown; did you mean 'fills'"):
        make_tables([], ["fill"])
    huge = [("", Record(0, 2**70, "alert", Alert(1, "info", "a", "b")))]
    with pytest.raises(JournalError, match="the table 'alerts' cannot be made"):
        make_tables(huge, ["alerts"])


def test_rows_have_times_as_text() -> None:
    frame = make_tables(RECORDS, [ALL])[ALL]
    assert frame.schema["ts"] == pl.Datetime("ns", "UTC")
    row = next(iterate(frame))
    assert row["ts"] == "2001-09-09T01:46:40.000000000Z"
    assert row["kind"] == "settings"
