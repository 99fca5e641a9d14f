"""The commands of the pages about data, scripts, looks ahead and the gateway, in one folder."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from doors import ROOT, Door, shared_cache
from tests.unit.data.lean_samples import TICK_PRINT, write_zip

from ikbr.data.synthetic import make_synthetic

BLOCK = re.compile(r"^ *```(?:bash)?\n(.*?)^ *```$", re.M | re.S)
PYTHON = re.compile(r"^```python runnable\n(.*?)^```$", re.M | re.S)
NOT_HERE = {
    "ikbr data fetch": "wants a gateway: test_fetch.py",
    "ikbr record": "wants a gateway: test_record.py",
    "ikbr optimise": "120 runs: test_cli_optimise.py",
    "ikbr walk-forward": "wants months of data: test_walk_forward.py",
}
SMALLER = {
    "ikbr data import": ("--catalog", "imported"),
    "ikbr data make": ("--symbols", "SPY,KO", "--rows-per-day", "300"),
    "ikbr lookahead": ("--cuts", "2", "--starts", "1"),
}
"""Words that are added: made-up data does not mix with real, and little is done sooner."""

ANSWERS = {
    "ikbr data import lean": "SPY +print +1 rows",
    "ikbr data import csv": "2 rows of AAPL",
    "ikbr data make": "synthetic data of SPY",
    "ikbr data list": "SPY +quote +5 ",
    "ikbr data check": "0 errors",
    "ikbr run-script": "traded 2",
    "ikbr lookahead": "No look-ahead",
}
PROGRAM = """
import shlex, sys
from ikbr.cli.main import execute
for line in sys.argv[1:]:
    code = execute([*shlex.split(line)[1:], "--port", "0", "--control-port", "0"])
    print("ended", code, flush=True)
"""
"""Serves as each line says, until it is interrupted: to begin takes longer than to serve."""

SCRIPT = """
import argparse
from ib_async import *

parser = argparse.ArgumentParser()
parser.add_argument("--threshold", type=float, default=0.1)
parser.parse_args()
ib = IB()
ib.connect("127.0.0.1", 4002, clientId=1)
for side in ("BUY", "SELL"):
    trade = ib.placeOrder(Stock("SPY", "SMART", "USD"), MarketOrder(side, 1))
    while not trade.isDone():
        ib.waitOnUpdate()
print("traded", len(ib.fills()))
"""


def commands(*pages: str) -> list[str]:
    """List the commands of pages in their order, without what is said of them."""
    found = []
    for page in pages:
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        for block in BLOCK.findall(text):
            lines = re.sub(r"\\\n *", "", block).splitlines()
            found += [line.partition("  #")[0].strip() for line in lines]
    return [line for line in found if line.startswith("ikbr ")]


@pytest.fixture
def folder(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Give a folder with what the pages take for granted: files of others, a strategy, a script."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IKBR_CACHE", str(shared_cache(tmp_path_factory)))
    write_zip(tmp_path / "lean" / "data", TICK_PRINT, ["34200000,1674100,100,P,20002000,0"])
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    [strategy, *_] = PYTHON.findall(page)
    plan = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")
    plan = plan.partition("```toml\n")[2].partition("```")[0]
    prints = "Date,Time,Px,Size\n2026-03-02,09:30:01,180.01,100\n2026-03-02,09:30:02,180.02,50\n"
    files = {"my_strategy.py": strategy.replace("= 1_000", "= 250"), "bot.py": SCRIPT,
             "prints.csv": prints, "plan.toml": plan}  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_the_commands_about_data_scripts_and_looks_ahead_do_what_their_pages_say(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    door, ran = Door(folder, capfd), 0
    for line in commands("data", "scripts", "optimise", "validation"):
        if line.startswith(tuple(NOT_HERE)):
            continue
        words = next(ANSWERS[one] for one in ANSWERS if line.startswith(one))
        given = [os.path.expanduser(word) for word in shlex.split(line)[1:]]  # as a shell does
        end = given.index("--") if "--" in given else len(given)
        more = next((SMALLER[one] for one in SMALLER if line.startswith(one)), ())
        door(*given[:end], *more, *given[end:])
        assert re.search(words, door.out + door.err), (line, door.out, door.err)
        ran += 1
    assert ran == 9
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_gateway_begins_and_ends_as_each_line_of_its_page_says(folder: Path) -> None:
    lines = commands("gateway")
    make_synthetic(folder / "catalog", symbols=("SPY", "KO"), days=2, rows_per_day=300)
    given = [line.replace("~", str(folder)) for line in lines]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        served = []
        for said in process.stdout:
            if said.startswith("accounts: "):
                served.append(said.removeprefix("accounts: ").strip())
                process.send_signal(signal.SIGINT)
            elif said.startswith("ended"):
                assert said == "ended 0\n", given[len(served) - 1]
        assert process.wait(10) == 0
    assert len(served) == len(lines) == 8
    assert served[4] == "DU1, DU2"
    assert (folder / "paper").is_dir()
