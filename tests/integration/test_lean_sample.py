"""The LEAN sample, where a machine has it: what it holds is known row by row."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ikbr.cli.data import app
from ikbr.data.catalog import Catalog
from ikbr.data.import_lean import import_lean
from ikbr.data.wall_clock import midnight
from ikbr.domain.tape import NO_PRICE

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "lean"
DAYS = (dt.date(2013, 10, 7), dt.date(2013, 10, 8))
EDT_NS = 4 * 3600 * 10**9

pytestmark = pytest.mark.skipif(not SAMPLE.is_dir(), reason=f"the LEAN sample is not at {SAMPLE}")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    made = Catalog(tmp_path_factory.mktemp("lean") / "catalog")
    import_lean(made, SAMPLE)
    return made


def lines(symbol: str, day: dt.date, side: str) -> Iterator[list[str]]:
    path = SAMPLE / "equity/usa/tick" / symbol.lower() / f"{day:%Y%m%d}_{side}.zip"
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member:
        for line in io.TextIOWrapper(member):
            yield line.rstrip("\r\n").split(",")


@pytest.mark.parametrize("symbol", ["SPY", "BAC", "IBM"])
@pytest.mark.parametrize("day", DAYS)
def test_prints_are_the_rows_of_the_file(catalog: Catalog, symbol: str, day: dt.date) -> None:
    rows = [(int(r[0]), int(r[1]), int(r[2]), int(r[-1])) for r in lines(symbol, day, "trade")]
    ms, price, size, doubtful = np.array(rows).T
    keep = doubtful == 0
    got = catalog.prints(symbol, day)
    assert np.array_equal(got.ts_ns, midnight(day) + EDT_NS + ms[keep] * 1_000_000)
    assert np.array_equal(got.price, price[keep])
    assert np.array_equal(got.size, size[keep])


@pytest.mark.parametrize("symbol", ["BAC", "IBM"])
@pytest.mark.parametrize("day", DAYS)
def test_quotes_are_what_a_loop_over_the_file_leaves_standing(
    catalog: Catalog, symbol: str, day: dt.date
) -> None:
    bid, ask, bid_size, ask_size = NO_PRICE, NO_PRICE, 0, 0
    rows = []
    for row in lines(symbol, day, "quote"):
        if row[-1] == "1":
            continue
        if row[1] != "0":
            bid, bid_size = int(row[1]), int(row[2])
        if row[3] != "0":
            ask, ask_size = int(row[3]), int(row[4])
        rows.append((int(row[0]), bid, ask, bid_size, ask_size))
    ms, *expected = np.array(rows).T
    got = catalog.quotes(symbol, day)
    assert np.array_equal(got.ts_ns, midnight(day) + EDT_NS + ms * 1_000_000)
    for name, values in zip(("bid", "ask", "bid_size", "ask_size"), expected, strict=True):
        assert np.array_equal(getattr(got, name), values), name


def test_splits_and_dividends_are_those_that_were_paid(catalog: Catalog) -> None:
    apple = {
        dt.datetime.fromtimestamp(one.ts_ns / 1e9, dt.UTC).date(): (one.split, one.dividend)
        for one in catalog.corporate_actions("AAPL")
    }
    assert apple[dt.date(2014, 6, 9)] == (7.0, 0.0)
    assert apple[dt.date(2020, 8, 31)] == (4.0, 0.0)
    assert apple[dt.date(2013, 5, 9)] == (1.0, 3.05)


def test_daily_bars_cover_every_session_of_23_years(catalog: Catalog) -> None:
    days = catalog.days("SPY", "bar-daily")
    held = [s.date for s in catalog.sessions("SPY", days[0], days[-1])]
    assert list(days) == held


def test_the_euro_fills_two_utc_days(catalog: Catalog) -> None:
    days = catalog.days("EUR.USD", "quote")
    assert days == (dt.date(2014, 5, 1), dt.date(2014, 5, 2))
    assert sum(len(catalog.quotes("EUR.USD", day)) for day in days) == 51_053


def test_ordinary_data_gives_no_errors(catalog: Catalog) -> None:
    done = CliRunner().invoke(app, ["check", "--catalog", str(catalog.path), "--json"])
    assert done.exit_code == 0
    assert {one["severity"] for one in json.loads(done.output)} == {"warning", "info"}


def test_importing_again_changes_nothing(catalog: Catalog) -> None:
    def files() -> dict[Path, bytes]:
        return {p: p.read_bytes() for p in catalog.path.rglob("*.parquet")}

    before = files()
    import_lean(catalog, SAMPLE)
    assert files() == before
