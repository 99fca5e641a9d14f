"""The scripts in examples/ib_async, through both doors, and over a gateway that moves by itself."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doors import ROOT
from ib_async import IB
from stepped_gateway import a_gateway, run_stepped

from ikbr.api.request import Request
from ikbr.api.script import execute_script, prepare_script
from ikbr.data.synthetic import make_synthetic

FOLDER = ROOT / "examples" / "ib_async"
SYMBOLS = ("SPY", "KO", "PEP")

SCRIPTS: dict[str, tuple[str, ...]] = {
    "events_ticker": ("SPY", "KO", "--prints", "200", "--every", "10"),
    "bar_bot": ("--lookback", "3", "--bars", "12"),
    "bracket_bot": ("--target", "0.05", "--risk", "0.05", "--brackets", "3"),
    "order_ladder": ("--step", "0.01", "--moves", "40"),
    "pairs": ("--lookback", "10", "--enter", "1.2", "--bars", "40"),
    "historical_download": ("--days", "1", "--size", "30 mins"),
}
"""What is asked of each, so that it comes to its end within the first half hour."""

SENDS_ORDERS = set(SCRIPTS) - {"events_ticker", "historical_download"}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market") / "catalog"
    make_synthetic(folder, symbols=SYMBOLS, days=2, rows_per_day=4_000)
    return folder


@pytest.fixture(scope="module")
def day(market: Path) -> str:
    from ikbr.data.catalog import Catalog

    return str(Catalog(market).days("SPY", "print")[-1])


def in_process(path: Path, arguments: tuple[str, ...], market: Path) -> tuple[str, list[Any]]:
    """Run a script as `ikbr run-script` does; give what it printed and its fills."""
    said = io.StringIO()
    with contextlib.ExitStack() as stack:
        request = Request(symbols=SYMBOLS, data=market, days=1, capital=1_000_000.0)
        plan = prepare_script(request, path, arguments, stack)
        with contextlib.redirect_stdout(said):
            result, outcome = execute_script(plan)
    assert (outcome.error, outcome.code, list(outcome.faults)) == (None, 0, [])
    fills = [
        (f.symbol, f.side.name, f.quantity, round(f.price, 6), round(f.commission, 6))
        for f in result.fills
    ]
    return said.getvalue(), fills


def fills_at(port: int) -> list[Any]:
    """Ask a gateway what was executed today."""
    # The loop is ours: ib_async would make one that nobody closes.
    return asyncio.run(_fills_at(port))


async def _fills_at(port: int) -> list[Any]:
    ib = IB()
    await ib.connectAsync("127.0.0.1", port, clientId=99, timeout=10)
    try:
        found = sorted(ib.fills(), key=lambda fill: fill.execution.execId.split(".")[2])
        return [
            (
                fill.contract.symbol,
                {"BOT": "BUY", "SLD": "SELL"}[fill.execution.side],
                int(fill.execution.shares),
                round(fill.execution.price, 6),
                round(fill.commissionReport.commission, 6),
            )
            for fill in found
        ]
    finally:
        ib.disconnect()
        await asyncio.sleep(0.02)


def words_of(name: str, out: Path) -> tuple[str, ...]:
    return (*SCRIPTS[name], *(("--out", str(out)) if name == "historical_download" else ()))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_prints_and_fills_the_same_through_both_doors(
    name: str, market: Path, day: str, tmp_path: Path
) -> None:
    path = FOLDER / f"{name}.py"
    printed, fills = in_process(path, words_of(name, tmp_path / "a"), market)
    gateway = ("--data", str(market), "--symbols", ",".join(SYMBOLS), "--date", day, "--step",
               "--account", "DU1000001=1000000")  # fmt: skip
    with a_gateway(*gateway) as (port, control):
        words = (*words_of(name, tmp_path / "b"), "--port", str(port))
        assert run_stepped(path, words, control) == printed
        assert fills_at(port) == fills
    assert bool(fills) is (name in SENDS_ORDERS)
    assert len(printed.splitlines()) >= 2
    for made in (tmp_path / "a").glob("*"):
        assert made.read_bytes() == (tmp_path / "b" / made.name).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_by_itself_against_a_gateway_that_moves_by_itself(
    name: str, market: Path, day: str, tmp_path: Path
) -> None:
    gateway = ("--data", str(market), "--symbols", ",".join(SYMBOLS), "--date", day)
    with a_gateway(*gateway, "--speed", "600") as (port, _):
        done = subprocess.run(
            [sys.executable, str(FOLDER / f"{name}.py"), *SCRIPTS[name], "--port", str(port)],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
        assert done.stdout
        if name in SENDS_ORDERS:
            assert fills_at(port)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_one_that_anybody_would_write(name: str) -> None:
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    code = text.split('"""', 2)[2]
    assert "ikbr" not in code
    assert len(text.splitlines()) <= 100
    assert re.search(rf"^    ikbr run-script examples/ib_async/{name}\.py --symbols ", text, re.M)
    assert {path.stem for path in FOLDER.glob("*.py")} == set(SCRIPTS)
