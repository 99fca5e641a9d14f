"""Writing a made-up market into the catalog."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest

from ikbr.data import columns as col
from ikbr.data.catalog import Catalog
from ikbr.data.synthetic import make_synthetic
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument

KINDS = ("quote", "print", "bar-minute", "bar-daily", "quotebar-minute", "quotebar-daily")


def digest(catalog: Catalog, symbol: str) -> str:
    found = hashlib.sha256()
    for kind in catalog.kinds(symbol):
        for day in catalog.days(symbol, kind):
            columns = catalog.read(symbol, kind, day)
            for name in col.names(kind):
                found.update(getattr(columns, name).astype("<i8").tobytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("synthetic")
    make_synthetic(made, symbols=["SPY", "ko"], days=2, rows_per_day=3_000)
    return made


def test_it_writes_ticks_and_bars_labelled_synthetic(folder: Path) -> None:
    catalog = Catalog(folder)
    assert catalog.symbols() == ("KO", "SPY")
    for symbol in catalog.symbols():
        assert catalog.synthetic(symbol)
        assert set(catalog.kinds(symbol)) == set(KINDS)
        for kind in KINDS:
            assert catalog.days(symbol, kind) == (dt.date(2026, 3, 2), dt.date(2026, 3, 3))
            about = catalog.file_meta(symbol, kind, dt.date(2026, 3, 2))
            assert (about.synthetic, about.source) == (True, "synthetic, seed 7")


def test_bars_sum_up_the_ticks(folder: Path) -> None:
    catalog, day = Catalog(folder), dt.date(2026, 3, 2)
    prints = catalog.prints("SPY", day)
    for resolution in ("minute", "daily"):
        bars = catalog.bars("SPY", resolution, day)
        assert bars.volume.sum() == prints.size.sum()
        assert bars.high.max() == prints.price.max()
    (session,) = catalog.sessions("SPY", day, day)
    assert catalog.bars("SPY", "daily", day).ts_ns.tolist() == [session.close_ns]


def test_making_it_again_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    make_synthetic(tmp_path, symbols=["KO", "SPY"], days=2, rows_per_day=3_000, seed=8)
    make_synthetic(tmp_path, symbols=["SPY"], days=2, rows_per_day=3_000, seed=8)
    assert digest(Catalog(tmp_path), "SPY") != digest(Catalog(folder), "SPY")
    make_synthetic(tmp_path, symbols=["SPY", "KO"], days=2, rows_per_day=3_000)
    for symbol in ("SPY", "KO"):
        assert digest(Catalog(tmp_path), symbol) == digest(Catalog(folder), symbol)


def test_an_earlier_market_of_the_symbol_is_replaced_whole(tmp_path: Path) -> None:
    make_synthetic(tmp_path, symbols=["SPY"], days=3, rows_per_day=500)
    made = make_synthetic(tmp_path, symbols=["SPY"], days=1, rows_per_day=500)
    assert Catalog(tmp_path).days("SPY", "quote") == (made[0].date,)


def test_early_closes_and_holidays_follow_the_calendar(tmp_path: Path) -> None:
    start = dt.date(2026, 11, 26)
    (made,) = make_synthetic(tmp_path, symbols=["SPY"], days=1, start=start, rows_per_day=500)
    assert (made.date, made.early_close) == (dt.date(2026, 11, 27), True)
    assert Catalog(tmp_path).prints("SPY", made.date).ts_ns[-1] == made.close_ns - 1


@pytest.mark.parametrize(
    ("choice", "complaint"),
    [
        ({"symbols": ["EUR.USD"]}, "'EUR.USD' is no stock"),
        ({"symbols": []}, "name each symbol once"),
        ({"symbols": ["SPY", "spy"]}, "name each symbol once"),
        ({"symbols": ["SPY"], "days": 0}, "days 0 is too few"),
        ({"symbols": ["SPY", "IBM"]}, "symbol IBM in catalog .* holds real data"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_written(
    tmp_path: Path, choice: dict[str, Any], complaint: str
) -> None:
    real, day = Catalog(tmp_path), dt.date(2020, 1, 2)
    empty = col.concat("print", [])
    real.write(Instrument(symbol="IBM"), "print", day, empty, source="test")
    with pytest.raises(DataError, match=complaint):
        make_synthetic(tmp_path, rows_per_day=500, **choice)
    assert real.symbols() == ("IBM",)
    assert real.days("IBM", "print") == (day,)
