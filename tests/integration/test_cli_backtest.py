"""`ikbr backtest` and `ikbr demo`, from the words of a command line to files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doors import ROOT, Door, shared_cache

from ikbr.data.synthetic import make_synthetic

RUN = ("backtest", "--symbols", "SPY,KO", "--param", "lookback=50,threshold=0.002")
FIELDS = (
    "strategy symbols start end events fills orders refused net_pnl gross_pnl commission "
    "final_equity max_drawdown sharpe fill_hash engine_seconds events_per_second"
)
TIMES = ("engine_seconds", "events_per_second")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market") / "catalog"
    make_synthetic(folder, symbols=("SPY", "KO", "PEP"), days=3, rows_per_day=4_000)
    return folder


@pytest.fixture
def door(
    tmp_path: Path,
    market: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Door:
    (tmp_path / "catalog").symlink_to(market)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IKBR_CACHE", str(shared_cache(tmp_path_factory)))
    return Door(tmp_path, capfd)


def told(door: Door, *words: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(door(*words, "--json", "-"))
    return result


def test_json_on_stdout_is_pure_and_holds_what_was_promised(door: Door) -> None:
    result = told(door, *RUN)
    assert set(FIELDS.split()) <= set(result)
    assert result["symbols"] == ["SPY", "KO"]
    assert result["synthetic"] is True
    assert result["fills"]
    names = {"ts_ns", "symbol", "side", "quantity", "price", "commission"}
    assert names <= set(result["fills"][0])
    assert result["net_pnl"] == pytest.approx(result["final_equity"] - result["capital"])
    assert result["fill_hash"] in door.err
    assert "SYNTHETIC" in door.err
    assert door.files() == []


def test_what_a_strategy_prints_does_not_spoil_the_json_on_stdout(door: Door) -> None:
    (door.folder / "loud.py").write_text(
        "from ikbr import BaseStrategy\nprint('imported')\n\nclass Loud(BaseStrategy):\n"
        "    def on_market_data(self, ticker):\n        print('tick')\n"
    )
    assert told(door, *RUN[:3], "--strategy", "loud.py")["events"] > 0
    assert "imported" in door.err
    assert "tick" in door.err


def test_files_are_written_and_named(door: Door) -> None:
    shown = door(*RUN, "--json", "r.json", "--report", "r.html", "--journal", "r.journal")
    assert door.files() == ["r.html", "r.journal", "r.json"]
    result = json.loads((door.folder / "r.json").read_text())
    assert f"fill_hash {result['fill_hash']}" in shown
    assert "Report: r.html" in shown
    assert "synthetic" in (door.folder / "r.html").read_text().lower()
    assert "closed" in door("journal", "verify", "r.journal")
    fills = door("journal", "show", "r.journal", "--kind", "fill").splitlines()
    assert len(fills) == len(result["fills"])


def test_two_runs_and_both_shapes_come_out_the_same(door: Door) -> None:
    first, again = told(door, *RUN), told(door, *RUN)
    reference = told(door, *RUN, "--shape", "reference")
    for name in TIMES:
        first.pop(name), again.pop(name)
    assert first == again
    assert reference["fill_hash"] == first["fill_hash"]


def test_the_python_door_gives_the_same_fills(door: Door) -> None:
    import ikbr

    params = {"lookback": 50, "threshold": 0.002}
    result = ikbr.backtest("momentum", "SPY,KO", params=params)
    assert result.fill_hash == told(door, *RUN)["fill_hash"]
    assert len(result.fills_frame()) == len(result.fills)
    assert result.equity_frame()["equity"].iloc[-1] == pytest.approx(result.final_equity)


@pytest.mark.parametrize(
    ("words", "path", "value"),
    [
        (("--capital", "250000"), "capital", 250_000.0),
        (("--latency-ms", "75"), "settings.sim.latency_ms", 75.0),
        (("--fill", "next"), "settings.sim.fill", "next"),
        (("--fees", "ibkr-tiered"), "settings.sim.fees", "ibkr-tiered"),
        (("--fees-as-of", "2025-06-01"), "settings.sim.fees_as_of", "2025-06-01"),
        (("--quantity", "7"), "settings.quantity", 7),
        (("--session", "all"), "settings.all_hours", True),
        (("--feed", "trades"), "feed", "trades"),
        (("--resolution", "minute"), "resolution", "minute"),
        (("--resolution", "daily"), "resolution", "daily"),
        (("--profile", "paper"), "settings.risk.max_position_notional", 10_000.0),
        (("--set", "risk.min_order_interval_s=0"), "settings.risk.min_order_interval_s", 0.0),
        (("--set", "risk.restricted=KO,PEP"), "settings.risk.restricted", ["KO", "PEP"]),
        (("--fx", "EUR=1.1,GBP=1.3"), "settings.fx", {"EUR": 1.1, "GBP": 1.3}),
    ],
)
def test_every_option_reaches_the_run(
    words: tuple[str, ...], path: str, value: object, door: Door
) -> None:
    found: Any = told(door, *RUN, *words)
    for name in path.split("."):
        found = found[name]
    assert found == value


def test_a_fixed_quantity_is_the_size_of_entries(door: Door) -> None:
    fills = told(door, *RUN, "--quantity", "7")["fills"]
    assert {fill["quantity"] for fill in fills} == {7}


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        (("--days", "1"), "2026-03-04", "2026-03-04"),
        (("--days", "2"), "2026-03-03", "2026-03-04"),
        (("--start", "2026-03-03"), "2026-03-03", "2026-03-04"),
        (("--start", "2026-03-02", "--end", "2026-03-02"), "2026-03-02", "2026-03-02"),
        ((), "2026-03-02", "2026-03-04"),
    ],
)
def test_days_are_chosen(words: tuple[str, ...], first: str, last: str, door: Door) -> None:
    result = told(door, *RUN, *words)
    assert (result["start"][:10], result["end"][:10]) == (first, last)


def test_an_option_wins_over_set_and_set_over_the_file(door: Door) -> None:
    (door.folder / "own.toml").write_text("[sim]\nlatency_ms = 1.0\n")
    words = [*RUN, "--config", "own.toml"]
    assert told(door, *words)["settings"]["sim"]["latency_ms"] == 1.0
    words += ["--set", "sim.latency_ms=2"]
    assert told(door, *words)["settings"]["sim"]["latency_ms"] == 2.0
    assert told(door, *words, "--latency-ms", "0")["settings"]["sim"]["latency_ms"] == 0.0


def test_several_strategies_run_at_once_from_names_and_instance_files(door: Door) -> None:
    folder = door.folder / "config" / "strategies"
    folder.mkdir(parents=True)
    (folder / "both.toml").write_text(
        'strategy = "pairs"\nsymbols = ["KO", "PEP"]\ncapital_share = 0.5\n'
    )
    result = told(door, "backtest", "--strategy", "both,momentum", "--symbols", "KO,PEP")
    assert result["strategy"] == "both+momentum"
    assert [s["share"] for s in result["settings"]["strategies"].values()] == [0.5, 0.5]
    alone = told(door, "backtest", "--strategy", "both")
    assert alone["symbols"] == ["KO", "PEP"]


def test_a_strategy_that_does_nothing_says_how_far_it_was(door: Door) -> None:
    shown = door("backtest", "--symbols", "SPY", "--days", "1", "--capital", "250000")
    assert "No fills" in shown
    assert "the threshold is 0.02" in shown


BAD = [
    ("--strategy", "momentun", "did you mean 'momentum'?"),
    ("--strategy", "nowhere.py", "'nowhere.py' does not exist"),
    ("--param", "treshold=1", "did you mean 'threshold'?"),
    ("--param", "threshold=much", "is not a number"),
    ("--param", "threshold", "write it as NAME=VALUE"),
    ("--symbols", "SPZ", "did you mean 'SPY'"),
    ("--symbols", "?", "is not understood"),
    ("--start", "2030-01-01", "the nearest day is 2026-03-04"),
    ("--start", "soon", "is not a day"),
    ("--days", "9", "use --days 3"),
    ("--days", "-1", "days -1 is too few"),
    ("--resolution", "second", "the catalog holds SPY"),
    ("--resolution", "tock", "did you mean 'tick'?"),
    ("--capital", "-5", "capital -5"),
    ("--capital", "nan", "capital nan"),
    ("--quantity", "0", "quantity 0"),
    ("--latency-ms", "-1", "latency_ms -1"),
    ("--fill", "nxt", "did you mean 'next'?"),
    ("--fees", "ibkr", "fees 'ibkr' is unknown"),
    ("--fees-as-of", "2001-01-01", "fees of 2001-01-01 are not known"),
    ("--session", "night", "session 'night' is unknown"),
    ("--set", "risk.max_position_pc=1", "did you mean 'max_position_pct'?"),
    ("--set", "nonsense", "section.key=value"),
    ("--set", "sim.latency_ms=nan", "a finite number was expected"),
    ("--profile", "liv", "did you mean 'live'?"),
    ("--config", "none.toml", "none.toml cannot be read"),
    ("--config", "broken.toml", "broken.toml is not valid TOML"),
    ("--data", "nothing", "catalog 'nothing' does not exist"),
    ("--report", "no/folder/r.html", "folder 'no/folder' does not exist"),
    ("--journal", "there.journal", "is never overwritten"),
    ("--fx", "EUR=much", "the rate is no number"),
]


@pytest.mark.parametrize(("option", "value", "sentence"), BAD)
def test_bad_input_is_one_sentence_exit_code_2_and_nothing_written(
    option: str, value: str, sentence: str, door: Door
) -> None:
    (door.folder / "broken.toml").write_text("[sim\n")
    (door.folder / "there.journal").touch()
    before = door.files()
    words = ("backtest", "--symbols", "SPY")
    names = {"--json": "r.json", "--report": "r.html", "--journal": "r.journal"}
    outputs = [word for name, file in names.items() if name != option for word in (name, file)]
    out = door(*words, *outputs, option, value, code=2)
    assert out == ""
    assert sentence in door.err
    assert [line for line in door.err.splitlines() if line] == [door.err.strip()]
    assert "Traceback" not in door.err
    assert door.files() == before


def test_a_strategy_file_that_fails_is_told_and_nothing_is_written(door: Door) -> None:
    (door.folder / "bad.py").write_text("import nothing_of_this_name\n")
    door(*RUN, "--strategy", "bad.py", "--json", "r.json", code=2)
    assert "bad.py, line 1: the import failed with ModuleNotFoundError" in door.err
    assert door.files() == ["bad.py"]


def test_without_symbols_those_of_the_catalog_are_named(door: Door) -> None:
    door("backtest", code=2)
    assert "no symbols are given; the data holds KO, PEP, SPY" in door.err


def test_progress_goes_to_stderr_only(door: Door) -> None:
    json.loads(door(*RUN, "--progress", "--json", "-"))


@pytest.mark.slow
def test_where_no_catalog_is_the_embedded_one_is_used_and_named(door: Door) -> None:
    (door.folder / "catalog").unlink()
    door("backtest", "--symbols", "SPY", "--days", "1")
    assert "no catalog here: using the embedded synthetic tape" in door.err
    assert "SYNTHETIC DATA" in door.out


@pytest.mark.slow
def test_the_demo_is_the_same_everywhere_whatever_the_settings(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    (door.folder / "config").mkdir()
    (door.folder / "config" / "settings.toml").write_text("[sim]\nlatency_ms = 500.0\n")
    monkeypatch.setenv("IKBR_RISK__MAX_POSITION_PCT", "0.01")
    shown = door("demo", "--no-paper")
    wanted = (ROOT / "tests" / "demo_fill_hash.txt").read_text().strip()
    assert f"fill_hash {wanted}\n" in shown
    assert "SYNTHETIC" in shown
    report = door.folder / "reports" / "demo.html"
    assert str(report) in shown
    assert "synthetic" in report.read_text().lower()


@pytest.mark.slow
def test_the_guides_command_works_from_any_folder(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    words = "--strategy momentum --days 1 --symbols SPY --capital 250000"
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_backtest.py"), *words.split()],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "IKBR_CACHE": str(shared_cache(tmp_path_factory))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "$250,000.00" in done.stdout
