"""`ikbr optimise`, from the words of a command line to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from doors import Door

import ikbr
from ikbr.data.synthetic import make_synthetic

GRID = ("--grid", "lookback=5:15:5", "--grid", "threshold=0.0005,0.001,0.5")
SWEEP = ("optimise", "--symbols", "SPY", *GRID, "--jobs", "1", "--objective", "net_pnl")

MINE = """
from ikbr import BaseStrategy, Signal
from ikbr.domain.errors import StrategyError

class Mine(BaseStrategy):
    def __init__(self, fast: int = 1, slow: int = 2):
        if fast >= slow:
            raise StrategyError(f"fast {fast} must be below slow {slow}.")
        self.fast, self.slow, self.seen = fast, slow, 0

    def on_market_data(self, ticker):
        self.seen += 1
        if self.seen == self.fast * 100 and ticker.last > 0:
            return Signal("BUY", ticker.symbol, ticker.last, reason="it is time")
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market") / "catalog"
    make_synthetic(folder, symbols=("SPY", "KO"), days=3, rows_per_day=4_000)
    return folder


@pytest.fixture
def door(
    tmp_path: Path,
    market: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Door:
    (tmp_path / "catalog").symlink_to(market)
    monkeypatch.chdir(tmp_path)
    return Door(tmp_path, capfd)


def told(door: Door, *words: str, code: int = 0) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(door(*words, "--json", "-", code=code))
    return result


def test_every_run_of_a_sweep_is_the_backtest_with_its_parameters(door: Door) -> None:
    swept = told(door, *SWEEP)
    assert len(swept["runs"]) == 9
    for run in swept["runs"][::4]:
        given = ",".join(f"{name}={value}" for name, value in run["parameters"].items())
        one = told(door, "backtest", "--symbols", "SPY", "--param", given)
        assert run["fill_hash"] == one["fill_hash"]
        assert run["metrics"]["net_pnl"] == pytest.approx(one["net_pnl"])
    assert len({run["fill_hash"] for run in swept["runs"]}) > 4


def test_it_says_what_it_did_and_writes_parquet_and_html(door: Door) -> None:
    out = door(*SWEEP, "--report", "r.html", "--results", "mine")
    assert "SYNTHETIC DATA" in out
    assert "9 runs (grid)" in out
    assert "engine, this process" in out
    assert "Best net_pnl: lookback=" in out
    folder = door.folder / "mine"
    assert (folder / "report.html").read_text() == (door.folder / "r.html").read_text()
    frame = pl.read_parquet(folder / "results.parquet")
    assert frame.height == 9
    assert {"lookback", "threshold", "net_pnl", "sharpe", "fill_hash"} <= set(frame.columns)
    assert not list(folder.glob(".tape-*"))


def test_the_same_command_again_runs_nothing(door: Door) -> None:
    first = told(door, *SWEEP)
    second = told(door, *SWEEP)
    assert (first["made"], first["resumed"]) == (9, 0)
    assert (second["made"], second["resumed"]) == (0, 9)
    assert first["runs"] == second["runs"]


def test_another_sweep_in_the_folder_is_refused(door: Door) -> None:
    door(*SWEEP, "--results", "mine")
    for words, part in (
        (("--grid", "stop_loss_pct=0.1,0.2"), "grid"),
        (("--days", "1"), "data"),
        (("--capital", "5000"), "settings"),
    ):
        door(*SWEEP, *words, "--results", "mine", code=2)
        assert f"holds a sweep that differs in {part};" in door.err


def test_a_changed_strategy_is_another_sweep(door: Door) -> None:
    file = door.folder / "mine.py"
    file.write_text(MINE)
    words = ("optimise", "--strategy", "mine.py", "--symbols", "SPY", "--grid", "fast=1:3:1",
             "--param", "slow=9", "--jobs", "1", "--results", "r")  # fmt: skip
    door(*words)
    file.write_text(MINE + "\n# a word more\n")
    door(*words, code=2)
    assert "differs in strategy;" in door.err


def test_combinations_that_a_strategy_refuses_fail_alone(door: Door) -> None:
    (door.folder / "mine.py").write_text(MINE)
    words = (
        *("optimise", "--strategy", "mine.py:Mine", "--symbols", "SPY", "--jobs", "1"),
        *("--grid", "fast=3,1", "--grid", "slow=2:4:1", "--objective", "final_equity"),
    )
    swept = told(door, *words)
    broken = {
        (r["parameters"]["fast"], r["parameters"]["slow"]) for r in swept["runs"] if r["error"]
    }
    assert broken == {(3, 2), (3, 3)}
    assert "fast 3 must be below slow 2." in door.err


def test_an_objective_that_no_run_reaches_is_explained_and_the_runs_are_kept(door: Door) -> None:
    words = ("optimise", "--symbols", "SPY", "--grid", "threshold=0.5,0.6", "--jobs", "1")
    swept = told(door, *words, code=1)
    assert swept["best"] is None
    assert "no run reaches the objective sharpe: of 2 runs, 2 had no fills" in door.err
    assert told(door, *words, code=1)["resumed"] == 2


def test_a_grid_that_explodes_asks_first(door: Door) -> None:
    words = ("optimise", "--symbols", "SPY", "--grid", "lookback=2:100001:1", "--grid",
             "threshold=0:1:0.00001", "--jobs", "1")  # fmt: skip
    door(*words, code=2)
    assert "the grid has 10,000,100,000 runs (100,000 lookback × 100,001 threshold)" not in door.err
    assert "100,001 values" in door.err
    door(*words[:5], "--grid", "threshold=0.1:0.9:0.01", "--jobs", "1", code=2)
    assert "the grid has 8,100,000 runs (100,000 lookback × 81 threshold)" in door.err
    assert "add --yes" in door.err
    assert [one.name for one in door.folder.iterdir()] == ["catalog"]


def test_a_sampler_chooses_the_same_runs_again(door: Door) -> None:
    words = ("optimise", "--symbols", "SPY", "--grid", "lookback=5:50:1", "--grid",
             "threshold=0.0003:0.003", "--jobs", "1", "--objective", "net_pnl",
             "--sampler", "tpe", "--trials", "12")  # fmt: skip
    whole = told(door, *words, "--results", "whole")
    assert whole["sampler"] == "tpe, seed 1, max:net_pnl"
    few = told(door, *words[:-1], "5", "--results", "parts")
    assert len(few["runs"]) == 5
    rest = told(door, *words, "--results", "parts")
    assert (rest["resumed"], rest["made"]) == (5, 7)
    strip = [[{**r, "seconds": 0} for r in each["runs"]] for each in (whole, rest)]
    assert strip[0] == strip[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no grid is given"),
        (("--grid", "lokback=5"), "did you mean 'lookback'?"),
        (("--grid", "lookback=1:5:1"), "lookback = '1' is out of range"),
        (("--grid", "threshold=0.1:0.2"), "has no step"),
        (("--grid", "lookback=5", "--param", "lookback=6"), "by --param and by --grid"),
        (("--grid", "lookback=5", "--objective", "sharp"), "did you mean 'sharpe'?"),
        (("--grid", "lookback=5", "--sampler", "tpee"), "did you mean 'tpe'?"),
        (("--grid", "lookback=5", "--trials", "5"), "add --sampler tpe"),
        (("--grid", "lookback=5", "--jobs", "0"), "jobs 0 is too few"),
        (("--grid", "lookback=5", "--executor", "dsk"), "did you mean 'dask'?"),
        (("--grid", "lookback=5", "--executor", "dask"), "needs the scheduler's address"),
        (("--grid", "lookback=5", "--address", "x:1"), "add --executor dask or ray"),
        (("--grid", "lookback=5", "--results", "file"), "cannot be"),
        (("--grid", "lookback=5", "--report", "no/r.html"), "does not exist"),
        (("--grid", "lookback=5", "--symbols", "XYZ"), "XYZ"),
        (("--grid", "lookback=5", "--shape", "kernel"), "momentum is none; use --shape python"),
        (("--grid", "lookback=5", "--executor", "dask", "--address", "x"), "write it as tcp://"),
        (("--grid", "lookback=5", "--executor", "dask", "--address", "tcp://h"), "write it as tcp"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_runs(
    door: Door, words: tuple[str, ...], said: str
) -> None:
    (door.folder / "file").write_text("")
    symbols = () if "--symbols" in words else ("--symbols", "SPY")
    door("optimise", *symbols, *words, code=2)
    assert said in door.err
    assert {one.name for one in door.folder.iterdir()} == {"catalog", "file"}


LOUD = """
import os
print("loading")
os.write(1, b"writing")
""" + MINE.replace("self.seen += 1", "self.seen += 1; print('deciding')", 1)


def test_what_strategies_print_in_any_process_is_kept_out_of_json(door: Door) -> None:
    (door.folder / "loud.py").write_text(LOUD)
    for words in (
        ("optimise", "--grid", "fast=1:2:1", "--param", "slow=9", "--jobs", "2"),
        ("walk-forward", "--grid", "fast=1:2:1", "--param", "slow=9", "--jobs", "2",
         "--in-sample", "1", "--out-of-sample", "1", "--objective", "net_pnl"),
        ("backtest", "--param", "slow=9"),
        ("lookahead", "--param", "slow=9"),
    ):  # fmt: skip
        told(door, *words, "--strategy", "loud.py", "--symbols", "SPY")
        assert "deciding" in door.err
        assert "writing" in door.err


def test_a_file_that_cannot_be_written_is_named_and_the_runs_are_kept(door: Door) -> None:
    door(*SWEEP, "--results", "kept")
    (door.folder / "kept" / "report.html").unlink()
    (door.folder / "kept" / "report.html").mkdir()
    door(*SWEEP, "--results", "kept", code=2)
    assert "/kept/report.html' cannot be written" in door.err
    (door.folder / "kept" / "report.html").rmdir()
    assert told(door, *SWEEP, "--results", "kept")["resumed"] == 9


def test_python_has_the_same_door(door: Door) -> None:
    from_python = ikbr.optimise(
        "momentum", "SPY", grid={"lookback": range(5, 20, 5), "threshold": [0.0005, 0.001, 0.5]},
        jobs=1, objective="net_pnl",
    )  # fmt: skip
    assert from_python.made == 9
    frame = from_python.frame()
    assert list(frame["lookback"]) == [5, 5, 5, 10, 10, 10, 15, 15, 15]
    assert from_python.equity_frame().shape == (3, 9)
    assert "best net_pnl" in repr(from_python)
    assert told(door, *SWEEP)["resumed"] == 9
    with pytest.raises(ikbr.IkbrError, match="did you mean 'days'"):
        ikbr.optimise("momentum", "SPY", grid=["lookback=5"], dayz=1)


def test_the_compiled_grid_gives_the_engines_runs_and_the_output_says_which_ran(
    door: Door,
) -> None:
    words = ("optimise", "--strategy", "momentum_kernel", "--symbols", "SPY", *GRID, "--jobs", "1")
    compiled = told(door, *words, "--results", "a")
    assert "compiled grid" in door.err
    engine = told(door, *words, "--results", "b", "--path", "engine")
    assert "engine, this process" in door.err
    assert (compiled["paths"], engine["paths"]) == (["compiled grid"], ["engine"])
    for one, other in zip(compiled["runs"], engine["runs"], strict=True):
        for name in ("parameters", "fill_hash", "session_equity", "metrics"):
            assert one[name] == other[name]
    assert any(run["metrics"]["fill_count"] for run in engine["runs"])


def test_a_strategy_that_is_no_kernel_says_why_the_engine_ran(door: Door) -> None:
    out = " ".join(door(*SWEEP).split())
    assert "no compiled grid: MomentumStrategy is not a kernel strategy" in out
