from __future__ import annotations

import json
import logging
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ikbr.cli.data import app
from ikbr.domain.errors import DataError, UsageError

CSV = "Date,Time,Last,Vol\n2013-10-07,09:30:00,167.41,100\n2013-10-07,09:30:01,167.42,0\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "data.csv").write_text(CSV)
    return tmp_path


def run(place: Path, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(
        app, [*words, "--catalog", str(place / "catalog")], catch_exceptions=False
    )
    assert done.exit_code == code, done.output
    return done.output


def test_a_csv_is_imported_and_listed(place: Path) -> None:
    told = run(place, "import", "csv", str(place / "data.csv"), "--symbol", "spy")
    assert "ts=Date+Time, price=Last, size=Vol" in told
    assert "2 rows of SPY" in told
    listed = json.loads(run(place, "list", "--json"))
    assert listed == [
        {
            "symbol": "SPY",
            "kind": "print",
            "days": 1,
            "first": "2013-10-07",
            "last": "2013-10-07",
            "rows": 2,
            "synthetic": False,
        }
    ]
    assert "2013-10-07" in run(place, "list")


def test_every_option_of_the_csv_import_arrives(place: Path) -> None:
    (place / "bars.csv").write_text("ms,a,b,c,d\n34260000,1,2,0.5,1.23456\n")
    run(
        place,
        *("import", "csv", str(place / "bars.csv"), "--symbol", "SPY", "--kind", "bar-minute"),
        *("--map", "ts=ms,open=a", "--map", "high=b,low=c,close=d", "--date", "2013-10-07"),
        *("--ts-format", "ms-of-day", "--tz", "UTC", "--bar-stamp", "end", "--round"),
    )
    listed = json.loads(run(place, "list", "--json"))
    assert (listed[0]["kind"], listed[0]["rows"]) == ("bar-minute", 1)


def test_check_prints_findings_and_fails_on_errors_only(place: Path) -> None:
    run(place, "import", "csv", str(place / "data.csv"), "--symbol", "SPY")
    told = run(place, "check", "spy")
    assert "zero-size" in told
    assert "0 errors, 2 warnings" in told
    (place / "data.csv").write_text(CSV.replace("167.42", "-167.42"))
    run(place, "import", "csv", str(place / "data.csv"), "--symbol", "SPY")
    found = json.loads(run(place, "check", "--kind", "print", "--json", code=1))
    assert found[0]["severity"] == "error"
    assert found[0]["rule"] == "non-positive"
    assert found[0]["examples"] == ["09:30:01.000 -167.42"]


def test_lean_files_are_imported(place: Path) -> None:
    path = place / "equity/usa/tick/spy/20131007_trade.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.csv", "34200000,1674100,100,P,0,0\n")
    (path.parent / "20131007_openinterest.zip").write_bytes(b"")
    told = run(place, "import", "lean", str(place / "equity"))
    assert "SPY" in told
    assert "1 files into" in told
    assert "left out: 1 files" in told


def test_synthetic_data_are_made_labelled_and_sound(place: Path) -> None:
    told = run(
        place,
        *("make", "synthetic", "--symbols", "spy,KO", "--days", "1", "--start", "2026-03-02"),
        *("--seed", "3", "--rows-per-day", "20000"),
    )
    assert "synthetic data of SPY, KO, 2026-03-02" in told
    assert all(row["synthetic"] for row in json.loads(run(place, "list", "--json")))
    found = json.loads(run(place, "check", "--json"))
    assert [one for one in found if one["severity"] == "error" and one["rule"] != "future"] == []


@pytest.mark.parametrize(
    ("words", "error", "expected"),
    [
        (["list"], DataError, "is empty"),
        (["check"], DataError, "is empty"),
        (["import", "lean", "nowhere"], DataError, "'nowhere' does not exist"),
        (["import", "csv", "nowhere", "--symbol", "SPY"], DataError, "'nowhere' cannot be read"),
        (["import", "csv", "x", "--symbol", "SPY", "--tz", "New_York"], UsageError, "America/New"),
        (["import", "csv", "x", "--symbol", "SPY", "--date", "1.2."], UsageError, "--date '1.2.'"),
        (["import", "csv", "x", "--symbol", "S", "--bar-stamp", "ends"], UsageError, "'end'"),
        (["make", "synthetic", "--start", "2300-01-01"], UsageError, "--start 2300-01-01 is too"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    place: Path, words: list[str], error: type[Exception], expected: str
) -> None:
    with pytest.raises(error) as caught:
        run(place, *words)
    assert expected in str(caught.value)


def test_the_help_needs_no_heavy_library() -> None:
    heavy = "{'polars', 'pandas', 'numpy', 'pandas_market_calendars'}"
    code = f"import sys, ikbr.cli.data; sys.exit(str({heavy} & set(sys.modules)) != 'set()')"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--bars and --ticks: give one of them"),
        (["--bars", "1 min", "--ticks", "trades"], "--bars and --ticks: give one of them"),
        (["--bars", "2 min"], "--bars '2 min': the catalog keeps"),
        (["--bars", "1 min", "--what", "BID"], "--what 'BID'"),
        (["--ticks", "ticks"], "--ticks 'ticks' is unknown"),
        (["--bars", "1 min", "--session", "night"], "--session 'night' is unknown"),
        (["--bars", "1 min", "--start", "yesterday"], "yesterday"),
        (["--bars", "1 min", "--symbols", "SPY@"], "contract 'SPY@' is not understood"),
        (["--bars", "1 min", "--symbols", ","], "symbols are missing"),
    ],
)
def test_a_fetch_that_makes_no_sense_is_refused_before_it_connects(
    place: Path, words: list[str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        run(place, "fetch", "--symbols", "SPY", "--port", "1", *words)
    assert not (place / "catalog").exists()
    assert logging.getLogger("ikbr").level < logging.CRITICAL
