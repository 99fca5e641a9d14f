"""`ikbr lookahead` catches strategies that know the future, and leaves honest ones alone."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ikbr.api.lookahead import lookahead
from ikbr.api.request import Request
from ikbr.cli.lookahead import lines_of
from ikbr.cli.main import execute
from ikbr.data.calendars import sessions
from ikbr.data.catalog import Catalog
from ikbr.data.columns import BarColumns, PrintColumns, QuoteColumns
from ikbr.domain.contracts import parse_contract
from ikbr.strategies.registry import EXAMPLES

ROWS = 1_500
FIRST, LAST = dt.date(2026, 3, 2), dt.date(2026, 3, 4)

HONEST = """
from ikbr.domain.signal import Signal
from ikbr.strategies.base_strategy import BaseStrategy
{before}

class Mine(BaseStrategy):
    def __init__(self):
        self.seen = 0
        self.old = None

{on_start}
    def on_market_data(self, ticker):
        self.seen += 1
        now = ticker.last
        if not now or self.seen % 10:
            return None
        {decide}
"""

TREND = "up, self.old = self.old is not None and now > self.old, now"
PEEK = """up = FUTURE[np.searchsorted(TIMES, self.now_ns + 3_000_000_000) % len(FUTURE)] > now"""
SIGNAL = "; return Signal('BUY' if up else 'FLAT', ticker.symbol, now)"
LOAD = """
DAYS = sorted(pathlib.Path({folder!r}, "SPY", "print").glob("*.parquet"))
FRAME = pl.concat(pl.read_parquet(day) for day in DAYS)
TIMES, FUTURE = FRAME["ts_ns"].to_numpy(), FRAME["price"].to_numpy() / 10_000
"""
IMPORTS = "import pathlib, numpy as np, polars as pl\n"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make three days of wandering prices: ticks and minute bars."""
    folder = tmp_path_factory.mktemp("market") / "catalog"
    store = Catalog(folder)
    rng = np.random.default_rng(3)
    for symbol in ("SPY", "KO"):
        instrument = parse_contract(symbol)
        price = 500 * instrument.price_scale
        for session in sessions("NYSE", FIRST, LAST):
            span = session.close_ns - session.open_ns
            ts = session.open_ns + np.sort(rng.integers(0, span, ROWS))
            path = price + np.cumsum(rng.integers(-3, 4, ROWS)) * (instrument.price_scale // 100)
            price = int(path[-1])
            size = rng.integers(1, 9, ROWS) * 100
            prints = PrintColumns(ts, path.astype(np.int32), size, np.zeros(ROWS, np.uint8))
            cent = instrument.price_scale // 100
            quotes = QuoteColumns(
                ts,
                (path - cent).astype(np.int32),
                (path + cent).astype(np.int32),
                (size // 100).astype(np.int32),
                (size // 100).astype(np.int32),
            )
            ends = session.open_ns + (np.arange(390) + 1) * 60_000_000_000
            closes = path[np.searchsorted(ts, ends).clip(max=ROWS - 1)].astype(np.int32)
            opens = np.concatenate((path[:1], closes[:-1])).astype(np.int32)
            high, low = np.maximum(opens, closes), np.minimum(opens, closes)
            bars = BarColumns(ends, opens, high, low, closes, np.full(390, 1_000, np.int64))
            for kind, columns in (("print", prints), ("quote", quotes), ("bar-minute", bars)):
                store.write(instrument, kind, session.date, columns, source="test", synthetic=True)
    return folder


def strategy(
    folder: Path, decide: str = TREND, before: str = "", on_start: str = "", name: str = "mine.py"
) -> str:
    """Write a strategy file."""
    path = folder / name
    hook = textwrap.indent(on_start, "    ")
    path.write_text(HONEST.format(before=before, decide=decide + SIGNAL, on_start=hook))
    return str(path)


def request(catalog: Path, file: str, **more: Any) -> Request:
    return Request(strategy=file, symbols=["SPY"], data=catalog, quantity=10, fees="none", **more)


def test_an_honest_strategy_is_left_alone(catalog: Path, tmp_path: Path) -> None:
    found = lookahead(request(catalog, strategy(tmp_path)), cuts=6)
    assert found.is_clean
    assert found.decisions > 20
    assert found.runs == 2 + 2 * len(found.cuts) + len(found.starts)
    assert not found.depends_on_start
    assert found.follows_data


def test_a_private_copy_of_the_data_is_warned_of(catalog: Path, tmp_path: Path) -> None:
    """Nothing tells it from a strategy that follows the clock, so it is no finding."""
    copied = tmp_path / "copied"
    shutil.copytree(catalog, copied)
    before = IMPORTS + LOAD.format(folder=str(copied))
    decide = PEEK.replace("> now", "> FUTURE[np.searchsorted(TIMES, self.now_ns)]")
    found = lookahead(request(catalog, strategy(tmp_path, decide, before)), cuts=4)
    assert found.follows_data is False
    told = " ".join(lines_of(found))
    assert "WARNING: it decided the same where the data turned round" in told


def test_a_class_global_of_the_whole_tape_is_caught(catalog: Path, tmp_path: Path) -> None:
    before = IMPORTS + LOAD.format(folder=str(catalog))
    found = lookahead(request(catalog, strategy(tmp_path, PEEK, before)), cuts=6)
    assert not found.is_clean
    first = found.first
    assert first is not None
    assert first.cut_ns - 3_000_000_000 <= first.ts_ns < first.cut_ns
    assert "Mine decides" in first.full + first.other
    assert {each.future for each in found.differences} == {"cut off", "mirrored"}


def test_reading_the_catalog_in_a_hook_is_caught(catalog: Path, tmp_path: Path) -> None:
    on_start = f"""
def on_start(self):
    from ikbr.data.catalog import Catalog
    days = Catalog({str(catalog)!r}).days("SPY", "print")
    parts = [Catalog({str(catalog)!r}).prints("SPY", day) for day in days]
    global TIMES, FUTURE
    TIMES = np.concatenate([part.ts_ns for part in parts])
    FUTURE = np.concatenate([part.price for part in parts]) / 10_000
"""
    file = strategy(tmp_path, PEEK, "import numpy as np", on_start)
    assert not lookahead(request(catalog, file), cuts=6).is_clean


def test_a_module_beside_the_strategy_is_read_anew(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "oracle_of_prices.py").write_text(IMPORTS + LOAD.format(folder=str(catalog)))
    monkeypatch.syspath_prepend(str(tmp_path))
    before = "import numpy as np\nfrom oracle_of_prices import FUTURE, TIMES"
    assert not lookahead(request(catalog, strategy(tmp_path, PEEK, before)), cuts=6).is_clean


def test_a_relative_path_is_the_same_place(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(catalog.parent)
    before = IMPORTS + LOAD.format(folder="catalog")
    file = strategy(tmp_path, PEEK, before)
    assert not lookahead(request(Path("catalog"), file), cuts=6).is_clean


def test_a_look_at_the_next_minute_bar_is_caught(catalog: Path, tmp_path: Path) -> None:
    before = IMPORTS + LOAD.format(folder=str(catalog)).replace('"print"', '"bar-minute"').replace(
        '"price"', '"close"'
    )
    decide = PEEK.replace("3_000_000_000", "60_000_000_000")
    file = strategy(tmp_path, decide, before)
    found = lookahead(request(catalog, file, resolution="minute"), cuts=6)
    assert not found.is_clean
    honest = lookahead(request(catalog, strategy(tmp_path), resolution="minute"), cuts=6)
    assert honest.is_clean


def test_a_look_at_the_very_end_is_caught(catalog: Path, tmp_path: Path) -> None:
    before = IMPORTS + LOAD.format(folder=str(catalog))
    last = Catalog(catalog).prints("SPY", LAST).price[-1] / 10_000
    file = strategy(tmp_path, f"up = self.seen > 100 and FUTURE[-1] == {last}", before)
    found = lookahead(request(catalog, file), cuts=6)
    assert found.decisions == 1
    assert found.first is not None
    assert found.first.other == ""


def test_chance_and_the_wall_clock_are_told_apart_from_look_ahead(
    catalog: Path, tmp_path: Path
) -> None:
    file = strategy(tmp_path, "up = random.random() > 0.5", "import random")
    found = lookahead(request(catalog, file), cuts=3)
    assert not found.repeatable
    assert not found.is_clean
    assert (found.cuts, found.differences, found.runs) == ((), (), 2)


def test_a_strategy_that_counts_from_its_start_depends_on_it(catalog: Path, tmp_path: Path) -> None:
    file = strategy(tmp_path, "up = self.seen // 70 % 3 == 0")
    found = lookahead(request(catalog, file), cuts=2)
    assert found.is_clean
    assert found.depends_on_start
    assert found.starts[0].agree_from_ns is None


def test_a_long_memory_takes_its_rows_to_warm_up(catalog: Path, tmp_path: Path) -> None:
    file = strategy(tmp_path, "up, self.old = self.seen >= 400 and now > self.old, now - 0.0")
    file_text = Path(file).read_text().replace("self.old = None", "self.old = 0.0")
    Path(file).write_text(file_text)
    found = lookahead(request(catalog, file), cuts=2)
    assert found.is_clean
    for start in found.starts:
        assert start.rows is not None
        assert start.rows > 0


def test_all_days_of_a_catalog_may_be_named_though_a_cut_leaves_fewer(
    catalog: Path, tmp_path: Path
) -> None:
    file = strategy(tmp_path, "up = self.seen // 70 % 3 == 0")
    found = lookahead(request(catalog, file, days=3), cuts=1, starts=1)
    assert found.is_clean
    assert len(found.starts) == 1


def test_a_single_session_is_entered_later(catalog: Path) -> None:
    found = lookahead(request(catalog, "mean_reversion", days=1), cuts=2, starts=2)
    assert [start.rows is not None and start.rows < ROWS for start in found.starts] == [True] * 2
    assert found.starts[0].start_ns < found.starts[1].start_ns


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_pass(name: str, catalog: Path) -> None:
    symbols = ["SPY", "KO"] if "pairs" in name else ["SPY"]
    params = {"lookback": 50, "threshold": 0.0005} if "momentum" in name else {}
    found = lookahead(
        Request(strategy=name, symbols=symbols, data=catalog, params=params, fees="none"), cuts=2
    )
    assert found.is_clean


def test_the_command_tells_and_leaves_with_its_code(
    catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = IMPORTS + LOAD.format(folder=str(catalog))
    common = ["--symbols", "SPY", "--data", str(catalog), "--fees", "none", "--cuts", "3"]
    peek, honest = strategy(tmp_path, PEEK, before, name="peek.py"), strategy(tmp_path)
    target = tmp_path / "verdict.json"
    code = execute(["lookahead", "--strategy", peek, *common, "--json", str(target)])
    told = capsys.readouterr().out
    assert code == 1
    assert "LOOK-AHEAD" in told
    assert "first difference at 2026-03-0" in told
    written = json.loads(target.read_text())
    assert written["clean"] is False
    assert written["differences"][0]["cut_ns"] > written["differences"][0]["ts_ns"]
    assert execute(["lookahead", "--strategy", honest, *common, "--json", "-"]) == 0
    told, aside = capsys.readouterr()
    assert json.loads(told)["clean"] is True
    assert "No look-ahead found" in aside


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cuts", "0"], "cuts 0"),
        (["--starts", "-1"], "starts -1"),
        (["--strategy", "momentum", "--param", "threshold=9"], "decides nothing"),
        (["--strategy", "nothing.py"], "nothing.py"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(
    options: list[str], words: str, catalog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--symbols", "SPY", "--data", str(catalog), "--fees", "none"]
    assert execute(["lookahead", *common, *options]) == 2
    assert words in capsys.readouterr().err
