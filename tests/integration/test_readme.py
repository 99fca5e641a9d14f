"""Everything in the README and the examples runs, in the order it stands there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from doors import ROOT, Door, shared_cache

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LEAN_DAY = "equity/usa/tick/bac/20131007_trade"


def write_lean(folder: Path) -> None:
    """Make the smallest LEAN data: three prints of one day."""
    path = folder / f"{LEAN_DAY}.zip"
    path.parent.mkdir(parents=True)
    rows = "".join(f"{34_200_000 + n * 500},139{n}00,100,P,0,0\n" for n in range(3))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20131007_bac_Trade_Tick.csv", rows)


@pytest.mark.slow
def test_the_readme_runs_from_top_to_bottom(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IKBR_CACHE", str(shared_cache(tmp_path_factory)))
    for folder in ("config", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    write_lean(tmp_path / "path/to/lean/data")
    door = Door(tmp_path, capfd)
    ran = 0
    for language, text in BLOCKS:
        if language == "csv":
            (tmp_path / "prices.csv").write_text(text)
        elif language == "python" and "class " in text:
            (tmp_path / "reversal.py").write_text(text)
        elif language == "python":
            exec(compile(text, "README.md", "exec"), {})
        else:
            assert language == "bash"
            for line in text.splitlines():
                ran += run_line(door, line)
    assert ran >= 11
    for name in ("reports/demo.html", "report.html", "result.json", "run.journal"):
        assert (tmp_path / name).stat().st_size > 0


def run_line(door: Door, line: str) -> int:
    """Run a line as the shell would; setting up and activating is left to other tests."""
    words = shlex.split(line)
    if words[:2] == ["source", "venv/bin/activate"]:
        return 0
    if words[0] == "./run":
        assert re.search(rf'^COMMANDS=".*\b{words[1]}\b', (ROOT / "run").read_text(), re.MULTILINE)
        door("demo", "--no-paper")
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file()
        door("backtest", *words[2:])
    else:
        assert words[0] == "ikbr"
        door(*words[1:])
    return 1


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", README))
def test_what_the_readme_links_to_is_there(target: str) -> None:
    assert (ROOT / target).exists()


def test_the_instance_that_the_readme_names_is_there() -> None:
    (name,) = re.findall(r"--strategy\s+([a-z]+-[a-z-]+)", README)
    assert (ROOT / "config" / "strategies" / f"{name}.toml").is_file()


@pytest.mark.slow
def test_the_first_example_runs(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/first_backtest.py")],
        cwd=tmp_path,
        env={**os.environ, "IKBR_CACHE": str(shared_cache(tmp_path_factory))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "net P&L" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", sorted(p for p in (ROOT / "examples").glob("*.py") if "ikbr backtest" in p.read_text())
)
def test_the_command_in_an_examples_docstring_runs(
    path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("IKBR_CACHE", str(shared_cache(tmp_path_factory)))
    (line,) = re.findall(r"^ikbr (.+)$", path.read_text(), re.MULTILINE)
    door = Door(ROOT, capfd)
    assert "fill_hash" in door(*shlex.split(line))
    assert "No fills" not in door.out
