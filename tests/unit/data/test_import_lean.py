from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.data.lean_samples import FOREX, TICK_PRINT, TICK_QUOTE, write_zip

from ikbr.data import lean_files
from ikbr.data.catalog import Catalog
from ikbr.data.columns import BarColumns, Columns, QuoteBarColumns
from ikbr.data.import_lean import ImportReport, import_lean
from ikbr.data.lean_files import LeanFile, find_files, read_member
from ikbr.data.lean_parse import FOREX_SIZE, parse
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError
from ikbr.domain.tape import NO_PRICE

DAY = dt.date(2013, 10, 7)
MIDNIGHT = 1_381_118_400 * 10**9  # 2013-10-07 00:00 New York (EDT)
MS = 1_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "lean"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def test_prints_keep_time_price_size_and_the_suspicious_mark(root: Path, catalog: Catalog) -> None:
    lines = [
        "34200000,1674100,100,P,20002000,0",
        "34200000.125,1999999,7,P,2000,1",
        "34200001,1674200,5000000000,K,2000,0",
    ]
    write_zip(root, TICK_PRINT, lines)
    import_lean(catalog, root)
    kept = catalog.prints("SPY", DAY)
    assert kept.ts_ns.tolist() == [MIDNIGHT + 34_200_000 * MS, MIDNIGHT + 34_200_001 * MS]
    assert kept.price.tolist() == [1674100, 1674200]
    assert kept.size.tolist() == [100, 5_000_000_000]
    everything = catalog.prints("SPY", DAY, suspicious=True)
    assert everything.flags.tolist() == [0, 1, 0]
    assert everything.ts_ns[1] == MIDNIGHT + 34_200_000 * MS + 125_000


def test_a_suspicious_quote_never_stands(root: Path, catalog: Catalog) -> None:
    lines = [
        "34200000,138400,700,0,0,P,1,0",
        "34200001,0,0,138500,300,P,1,0",
        "34200002,0,0,1860000,100,P,1,1",
        "34200003,138450,200,0,0,P,1,0",
    ]
    write_zip(root, TICK_QUOTE, lines)
    report = import_lean(catalog, root)
    quotes = catalog.quotes("BAC", DAY)
    assert quotes.bid.tolist() == [138400, 138400, 138450]
    assert quotes.ask.tolist() == [NO_PRICE, 138500, 138500]
    assert quotes.ask_size.tolist() == [0, 300, 300]
    assert report.notes == ["BAC quote 2013-10-07: suspicious quotes dropped: 1"]
    assert catalog.file_meta("BAC", "quote", DAY).note == "suspicious quotes dropped: 1"


ONE_SIDED = st.lists(
    st.tuples(
        st.integers(0, 86_399_999),
        st.booleans(),
        st.integers(0, 500_000),
        st.integers(0, 90_000),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(ONE_SIDED)
def test_one_sided_quotes_are_carried_forward_as_a_plain_loop_does(
    rows: list[tuple[int, bool, int, int, bool]],
) -> None:
    rows.sort(key=lambda row: row[0])
    lines, expected = [], []
    bid, bid_size, ask, ask_size = NO_PRICE, 0, NO_PRICE, 0
    for ms, is_bid, price, size, doubtful in rows:
        side = f"{price},{size},0,0" if is_bid else f"0,0,{price},{size}"
        lines.append(f"{ms},{side},P,1,{int(doubtful)}")
        if doubtful or price == 0:
            continue
        if is_bid:
            bid, bid_size = price, size
        else:
            ask, ask_size = price, size
        expected.append((MIDNIGHT + ms * MS, bid, ask, bid_size, ask_size))
    file = LeanFile(Path(TICK_QUOTE), parse_contract("BAC"), "usa", "quote", DAY)
    got = parse(file, "\n".join(lines).encode(), lambda _a, _b: ()).columns
    names = ("ts_ns", "bid", "ask", "bid_size", "ask_size")
    assert list(zip(*(getattr(got, name).tolist() for name in names), strict=True)) == expected


@pytest.mark.parametrize(
    ("place", "kind", "span_s"),
    [
        ("equity/usa/second/spy/20131007_trade.zip", "bar-second", 1),
        ("equity/usa/minute/spy/20131007_trade.zip", "bar-minute", 60),
    ],
)
def test_bars_are_stamped_at_their_end(
    root: Path, catalog: Catalog, place: str, kind: str, span_s: int
) -> None:
    write_zip(root, place, ["34200000,10000,10400,9900,10100,2049"])
    import_lean(catalog, root)
    bars = catalog.read("SPY", kind, DAY)
    assert isinstance(bars, BarColumns)
    assert bars.ts_ns.tolist() == [MIDNIGHT + 34_200_000 * MS + span_s * 10**9]
    assert [bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]] == [
        *(10000, 10400, 9900, 10100),
        2049,
    ]


def test_an_empty_side_of_a_quote_bar_is_no_price(root: Path, catalog: Catalog) -> None:
    write_zip(
        root,
        "equity/usa/minute/spy/20131007_quote.zip",
        ["34200000,,,,,,10,11,9,10,300", "34260000,5,6,4,5,200,10,11,9,10,300"],
    )
    import_lean(catalog, root)
    bars = catalog.read("SPY", "quotebar-minute", DAY)
    assert isinstance(bars, QuoteBarColumns)
    assert bars.bid_close.tolist() == [NO_PRICE, 5]
    assert bars.bid_size.tolist() == [0, 200]
    assert bars.ask_high.tolist() == [11, 11]


def test_a_daily_bar_ends_at_the_close_of_its_session(root: Path, catalog: Catalog) -> None:
    # The day after Thanksgiving closes at 13:00, the Monday after at 16:00 (EST).
    write_zip(
        root,
        "equity/usa/daily/spy.zip",
        ["20131129 00:00,1,2,1,2,10", "20131202 00:00,1,2,1,2,10", "20140102 00:00,1,2,1,2,10"],
    )
    for _ in range(2):
        import_lean(catalog, root)
    days = catalog.days("SPY", "bar-daily")
    assert days == (dt.date(2013, 11, 29), dt.date(2013, 12, 2), dt.date(2014, 1, 2))
    ends = [
        dt.datetime.fromtimestamp(int(catalog.bars("SPY", "daily", day).ts_ns[0]) / 1e9, dt.UTC)
        for day in days
    ]
    assert [end.hour for end in ends] == [18, 21, 21]


def test_fxcm_files_keep_winter_time_and_are_cut_at_utc_midnight(
    root: Path, catalog: Catalog
) -> None:
    evening = 19 * 3600 * 1000
    lines = ["1787,1.38727,1.38729", f"{evening - 1},1.38,1.381", f"{evening},1.39,1.391"]
    write_zip(root, FOREX, lines)
    next_day = FOREX.replace("20140501", "20140502")
    write_zip(root, next_day, ["0,1.4,1.401"])
    import_lean(catalog, root)
    import_lean(catalog, root / FOREX)
    import_lean(catalog, root / next_day)
    first = catalog.quotes("EUR.USD", dt.date(2014, 5, 1))
    assert first.bid.tolist() == [138727, 138000]
    assert first.ts_ns[0] == 1_398_902_400 * 10**9 + 5 * 3600 * 10**9 + 1787 * MS
    second = catalog.quotes("EUR.USD", dt.date(2014, 5, 2))
    assert second.bid.tolist() == [139000, 140000]
    assert set(second.bid_size.tolist()) == {FOREX_SIZE}


@pytest.mark.parametrize(
    ("place", "lines", "expected"),
    [
        (TICK_PRINT, ["1,1,1,P,0,0", "2,xyz,1,P,0,0"], "line 2: price 'xyz'"),
        (TICK_PRINT, ["1,1,1,P,0,0", "2,1,1,P"], "line 2: 4 fields where 6"),
        (TICK_PRINT, ["1,1,1,P,0,0", "2,3000000000,1,P,0,0"], "line 2: price 3000000000"),
        (TICK_PRINT, ["1,1,1,P,0,0", "86400000,3,1,P,0,0"], "line 2: 86400000 ms"),
        (TICK_PRINT, ["1,1,1,P,0,0", "2,,1,P,0,0"], "line 2: price ''"),
        (TICK_QUOTE, ["1,0,0,3000000000,1,P,0,0"], "line 1: price 3000000000"),
        (TICK_QUOTE, ["1,0,0,3,3000000000,P,0,0"], "line 1: size 3000000000"),
        (FOREX, ["1,1.38727,1.38729", "2,1.3872751,1.38729"], "line 2: price 1.3872751 is finer"),
        (FOREX, ["1,99999.5,1.3"], "line 1: price 99999.5 is beyond"),
        ("equity/usa/daily/spy.zip", ["2013-10 00:00,1,1,1,1,1"], "line 1: '2013-10 00:00'"),
    ],
)
def test_a_garbled_row_names_file_line_and_value_and_writes_nothing(
    root: Path, catalog: Catalog, place: str, lines: list[str], expected: str
) -> None:
    path = write_zip(root, place, lines)
    with pytest.raises(DataError) as caught:
        import_lean(catalog, root)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)
    assert catalog.symbols() == ()


def test_a_broken_zip_is_named_and_leaves_nothing(root: Path, catalog: Catalog) -> None:
    path = write_zip(root, TICK_PRINT, ["1,1,1,P,0,0"] * 500)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match="not a readable zip"):
        import_lean(catalog, root)
    assert not catalog.path.exists()
    catalog.path.mkdir()
    with pytest.raises(DataError, match="not a readable zip"):
        import_lean(catalog, root)
    assert catalog.path.exists()


def test_damaged_bytes_inside_a_zip_are_named(root: Path, catalog: Catalog) -> None:
    path = write_zip(root, TICK_PRINT, ["1,1,1,P,0,0"] * 500)
    data = bytearray(path.read_bytes())
    data[100] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"20131007_trade.zip"):
        import_lean(catalog, root)


def test_the_same_day_again_replaces(root: Path, catalog: Catalog) -> None:
    write_zip(root, TICK_PRINT, ["1,1,1,P,0,0", "2,1,1,P,0,0"])
    import_lean(catalog, root)
    write_zip(root, TICK_PRINT, ["1,5,1,P,0,0"])
    import_lean(catalog, root)
    assert catalog.prints("SPY", DAY).price.tolist() == [5]


@pytest.mark.parametrize(
    "part", [".", "equity", "equity/usa/tick", "equity/usa/tick/spy", TICK_PRINT]
)
def test_any_folder_within_or_one_zip_will_do(root: Path, catalog: Catalog, part: str) -> None:
    write_zip(root, TICK_PRINT, ["1,1,1,P,0,0"])
    write_zip(root, "equity/usa/hour/spy.zip", ["x"])
    report: ImportReport = import_lean(catalog, root / part)
    assert report.rows == {("SPY", "print"): 1}
    assert report.files == 1
    assert [path.name for path in report.unused] == (["spy.zip"] if part in {".", "equity"} else [])


def test_a_path_without_lean_files_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        find_files(tmp_path / "nowhere")
    with pytest.raises(DataError, match="equity/usa/tick/spy"):
        find_files(tmp_path)


def test_progress_hears_of_every_file(root: Path, catalog: Catalog) -> None:
    write_zip(root, TICK_PRINT, ["1,1,1,P,0,0"])
    heard: list[tuple[int, int, str]] = []
    import_lean(catalog, root, lambda *told: heard.append(told))
    assert heard == [(0, 1, "SPY 20131007_trade"), (1, 1, "done")]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 86_399_999),
            st.integers(1, 2**31 - 1),
            st.integers(0, 10**10),
            st.booleans(),
        ),
        max_size=50,
    )
)
def test_prints_written_as_lean_come_back_unchanged(
    rows: list[tuple[int, int, int, bool]],
) -> None:
    text = "\n".join(f"{ms},{price},{size},P,0,{int(odd)}" for ms, price, size, odd in rows)
    file = LeanFile(Path(TICK_PRINT), parse_contract("SPY"), "usa", "print", DAY)
    got: Columns = parse(file, text.encode(), lambda _a, _b: ()).columns
    assert len(got) == len(rows)
    columns = [getattr(got, name).tolist() for name in ("ts_ns", "price", "size", "flags")]
    assert list(zip(*columns, strict=True)) == [
        (MIDNIGHT + ms * MS, price, size, int(odd)) for ms, price, size, odd in rows
    ]
    assert np.asarray(columns[0]).dtype is not None


@pytest.mark.parametrize(("most", "passes"), [(25, False), (26, True)])
def test_a_zip_that_unpacks_to_more_than_a_day_may_have_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch, most: int, passes: bool
) -> None:
    write_zip(root, TICK_PRINT, ["34200000,1674100,100,P,2,0"])
    monkeypatch.setattr(lean_files, "MOST_BYTES", most)
    if passes:
        assert len(read_member(root / TICK_PRINT)) == 26
    else:
        with pytest.raises(DataError, match="unpacks to more than 25 bytes; that is no day"):
            read_member(root / TICK_PRINT)
