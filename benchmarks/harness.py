"""Running variants: each in a process of its own, taking turns, round after round."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from case import job
from peers.environment import PEERS

HERE = Path(__file__).resolve().parent
BUSY = 0.2
"""Processors that others may keep busy on a machine that counts as quiet."""
OWN = HERE / "variants.py"


@dataclass
class Runs:
    """Hold what the rounds gave for one variant on one tape.

    Attributes:
        variant: Which.
        orders_of: "some", "dense" or "none".
        rows: How many rows it ran over.
        results: One for each round.
    """

    variant: str
    orders_of: str
    rows: int
    results: list[dict[str, Any]] = field(default_factory=list)

    def speeds(self, clock: str = "seconds") -> list[float]:
        """Millions of rows per second, round by round."""
        return [self.rows / one[clock] / 1e6 for one in self.results]

    def speed(self, clock: str = "seconds") -> float:
        """The median of the rounds."""
        return statistics.median(self.speeds(clock))

    @property
    def orders(self) -> int:
        """Orders of one run; the same in every round."""
        return int(self.results[0]["orders"])

    @property
    def extra_per_tick(self) -> float:
        """Most memory beyond the tape and what was there before, bytes per tick."""
        return statistics.median(one["extra_bytes"] for one in self.results) / self.rows

    def against(self, other: Runs, clock: str = "seconds") -> float:
        """Compare the speed with another's: median of the rounds' own ratios.

        Rounds that lie beside each other in time share what else the machine had to do.
        """
        ours, theirs = self.speeds(), other.speeds(clock)
        if len(ours) != len(theirs):
            return statistics.median(ours) / statistics.median(theirs)
        return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


@dataclass(frozen=True)
class Turn:
    """Say what one process does in every round.

    Attributes:
        variant: Which.
        orders_of: "some", "dense" or "none".
        limit: Run over the first rows only; 0 for all.
        times: How often within the process; the quickest counts.
        rounds: In how many rounds at most: what is slow runs once.
        script: What is run; by default that of the variant.
        more: Further settings.
    """

    variant: str
    orders_of: str = "some"
    limit: int = 0
    times: int = 3
    rounds: int = 100
    script: Path | None = None
    more: tuple[tuple[str, Any], ...] = ()


def take_turns(
    tape: Path, turns: list[Turn], rounds: int, patience: float = 0.0, clock: str = "wall"
) -> dict[tuple[str, str], Runs]:
    """Run all variants, and all of them again, as often as is wanted.

    Args:
        tape: Folder of the tape.
        turns: What runs in a round, in order.
        rounds: How many rounds.
        patience: Seconds to wait, before each process, for others to leave the machine alone.
        clock: "wall" or "cpu".
    """
    rows = json.loads((tape / "tape.json").read_text())["rows"]
    found: dict[tuple[str, str], Runs] = {}
    for number in range(rounds):
        for turn in turns:
            if number >= turn.rounds:
                continue
            tell(f"{number + 1}/{rounds} {tape.name} {turn.variant} ({turn.orders_of} orders)")
            runs = Runs(turn.variant, turn.orders_of, min(turn.limit or rows, rows))
            runs = found.setdefault((turn.variant, turn.orders_of), runs)
            wait_for_quiet(patience)
            runs.results.append(once(tape, turn, clock))
    tell("")
    return found


def once(tape: Path, turn: Turn, clock: str) -> dict[str, Any]:
    """Run one process; give what it printed."""
    peer = PEERS.get(turn.variant)
    python = peer.python if peer else sys.executable
    script = turn.script or (peer.script if peer else OWN)
    about = job(
        tape, turn.variant, turn.orders_of, times=turn.times, clock=clock, **dict(turn.more)
    )
    if turn.limit:
        about["limit"] = turn.limit
    command = [str(python), str(script), json.dumps(about)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{turn.variant} failed:\n{done.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def wait_for_quiet(seconds: float) -> None:
    """Wait until the processors are idle, but not longer than so many seconds."""
    stat = Path("/proc/stat")
    until = time.monotonic() + seconds
    while stat.exists() and time.monotonic() < until:
        before, then = _idle_ticks(stat), time.monotonic()
        time.sleep(0.5)
        idle = (_idle_ticks(stat) - before) / os.sysconf("SC_CLK_TCK")
        if idle / (time.monotonic() - then) > (os.cpu_count() or 1) - BUSY:
            return


def _idle_ticks(stat: Path) -> int:
    return int(stat.read_text().split(maxsplit=5)[4])


def make(code: str) -> None:
    """Run some lines in a process of their own, so that a long tape does not stay in this one."""
    subprocess.run([sys.executable, "-c", code], cwd=HERE, check=True)


def tell(words: str) -> None:
    """Show on the terminal what is going on."""
    if sys.stderr.isatty():
        print("\r" + words.ljust(78), end="" if words else "\r", file=sys.stderr, flush=True)
