"""Deterministic: the same inputs and seed give the same bytes, whatever Python shuffles."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.data.memory_source import MemorySource
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.journal.writer import FileJournal
from tapes import Restless, random_tape

tape, sessions = random_tape(21, 3_000, 3)
names = tuple(i.symbol for i in tape.instruments)
instances = [Instance(Restless(3 * n, 6), f"restless-{n}", names[n:], 0.25) for n in range(3)]
setup = Setup(
    capital=400_000.0,
    limits=RiskLimits(max_gross_pct=2.0, restricted=("IBM",)),
    model=ExecutionModel(latency_ms=float(sys.argv[4]), fees="ibkr-tiered", volume_cap=0.5),
    shape=sys.argv[3],
)
with FileJournal(Path(sys.argv[2]), {"seed": 21}) as journal:
    result = run_backtest(MemorySource(tape, sessions), instances, setup, journal=journal)
print(result.fill_hash, len(result.fills), result.final_equity, sorted(result.refused.items()))
"""


def run(path: Path, hash_seed: str, shape: str, latency: str) -> tuple[str, bytes]:
    """Run the program in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(path), shape, latency],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout, path.read_bytes()


@pytest.mark.parametrize("latency", ["0", "40"])
def test_fresh_processes_write_the_same_journal(tmp_path: Path, latency: str) -> None:
    told, written = run(tmp_path / "a", "1", "python", latency)
    again, same = run(tmp_path / "b", "12345", "python", latency)
    other, shape = run(tmp_path / "c", "77", "reference", latency)
    assert int(told.split()[1]) > 50
    assert told == again == other
    assert written == same == shape
