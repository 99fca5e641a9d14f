from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.data.calendars import to_ns
from ikbr.data.catalog import Catalog
from ikbr.data.columns import BarColumns
from ikbr.data.csv_map import parse_map
from ikbr.data.import_csv import CsvLayout, CsvReport, import_csv
from ikbr.domain.errors import DataError
from ikbr.domain.tape import NO_PRICE

DAY = dt.date(2013, 10, 7)
OPEN = to_ns(dt.datetime(2013, 10, 7, 13, 30, tzinfo=dt.UTC))
S = 10**9


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def run(catalog: Catalog, text: str, **layout: Any) -> CsvReport:
    path = catalog.path.parent / "data.csv"
    path.write_text(text)
    return import_csv(catalog, path, CsvLayout(**{"symbol": "SPY", **layout}))


@pytest.mark.parametrize(
    ("cell", "layout"),
    [
        ("2013-10-07 09:30:00", {}),
        ("2013-10-07T09:30:00.000", {}),
        ("2013-10-07 13:30:00", {"zone": "UTC"}),
        ("2013-10-07T13:30:00Z", {}),
        ("2013-10-07T09:30:00-04:00", {}),
        ("20131007 09:30:00", {}),
        ("2013-10-07 09:30", {}),
        ("10/07/2013 09:30:00", {"ts_format": "%m/%d/%Y %H:%M:%S"}),
        ("10/07/2013 09:30:00.000000", {"ts_format": "%m/%d/%Y %H:%M:%S.%f"}),
        ("1381152600", {}),
        ("1381152600.0", {"ts_format": "epoch-s"}),
        ("1381152600000", {}),
        ("1381152600000000", {"ts_format": "epoch-us"}),
        ("1381152600000000000", {}),
        ("34200000", {"ts_format": "ms-of-day", "date": DAY}),
        ("34200000", {"date": DAY}),
        ("09:30:00", {"date": DAY}),
        ("09:30:00", {"date": DAY, "ts_format": "%H:%M:%S"}),
    ],
)
def test_one_moment_in_any_writing_is_the_same_moment(
    catalog: Catalog, cell: str, layout: dict[str, Any]
) -> None:
    run(catalog, f"time,price,size\n{cell},167.41,100\n", mapping={"ts": ("time",)}, **layout)
    prints = catalog.prints("SPY", DAY)
    assert prints.ts_ns.tolist() == [OPEN]
    assert prints.price.tolist() == [1674100]
    assert prints.size.tolist() == [100]


def test_nanoseconds_of_an_epoch_with_decimals_survive(catalog: Catalog) -> None:
    run(catalog, "ts,price\n1381152600.123456789,1\n", ts_format="epoch-s")
    assert catalog.prints("SPY", DAY).ts_ns.tolist() == [OPEN + 123_456_789]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_and_date_and_time_joined(catalog: Catalog, delimiter: str) -> None:
    text = "Date,Time,Last,Vol\n2013-10-07,09:30:00,1.5,3\n".replace(",", delimiter)
    report = run(catalog, text)
    assert report.kind == "print"
    assert report.mapping["ts"] == ("Date", "Time")
    assert catalog.prints("SPY", DAY).ts_ns.tolist() == [OPEN]


def test_a_map_may_join_columns_and_rename(catalog: Catalog) -> None:
    mapping = parse_map(["ts=D+T", "price=Was zahlt man"])
    run(catalog, "D,T,Was zahlt man,price\n20131007,09:30:00,2.5,9\n", mapping=mapping)
    assert catalog.prints("SPY", DAY).price.tolist() == [25000]


def test_quotes_are_told_from_prints_by_their_columns(catalog: Catalog) -> None:
    report = run(
        catalog,
        "timestamp,Bid Price,Ask Price,BidSize\n1381152600000,1.5,1.6,7\n1381152600001,,1.6,\n",
    )
    quotes = catalog.quotes("SPY", DAY)
    assert quotes.bid.tolist() == [15000, NO_PRICE]
    assert quotes.bid_size.tolist() == [7, 0]
    assert quotes.ask_size.tolist() == [100, 100]
    assert report.notes == ("ask_size assumed: 100",)


@pytest.mark.parametrize(("stamp", "shift"), [("start", 60), ("end", 0)])
def test_bars_are_stored_by_their_end(catalog: Catalog, stamp: Any, shift: int) -> None:
    text = "time,open,high,low,close,volume\n" + "".join(
        f"{1381152600 + 60 * i},1,3,0.5,2,{i}\n" for i in range(3)
    )
    report = run(catalog, text, bar_stamp=stamp)
    assert report.kind == "bar-minute"
    bars = catalog.bars("SPY", "minute", DAY)
    assert bars.ts_ns.tolist() == [OPEN + (shift + 60 * i) * S for i in range(3)]
    assert bars.low.tolist() == [5000] * 3


def test_daily_bars_end_with_their_session_even_newest_first(catalog: Catalog) -> None:
    text = "Date,Open,High,Low,Close,Volume\n2013-12-02,1,2,1,2,9\n2013-11-29,1,2,1,1,8\n"
    report = run(catalog, text)
    assert report.kind == "bar-daily"
    assert report.notes == ("newest first: turned round",)
    bars = catalog.read_range("SPY", "bar-daily", dt.date(2013, 1, 1), dt.date(2013, 12, 31))
    assert isinstance(bars, BarColumns)
    assert bars.volume.tolist() == [8, 9]
    assert bars.ts_ns[0] == to_ns(dt.datetime(2013, 11, 29, 18, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("time,price\n1381152600,1\n1381152601,x\n", {}, "line 3: column 'price' is 'x'"),
        ("time,price\n1381152600,1\n1381152601,\n", {}, "line 3: column 'price' is empty"),
        ("time,price\n1381152600,1\nyesterday,1\n", {}, "line 3: time 'yesterday'"),
        ("time,price\n1381152600,1.00001\n", {}, "line 2: price 1.00001 is finer"),
        ("time,price\n1381152600,300000\n", {}, "line 2: price 300000 is beyond"),
        ("time,price,size\n1381152600,3,1.5\n", {}, "line 2: column 'size' is 1.5"),
        ("time,cost\n1381152600,3\n", {}, "looks like 'price'"),
        ("time,price\n3/4/2013 10:00,3\n", {}, "--ts-format"),
        ("time,price\n34200000,3\n", {"ts_format": "ms-of-day"}, "add --date"),
        ("time,Close\n1381152600,3\n", {"mapping": {"price": ("Clsoe",)}}, "did you mean 'Close'"),
        ("time,price\n1381152600,3\n", {"mapping": {"prise": ("price",)}}, "did you mean 'price'"),
        ("time,price\n1381152600,3\n", {"kind": "prints"}, "did you mean 'print'"),
        ("1381152600,3\n", {}, "does not name columns"),
        ("", {}, "is empty"),
        ("time,price\n", {}, "no rows stand below"),
        ("time,price\n2013-10-07,1\n1600-01-01,1\n", {}, "line 3: time '1600-01-01' is beyond"),
        ("time,price\n2013-10-07 10:00,1\n1600-03-02 10:00,1\n", {}, "line 3: time '1600-03"),
        ("time,price\n2013-10-07T10:00Z,1\n2999-03-02T10:00Z,1\n", {}, "line 3: time '2999-03"),
        ("time,price\n2999-03-02,1\n", {}, "line 2: time '2999-03-02' is beyond"),
        ("time,price\n99999999999999999,1\n", {"ts_format": "epoch-s"}, "is beyond"),
        ("time,price\n9e30,1\n", {"ts_format": "epoch-ns"}, "line 2"),
        ("time,price\n9999999999999999999999,1\n", {"ts_format": "epoch-ns"}, "is beyond"),
        ("time,price\n86400000,1\n", {"ts_format": "ms-of-day", "date": DAY}, "is beyond"),
        ("time,price\n-1,1\n", {"ts_format": "ms-of-day", "date": DAY}, "is beyond"),
        ("Date,o,h,l,c\n2013-10-06,1,1,1,1\n", {"kind": "bar-daily"}, "line 2: 2013-10-06 is not"),
        ("time,o,h,l,c\n1381152600,1,1,1,1\n", {}, "--kind bar-second"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_written(
    catalog: Catalog, text: str, layout: dict[str, Any], expected: str
) -> None:
    with pytest.raises(DataError) as caught:
        run(catalog, text, **layout)
    assert expected in str(caught.value)
    assert "data.csv" in str(caught.value)
    assert catalog.symbols() == ()


def test_rounding_is_allowed_when_asked_for(catalog: Catalog) -> None:
    run(catalog, "time,price\n1381152600,1.00001\n", rounding=True)
    assert catalog.prints("SPY", DAY).price.tolist() == [10000]


def test_days_are_cut_at_local_midnight(catalog: Catalog) -> None:
    run(catalog, f"ts,price\n{OPEN},1\n{OPEN + 20 * 3600 * S},2\n")
    assert catalog.days("SPY", "print") == (DAY, dt.date(2013, 10, 8))


def test_the_evening_belongs_to_the_next_session_of_a_future(catalog: Catalog) -> None:
    # 7 October 2013, 16:59 and 17:00 in Chicago.
    text = f"ts,price\n{OPEN + (8 * 60 + 29) * 60 * S},1\n{OPEN + 510 * 60 * S},2\n"
    run(catalog, text, symbol="ES 201312 CME")
    days = catalog.days("ES 201312 CME", "print")
    assert days == (DAY, dt.date(2013, 10, 8))
    session = catalog.sessions("ES 201312 CME", days[1], days[1])[0]
    assert session.holds(int(catalog.prints("ES 201312 CME", days[1]).ts_ns[0]))


ROWS = st.lists(
    st.tuples(st.integers(0, 6 * 3600 * S), st.integers(1, 2**31 - 1), st.integers(0, 2**50)),
    min_size=1,
    max_size=30,
)


@given(ROWS)
def test_prints_written_as_csv_come_back_unchanged(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int]]
) -> None:
    catalog = Catalog(tmp_path_factory.mktemp("csv") / "catalog")
    rows = sorted(rows, key=lambda row: row[0])
    text = "ts,price,size\n" + "".join(
        f"{OPEN + since},{price // 10_000}.{price % 10_000:04d},{size}\n"
        for since, price, size in rows
    )
    run(catalog, text)
    got = catalog.prints("SPY", DAY)
    columns = (got.ts_ns.tolist(), got.price.tolist(), got.size.tolist())
    assert list(zip(*columns, strict=True)) == [(OPEN + s, p, n) for s, p, n in rows]
