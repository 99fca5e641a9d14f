"""The pages for beginners run from top to bottom, as a reader would do it."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from doors import ROOT, Door, shared_cache

LASTING = (["ikbr", "gateway"], ["ikbr", "paper"])
"""These go on until Ctrl-C; other tests run them."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least"), [("quick-start", 6), ("first-strategy", 7), ("from-ib-async", 2)]
)
def test_a_page_runs_from_top_to_bottom(
    name: str,
    least: int,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IKBR_CACHE", str(shared_cache(tmp_path_factory)))
    for folder in ("config", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    door = Door(tmp_path, capfd)
    ran = 0
    for part in re.split(r"^(?=```\w)", text, flags=re.M)[1:]:
        language, _, rest = part[3:].partition("\n")
        block = rest.partition("\n```")[0]
        if language == "python":
            (tmp_path / _file_of(text, part)).write_text(block, encoding="utf-8")
        elif language == "bash":
            ran += sum(_run(door, line) for line in block.splitlines())
    assert ran >= least
    assert re.findall(r"--report (\S+)", text)
    for report in re.findall(r"--report (\S+)", text):
        assert "<html" in (tmp_path / report).read_text(encoding="utf-8")


def _file_of(text: str, part: str) -> str:
    """Take the name of a file from the line before its block; what has none is left aside."""
    before = text[: text.index(part)].rstrip().splitlines()[-1]
    named = re.search(r"`(\w+\.py)`:$", before)
    return named[1] if named else "aside.py"


def _run(door: Door, line: str) -> int:
    words = shlex.split(line)
    if words[:1] == ["source"] or words[:2] in LASTING:
        return 0
    if words[0] == "./run":
        door("demo", "--no-paper")
    else:
        assert words[0] == "ikbr"
        out = door(*words[1:])
        if words[1] == "backtest" and "--help" not in words:
            assert "No fills" not in out
    return 1


@pytest.mark.slow
def test_the_commands_about_the_journal_and_risk_answer_over_one_backtest(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IKBR_CACHE", str(shared_cache(tmp_path_factory)))
    text = "".join((ROOT / "docs" / f"{name}.md").read_text() for name in ("journal", "risk"))
    lines = re.findall(r"^(ikbr (?:backtest|journal|risk) .+?)(?:  +#.*)?$", text, re.M)
    door = Door(tmp_path, capfd)
    ran = [line for line in lines if " tail " not in line]  # that one goes on until Ctrl-C
    for line in ran:
        assert door(*shlex.split(line)[1:]), line
    assert len(ran) >= 9
    assert (tmp_path / "fills.parquet").stat().st_size
