"""What a feed tells is kept: at once in part, whole in the end, and never twice."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ikbr.data import recorder as module
from ikbr.data.calendars import sessions
from ikbr.data.catalog import Catalog
from ikbr.data.columns import PrintColumns
from ikbr.data.recorder import Recorder
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError
from ikbr.domain.tape import NO_PRICE

SPY, ES = parse_contract("SPY"), parse_contract("ES 202612 CME")
DAYS = sessions("NYSE", dt.date(2026, 3, 2), dt.date(2026, 3, 3))
OPEN = DAYS[0].open_ns
SECOND = 10**9


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def prints(catalog: Catalog, day: int = 0) -> list[tuple[int, int, int, int]]:
    held = catalog.read("SPY", "print", DAYS[day].date)
    assert isinstance(held, PrintColumns)
    return list(zip(*(getattr(held, n).tolist() for n in held.__dataclass_fields__), strict=True))


def test_quotes_and_prints_come_back_as_they_were(catalog: Catalog) -> None:
    recorder = Recorder(catalog, [SPY])
    recorder.on_quote("SPY", OPEN, 99.99, 100.0, 300, 400)
    recorder.on_print("SPY", OPEN + 1, 100.0, 50)
    recorder.on_quote("SPY", OPEN + 2, -1.0, float("nan"), 0, float("nan"))
    recorder.on_print("SPY", OPEN + 3, float("nan"), 50)
    recorder.on_print("SPY", OPEN + 3, 100.0, 0)
    recorder.on_halt("SPY", OPEN + 4, halted=True)
    recorder.on_halt("SPY", OPEN + 5, halted=False)
    recorder.close()
    quotes = catalog.quotes("SPY", DAYS[0].date)
    assert quotes.ts_ns.tolist() == [OPEN, OPEN + 2]
    assert (quotes.bid.tolist(), quotes.ask.tolist()) == (
        [999_900, NO_PRICE],
        [1_000_000, NO_PRICE],
    )
    assert (quotes.bid_size.tolist(), quotes.ask_size.tolist()) == ([300, 0], [400, 0])
    assert prints(catalog) == [
        (OPEN + 1, 1_000_000, 50, 0),
        (OPEN + 4, 1_000_000, 0, 4),
        (OPEN + 5, 1_000_000, 0, 8),
    ]
    assert catalog.source("SPY") == "recorded live"
    assert not list((catalog.path / ".recording").glob("*/*/*.rows"))
    assert catalog.symbols() == ("SPY",)


def test_a_negative_price_with_a_size_is_a_price(catalog: Catalog) -> None:
    recorder = Recorder(catalog, [ES])
    recorder.on_quote(ES.symbol, OPEN, -5.0, -4.75, 3, 4)
    recorder.close()
    quotes = catalog.quotes(ES.symbol, DAYS[0].date)
    assert (quotes.bid.tolist(), quotes.ask.tolist()) == ([-500], [-475])


def test_a_day_goes_into_the_catalog_when_the_next_one_begins(catalog: Catalog) -> None:
    recorder = Recorder(catalog, [SPY])
    recorder.on_print("SPY", OPEN, 100.0, 1)
    recorder.flush()
    assert catalog.days("SPY", "print") == ()
    recorder.on_print("SPY", DAYS[1].open_ns, 101.0, 2)
    recorder.flush()
    assert catalog.days("SPY", "print") == (DAYS[0].date,)
    recorder.close()
    assert [row[2] for day in (0, 1) for row in prints(catalog, day)] == [1, 2]


def test_what_comes_after_a_restart_joins_what_was_there(catalog: Catalog) -> None:
    for number in range(3):
        recorder = Recorder(catalog, [SPY])
        recorder.on_print("SPY", OPEN + number, 100.0, number + 1)
        recorder.close()
    assert [row[2] for row in prints(catalog)] == [1, 2, 3]


def test_rows_that_are_in_both_places_after_a_kill_are_not_doubled(catalog: Catalog) -> None:
    recorder = Recorder(catalog, [SPY])
    recorder.on_print("SPY", OPEN, 100.0, 1)
    recorder.flush()
    (path,) = (catalog.path / ".recording").glob("*/*/*.rows")
    left = path.read_bytes()
    recorder.close()
    path.write_bytes(left + b"a row cut")
    recorder = Recorder(catalog, [SPY])
    recorder.on_print("SPY", OPEN + 1, 100.0, 2)
    recorder.close()
    assert [row[2] for row in prints(catalog)] == [1, 2]


def test_memory_is_written_every_second_and_after_so_many_rows(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH_ROWS", 5)
    recorder = Recorder(catalog, [SPY])
    for number in range(5):
        recorder.on_print("SPY", OPEN + number, 100.0, 1)
    assert recorder.kept == 5
    recorder.on_print("SPY", OPEN + 6, 100.0, 1)
    recorder.on_quote("SPY", OPEN + 7, 1.0, 2.0, 1, 1)
    assert recorder.kept == 5
    recorder.on_print("SPY", OPEN + 6 + SECOND, 100.0, 1)
    assert recorder.kept == 8
    recorder.close()


def test_a_full_disk_stops_nobody_and_memory_stays_bounded(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    recorder = Recorder(catalog, [SPY])
    told: list[str] = []
    recorder.on_problem = told.append
    folder = catalog.path / ".recording" / "SPY" / "print"
    folder.write_text("in the way")
    for number in range(5):
        recorder.on_print("SPY", OPEN + number * SECOND, 100.0, number + 1)
    recorder.flush()
    assert (recorder.kept, recorder.lost, len(told)) == (0, 2, 1)
    assert "cannot be written" in told[0]
    folder.unlink()
    recorder.flush()
    recorder.close()
    assert [row[2] for row in prints(catalog)] == [1, 2, 3]


def test_a_day_from_elsewhere_is_left_as_it_is(catalog: Catalog) -> None:
    recorder = Recorder(catalog, [SPY])
    recorder.on_print("SPY", OPEN, 100.0, 1)
    recorder.close()
    held = catalog.read("SPY", "print", DAYS[0].date)
    catalog.write(SPY, "print", DAYS[0].date, held, source="fetched")
    recorder = Recorder(catalog, [SPY])
    recorder.on_print("SPY", OPEN + 1, 100.0, 2)
    recorder.close()
    assert [path.name for path in recorder.kept_apart] == [f"{DAYS[0].date}.rows"]
    assert [row[2] for row in prints(catalog)] == [1]


def test_two_recorders_of_one_catalog_are_one_too_many(catalog: Catalog) -> None:
    first = Recorder(catalog, [SPY])
    with pytest.raises(DataError, match="another recorder writes into catalog"):
        Recorder(catalog, [SPY])
    first.on_print("SPY", OPEN, 1.0, 1)
    first.close()
    with pytest.raises(DataError, match="holds real data and the new data is synthetic"):
        Recorder(catalog, [SPY], synthetic=True)


KILLED = """
import os, signal, sys
from ikbr.data.catalog import Catalog
from ikbr.data.recorder import Recorder
from ikbr.domain.contracts import parse_contract
recorder = Recorder(Catalog(sys.argv[1]), [parse_contract("SPY")])
start = int(sys.argv[2])
for number in range(1000):
    recorder.on_print("SPY", start + number * 10_000_000, 100.0, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_loses_a_second_at_most(catalog: Catalog) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(catalog.path), str(OPEN)], check=False)
    assert done.returncode == -9
    Recorder(catalog, [SPY]).close()
    rows = prints(catalog)
    assert len(rows) > 880
    assert rows[-1][0] >= OPEN + 999 * 10_000_000 - SECOND
    assert os.listdir(catalog.path / ".recording" / "SPY" / "print") == []
