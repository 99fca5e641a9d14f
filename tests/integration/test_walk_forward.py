"""`ikbr walk-forward` against plain backtests, killed and continued, and with bad input."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ikbr.api.python import backtest
from ikbr.api.request import Request
from ikbr.api.sweep_request import SweepRequest
from ikbr.api.walk_forward import WalkRequest, execute_walk, prepare_walk
from ikbr.backtest.optimise.trial import COMPILED_GRID, ENGINE
from ikbr.cli.main import execute
from ikbr.data.synthetic import make_synthetic

LOOKBACKS, THRESHOLDS = (5, 20), (0.0005, 0.001)
COMMON = ["--symbols", "SPY", "--resolution", "minute", "--fees", "none", "--jobs", "1"]
GRID = ["--grid", "lookback=5,20", "--grid", "threshold=0.0005,0.001"]
WALK = ["--in-sample", "4", "--out-of-sample", "2", "--purge", "1", "--embargo", "1"]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make ten days of minute bars."""
    folder = tmp_path_factory.mktemp("walk") / "catalog"
    make_synthetic(folder, symbols=["SPY"], days=10, rows_per_day=1_000)
    return folder


@pytest.fixture(scope="module")
def walk(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Walk forward once."""
    folder = tmp_path_factory.mktemp("results") / "mine"
    return run(catalog, folder, *GRID, *WALK, "--objective", "net_pnl")


def run(catalog: Path, results: Path, *options: str) -> dict[str, Any]:
    target = results.parent / f"{results.name}.json"
    places = ["--data", str(catalog), "--results", str(results), "--json", str(target)]
    assert execute(["walk-forward", *COMMON, *places, *options]) == 0
    found: dict[str, Any] = json.loads(target.read_text())
    return found


def plain(catalog: Path, span: dict[str, str], lookback: int, threshold: float) -> float:
    """Run one backtest over some days and give what it earned."""
    return backtest(
        "momentum",
        "SPY",
        params={"lookback": lookback, "threshold": threshold},
        data=catalog,
        resolution="minute",
        fees="none",
        start=span["first"],
        end=span["last"],
    ).net_pnl


def test_every_window_is_what_plain_backtests_give(catalog: Path, walk: dict[str, Any]) -> None:
    assert [one["train_sessions"] for one in walk["windows"]] == [4, 4, 4]
    assert [one["test_sessions"] for one in walk["windows"]] == [2, 2, 1]
    for one in walk["windows"]:
        earned = {(a, b): plain(catalog, one["train"], a, b) for a in LOOKBACKS for b in THRESHOLDS}
        best = max(earned, key=lambda key: earned[key])
        chosen = one["parameters"]["lookback"], one["parameters"]["threshold"]
        assert earned[chosen] == pytest.approx(earned[best])
        assert one["in_sample"] == pytest.approx(earned[best])
        assert one["test_pnl"] == pytest.approx(plain(catalog, one["test"], *chosen))


def test_the_search_over_all_days_is_judged(catalog: Path, walk: dict[str, Any]) -> None:
    judged = walk["judgement"]
    assert judged["overfitting"]["blocks"] == 10
    assert judged["deflated"]["trials"] == 4
    assert judged["cross_validated"]["splits"] > 0
    assert len(judged["maps"]) == 1
    best = judged["best"]["parameters"]
    whole = {"first": walk["windows"][0]["train"]["first"], "last": "2099-01-01"}
    assert judged["value"] == pytest.approx(plain(catalog, whole, *best.values()))


def test_the_files_hold_the_same(walk: dict[str, Any]) -> None:
    folder = Path(walk["folder"])
    windows = pl.read_parquet(folder / "windows.parquet")
    assert windows["test_pnl"].to_list() == pytest.approx([w["test_pnl"] for w in walk["windows"]])
    days = pl.read_parquet(folder / "out_of_sample.parquet")
    assert days["equity"].to_list() == pytest.approx(walk["stitched"]["equity"])
    assert days["window"].to_list() == [1, 1, 2, 2, 3]
    runs = pl.read_parquet(folder / "results.parquet")
    assert len(runs) == walk["runs"] == 4 * 4 + 3
    assert runs["part"].to_list().count("out of sample") == 3
    assert "Walk-forward on" in (folder / "report.html").read_text()


def test_a_killed_walk_continues_and_ends_the_same(
    catalog: Path, walk: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    options = (*GRID, *WALK, "--objective", "net_pnl")
    run(catalog, folder, *options)
    kept = folder / "outcomes.jsonl"
    lines = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(b"".join(lines[:7]) + lines[7][:20])
    again = run(catalog, folder, *options)
    assert (again["resumed"], again["made"]) == (7, walk["runs"] - 7)
    for name in ("windows", "stitched", "drift", "judgement"):
        assert again[name] == walk[name]
    assert run(catalog, folder, *options)["made"] == 0


def test_another_walk_does_not_mix_with_it(
    catalog: Path, walk: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = walk["folder"]
    longer = ["--in-sample", "5", "--out-of-sample", "2"]
    places = ["--data", str(catalog), "--results", folder]
    assert execute(["walk-forward", *COMMON, *places, *GRID, *longer]) == 2
    err = capsys.readouterr().err
    assert "differs in sampler (grid, " in err
    assert "walk-forward rolling 5+2, purge 0 here)" in err


def test_anchored_windows_grow(catalog: Path, tmp_path: Path) -> None:
    found = run(catalog, tmp_path / "mine", *GRID, "--in-sample", "4", "--out-of-sample", "3",
                "--scheme", "anchored", "--no-whole", "--objective", "net_pnl")  # fmt: skip
    assert [one["train_sessions"] for one in found["windows"]] == [4, 7]
    assert found["judgement"] is None
    assert found["runs"] == 2 * 4 + 2


def test_a_sampler_searches_every_window_by_itself(catalog: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    options = ("--grid", "lookback=5:40:5", "--grid", "threshold=0.0003:0.002", "--sampler",
               "random", "--trials", "3", *WALK, "--objective", "net_pnl")  # fmt: skip
    found = run(catalog, tmp_path / "mine", *options)
    assert found["runs"] == 3 * 4 + 3
    again = run(catalog, tmp_path / "other", *options)
    assert again["windows"] == found["windows"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([*GRID, "--in-sample", "20", "--out-of-sample", "2"], "10 sessions are too few"),
        ([*GRID, "--in-sample", "0", "--out-of-sample", "2"], "in-sample 0"),
        ([*GRID, *WALK, "--scheme", "rollin"], "did you mean 'rolling'"),
        ([*GRID, *WALK, "--embargo", "-1"], "embargo -1"),
        ([*WALK], "no grid is given"),
        ([*GRID, *WALK, "--objective", "sharp"], "objective 'sharp'"),
        (["--grid", "threshold=5,6", *WALK], "in no window: no run reaches the objective"),
        (["--grid", "lookback=2:2000:1", *WALK], "add --yes"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(
    options: list[str],
    words: str,
    catalog: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = ["--data", str(catalog), "--results", str(tmp_path / "mine")]
    assert execute(["walk-forward", *COMMON, *places, *options]) == 2
    assert words in capsys.readouterr().err


def test_the_compiled_grid_gives_the_same_walk(catalog: Path, tmp_path: Path) -> None:
    """The search may be compiled; what judges it is run by the engine in any case."""
    walk = WalkRequest(in_sample=4, out_of_sample=2)
    request = Request(
        strategy="momentum_kernel", symbols=["SPY"], data=catalog, fees="none", quantity=10
    )
    found = []
    for path in ("auto", "engine"):
        wanted = SweepRequest(
            grid=["lookback=5,20", "threshold=0.0005,0.001"],
            jobs=1,
            path=path,
            results=tmp_path / path,
        )
        with ExitStack() as stack:
            plan = prepare_walk(request, wanted, walk, stack, lambda text: None)
            walked = execute_walk(plan)
        judging = {walked.layout.judging(window) for window in walked.layout.windows}
        paths = {one.path for number, one in walked.outcomes.items() if number not in judging}
        found.append((paths, walked.windows, walked.stitched, walked.judgement))
        assert {walked.outcomes[number].path for number in judging} == {ENGINE}
    assert [one[0] for one in found] == [{COMPILED_GRID}, {ENGINE}]
    assert found[0][1:3] == found[1][1:3]
