from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ikbr.data.calendars import to_ns
from ikbr.data.catalog import Catalog
from ikbr.data.columns import KINDS, BarColumns, Columns, PrintColumns, make_columns, names
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError
from ikbr.domain.tape import CorporateAction

DAY = dt.date(2013, 10, 7)
NOON = to_ns(dt.datetime(2013, 10, 7, 16, tzinfo=dt.UTC))
SPY = parse_contract("SPY")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def rows(kind: str, count: int = 3, start: int = NOON) -> Columns:
    arrays = {name: np.arange(1, count + 1) for name in names(kind)}
    arrays["ts_ns"] = start + np.arange(count) * 10**9
    arrays["flags"] = np.zeros(count)
    return make_columns(kind, arrays)


def prints(ts: list[int], flags: list[int] | None = None) -> PrintColumns:
    count = len(ts)
    return PrintColumns(
        np.array(ts, np.int64),
        np.arange(count, dtype=np.int32),
        np.ones(count, np.int64),
        np.array(flags or [0] * count, np.uint8),
    )


def daily(*days: dt.date, volume: int = 1) -> BarColumns:
    ts = [to_ns(dt.datetime.combine(day, dt.time(20), dt.UTC)) for day in days]
    price = np.ones(len(ts), np.int32)
    volumes = np.full(len(ts), volume, np.int64)
    return BarColumns(np.array(ts), price, price, price, price, volumes)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_back(catalog: Catalog, kind: str) -> None:
    written = rows(kind, 1)
    catalog.write(SPY, kind, DAY, written, source="test")
    read = catalog.read("SPY", kind, DAY)
    for name in names(kind):
        assert getattr(read, name).tolist() == getattr(written, name).tolist()
        assert getattr(read, name).dtype == getattr(written, name).dtype
    assert catalog.days("SPY", kind) == (DAY,)
    assert catalog.kinds("SPY") == (kind,)
    assert catalog.rows("SPY", kind) == 1


@given(hnp.arrays(np.int64, st.integers(0, 30), elements=st.integers(0, 10**9)))
def test_reading_sorts_by_time_and_keeps_equal_times_in_order(
    tmp_path_factory: pytest.TempPathFactory, since: np.ndarray
) -> None:
    catalog = Catalog(tmp_path_factory.mktemp("sort"))
    catalog.write(SPY, "print", DAY, prints((NOON + since).tolist()), source="test")
    got = catalog.prints("SPY", DAY)
    expected = sorted(range(len(since)), key=lambda row: since[row])
    assert got.price.tolist() == expected
    assert catalog.stored("SPY", "print", DAY).ts_ns.tolist() == (NOON + since).tolist()


def test_suspicious_prints_are_left_out_unless_asked_for(catalog: Catalog) -> None:
    catalog.write(SPY, "print", DAY, prints([NOON, NOON, NOON], [0, 1, 2]), source="test")
    assert catalog.prints("SPY", DAY).price.tolist() == [0, 2]
    assert catalog.prints("SPY", DAY, suspicious=True).price.tolist() == [0, 1, 2]


def test_daily_bars_share_a_file_per_year_and_replace_their_own_day_only(catalog: Catalog) -> None:
    first, second, third = DAY, DAY + dt.timedelta(1), DAY + dt.timedelta(2)
    catalog.write(SPY, "bar-daily", DAY, daily(first, third), source="test")
    catalog.write(SPY, "bar-daily", DAY, daily(second, third, volume=2), source="test")
    assert catalog.days("SPY", "bar-daily") == (first, second, third)
    assert catalog.bars("SPY", "daily", second).volume.tolist() == [2]
    together = catalog.read_range("SPY", "bar-daily", first, third)
    assert isinstance(together, BarColumns)
    assert together.volume.tolist() == [1, 2, 2]
    with pytest.raises(DataError, match="2013-10-10"):
        catalog.bars("SPY", "daily", dt.date(2013, 10, 10))


def test_a_range_joins_days(catalog: Catalog) -> None:
    for step in range(3):
        ts = NOON + step * 86_400 * 10**9
        day = DAY + dt.timedelta(step)
        catalog.write(SPY, "print", day, prints([ts]), source="test")
    got = catalog.read_range("SPY", "print", DAY, DAY + dt.timedelta(1))
    assert len(got) == 2
    with pytest.raises(DataError, match="the nearest: 2013-10-09;"):
        catalog.read_range("SPY", "print", dt.date(2014, 1, 1), dt.date(2014, 1, 2))


def test_what_is_missing_is_told_with_what_is_there_and_how_to_get_it(catalog: Catalog) -> None:
    with pytest.raises(DataError, match=r"is empty.*ikbr data import"):
        catalog.quotes("SPY", DAY)
    catalog.write(SPY, "print", DAY, prints([NOON]), source="test")
    with pytest.raises(DataError, match=r"did you mean 'SPY'.*ikbr data import"):
        catalog.quotes("SPX", DAY)
    with pytest.raises(DataError, match="it has print 2013-10-07; fetch it"):
        catalog.quotes("SPY", DAY)
    with pytest.raises(DataError, match="did you mean 'quote'"):
        catalog.read("SPY", "quotes", DAY)
    with pytest.raises(DataError, match="did you mean 'SPY'"):
        catalog.instrument("SPYY")


def test_an_interrupted_write_leaves_the_old_file(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.write(SPY, "print", DAY, prints([NOON]), source="test")

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(KeyboardInterrupt):
        catalog.write(SPY, "print", DAY, prints([NOON, NOON]), source="test")
    assert len(catalog.prints("SPY", DAY)) == 1
    assert [p.name for p in (catalog.path / "SPY" / "print").iterdir()] == ["2013-10-07.parquet"]


def test_a_leftover_of_a_killed_write_is_not_a_day(catalog: Catalog) -> None:
    path = catalog.write(SPY, "print", DAY, prints([NOON]), source="test")
    (path.parent / ".2013-10-08.parquet.1.tmp").write_bytes(b"half")
    assert catalog.days("SPY", "print") == (DAY,)


def test_synthetic_and_real_data_of_a_symbol_do_not_mix(catalog: Catalog) -> None:
    catalog.write(SPY, "print", DAY, prints([NOON]), source="made up", synthetic=True)
    assert catalog.synthetic("SPY")
    assert catalog.source("SPY") == "made up"
    with pytest.raises(DataError, match="holds synthetic data and the new data is real"):
        catalog.write(SPY, "quote", DAY, rows("quote"), source="test")


def test_a_symbol_keeps_its_price_scale(catalog: Catalog) -> None:
    catalog.write(SPY, "print", DAY, prints([NOON]), source="test")
    other = type(SPY)(symbol="SPY", price_scale=100)
    with pytest.raises(DataError, match="price scale 10000"):
        catalog.write(other, "print", DAY, prints([NOON]), source="test")


@pytest.mark.parametrize("text", ["ES 202612 CME", "EUR.USD", "BRK B", "SPY   261218C00600000"])
def test_any_contract_is_a_folder_and_comes_back(catalog: Catalog, text: str) -> None:
    instrument = parse_contract(text)
    catalog.write(instrument, "print", DAY, prints([NOON]), source="test")
    assert catalog.symbols() == (instrument.symbol,)
    assert catalog.instrument(instrument.symbol) == instrument


@pytest.mark.parametrize("symbol", ["../SPY", "a/b", "", "spy"])
def test_a_symbol_that_could_leave_the_folder_is_refused(catalog: Catalog, symbol: str) -> None:
    with pytest.raises(DataError, match="cannot name data"):
        catalog.days(symbol, "print")


def test_columns_of_unequal_length_or_another_kind_are_refused(catalog: Catalog) -> None:
    short = PrintColumns(
        np.array([NOON]), *(np.zeros(0, t) for t in (np.int32, np.int64, np.uint8))
    )
    with pytest.raises(DataError, match=r"'price' .* has 0 rows"):
        catalog.write(SPY, "print", DAY, short, source="test")
    with pytest.raises(DataError, match="are QuoteColumns, not PrintColumns"):
        catalog.write(SPY, "quote", DAY, prints([NOON]), source="test")
    assert catalog.symbols() == ()


def test_a_broken_file_is_named(catalog: Catalog) -> None:
    path = catalog.write(SPY, "print", DAY, prints([NOON]), source="test")
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match=r"2013-10-07.parquet' cannot be read.*import that day"):
        catalog.prints("SPY", DAY)
    with pytest.raises(DataError, match="broken or foreign"):
        catalog.rows("SPY", "print")


def test_corporate_actions_come_back_in_order(catalog: Catalog) -> None:
    late = CorporateAction("SPY", 2, dividend=0.5)
    early = CorporateAction("SPY", 1, split=2.0)
    assert catalog.corporate_actions("SPY") == ()
    catalog.write_actions("SPY", [late, early])
    assert catalog.corporate_actions("SPY") == (early, late)


def test_notes_and_sources_stay_with_the_file(catalog: Catalog) -> None:
    catalog.write(SPY, "print", DAY, prints([NOON]), source="test", note="2 dropped")
    about = catalog.file_meta("SPY", "print", DAY)
    assert (about.source, about.note, about.rows, about.price_scale) == (
        "test",
        "2 dropped",
        1,
        10_000,
    )
