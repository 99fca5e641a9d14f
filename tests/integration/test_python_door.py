"""`ikbr.backtest(...)` and the other public names."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import ikbr
from ikbr.data.catalog import Catalog
from ikbr.data.synthetic import make_synthetic
from ikbr.data.tape_source import CatalogSource, select_days
from ikbr.domain.errors import DataError, IkbrError, UsageError

PARAMS = {"lookback": 50, "threshold": 0.002}


class Holder(ikbr.BaseStrategy):
    """Buy once and hold."""

    def on_market_data(self, ticker: ikbr.Ticker) -> ikbr.Signal | None:
        return ikbr.Signal("BUY", ticker.symbol, ticker.last) if ticker.last > 0 else None


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market") / "catalog"
    make_synthetic(folder, symbols=("SPY", "KO"), days=2, rows_per_day=4_000)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def minute_bars(symbol: str, catalog: Path) -> tuple[dict[str, Any], str]:
    held = Catalog(catalog)
    bars = held.bars(symbol, "minute", held.days(symbol, "bar-minute")[0])
    scale = held.instrument(symbol).price_scale
    columns: dict[str, Any] = {
        name: getattr(bars, name) / scale for name in ("open", "high", "low", "close")
    }
    # Frames are stamped at the start of the bar, as nearly all sources do it.
    return {"time": bars.ts_ns - 60 * 10**9, **columns, "volume": bars.volume}, symbol


def test_every_public_name_is_there_and_importing_them_is_free() -> None:
    for name in ikbr.__all__:
        found = getattr(ikbr, name)
        assert getattr(found, "__name__", repr(found)) == name
    assert set(ikbr.__all__) | {"backtest"} <= set(dir(ikbr))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ikbr.nothing
    code = "import sys, ikbr; print(sorted(n for n in sys.modules if n.startswith('ikbr.')))"
    compiled = ["ikbr.compiled", "ikbr.compiled.record", "ikbr.compiled.use"]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{compiled}\n"


@pytest.mark.parametrize(
    "first", ["", "import ikbr.backtest.engine", "from ikbr.backtest.result import BacktestResult"]
)
def test_backtest_is_a_function_whoever_imported_the_package(first: str) -> None:
    code = (
        f"{first}\nimport ikbr\nassert callable(ikbr.backtest)\n"
        "import ikbr.backtest.engine as engine\n"
        "assert ikbr.backtest.engine is engine and callable(ikbr.backtest)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_its_parameters_are_shown() -> None:
    names = list(inspect.signature(ikbr.backtest).parameters)
    assert names[:2] == ["strategy", "symbols"]
    assert "latency_ms" in names
    assert "Run strategies over market data." in ikbr.backtest.__wrapped__.__doc__


def test_a_class_and_an_object_run_like_a_name(catalog: Path) -> None:
    of_class = ikbr.backtest(Holder, "SPY", data=catalog, days=1)
    of_object = ikbr.backtest(Holder(), ["SPY"], data=Catalog(catalog), days=1)
    assert of_class.fill_hash == of_object.fill_hash
    assert [f.symbol for f in of_class.fills] == ["SPY"]
    assert of_class.strategy == "Holder"
    assert of_class.synthetic


def test_a_tape_in_memory_gives_what_the_catalog_gives(catalog: Path) -> None:
    held = Catalog(catalog)
    source = CatalogSource(held, ("SPY",), select_days(held, ("SPY",), days=1))
    (tape,) = source.chunks()
    expected = ikbr.backtest("momentum", "SPY", data=catalog, days=1, params=PARAMS)
    for data in (tape, source):
        result = ikbr.backtest("momentum", data=data, params=PARAMS)
        assert result.fill_hash == expected.fill_hash
    with pytest.raises(DataError, match="the tape is of SPY and the symbols are KO"):
        ikbr.backtest("momentum", "KO", data=tape)
    with pytest.raises(UsageError, match="leave out days"):
        ikbr.backtest("momentum", data=tape, days=1)
    with pytest.raises(DataError, match="no rows"):
        ikbr.backtest("momentum", data=tape.rows(0, 0))


@pytest.mark.parametrize("library", ["pandas", "pandas index", "pandas zone", "polars"])
def test_frames_give_what_the_catalog_gives(library: str, catalog: Path) -> None:
    columns, symbol = minute_bars("KO", catalog)
    columns["time"] = np.array(columns["time"], "datetime64[ns]")
    frame: Any
    if library == "polars":
        frame = pl.DataFrame(columns).with_columns(pl.col("time").dt.replace_time_zone("UTC"))
    else:
        frame = pd.DataFrame(columns)
        frame["time"] = frame["time"].dt.tz_localize("UTC")
        if library == "pandas zone":
            frame["time"] = frame["time"].dt.tz_convert("Europe/Berlin")
        if library == "pandas index":
            frame = frame.set_index("time")
    expected = ikbr.backtest(
        Holder, symbol, data=catalog, end="2026-03-02", resolution="minute", feed="trades"
    )
    result = ikbr.backtest(Holder, symbol, data=frame)
    assert result.resolution == "minute"
    assert result.fills
    assert result.fill_hash == expected.fill_hash
    assert ikbr.backtest(Holder, data={symbol: frame}).fill_hash == result.fill_hash


def test_frames_of_several_symbols_are_one_market(catalog: Path) -> None:
    frames = {}
    for symbol in ("SPY", "KO"):
        columns, _ = minute_bars(symbol, catalog)
        frames[symbol] = pl.DataFrame(columns)
    result = ikbr.backtest(Holder, data=frames)
    assert {f.symbol for f in result.fills} == {"SPY", "KO"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"data": pl.DataFrame({"time": [1]})}, "0 symbols are given"),
        ({"symbols": "SPY", "data": pl.DataFrame({"time": [1]})}, "frame of SPY: "),
        (
            {"symbols": "SPY", "data": pl.DataFrame({"time": [object()]})},
            "data of SPY cannot be read",
        ),
        (
            {"symbols": "SPY", "data": pd.DataFrame({("Close", "SPY"): [1.0]})},
            "give one frame per symbol, as frame.xs('SPY'",
        ),
        ({"symbols": "SPY", "data": 5}, "data of SPY is of type int"),
        ({"symbols": "SPY", "data": "nowhere"}, "catalog 'nowhere' does not exist"),
        ({"symbols": 3}, "symbols 3 are no texts"),
        ({"symbols": ["SPY", None]}, "are no texts"),
        ({"symbols": "SPY", "params": ()}, "params () is not a dict"),
        ({"symbols": "SPY", "start": "soon"}, "start 'soon' is not a day"),
        ({"symbols": "SPY", "report": "none/r.html"}, "folder 'none' does not exist"),
        ({"symbols": "SPY", "settings": {"risk.nothing": 1}}, "risk.nothing"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(
    options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(IkbrError) as caught:
        ikbr.backtest("momentum", **options)
    assert sentence in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_settings_take_plain_values(catalog: Path) -> None:
    settings = {"risk.restricted": ["KO"], "risk.max_position_pct": 0.1, "sim.volume_cap": 0}
    result = ikbr.backtest(Holder, "SPY,KO", data=catalog, days=1, settings=settings)
    assert {f.symbol for f in result.fills} == {"SPY"}
    assert result.settings["risk"]["max_position_pct"] == 0.1
