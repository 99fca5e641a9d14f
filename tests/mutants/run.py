"""Plant known bugs, one at a time, and see the simulation catch them; `./run mutants --help`."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from tests.mutants.kept import Kill, keep, load
from tests.mutants.table import MUTANTS

ROOT = Path(__file__).parents[2]
MOST = 10_000
CHUNK = 100
"""Seeds that a process plays of one bug before another bug has its turn."""
PAGE_COLUMNS = "| Bug | Seeds to catch | By |\n|---|---|---|"


def main() -> int:
    """Give the exit code: 1 when a bug was not caught."""
    given = _arguments()
    kept = load()
    unseen = [name for name in MUTANTS if name not in kept]
    if given.table:
        print(table(kept))
        return 0
    if given.hunt:
        return _hunt(given.name or unseen, given.hunt, given.seconds)
    names = given.name or list(kept)
    missed = [name for name, found in zip(names, _each(again, names), strict=True) if not found]
    for name in names:
        print(f"{'MISSED' if name in missed else 'caught'}  {name}: {MUTANTS[name].bug}")
    print(f"{len(names) - len(missed)} of {len(names)} known bugs were caught")
    if unseen:
        print(f"{len(unseen)} others were not caught yet; --hunt looks on: {', '.join(unseen)}")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run mutants", description=__doc__)
    parser.add_argument("--name", action="append", choices=list(MUTANTS), help="only this one")
    parser.add_argument(
        "--hunt", type=int, default=0, metavar="SEEDS",
        help=f"look among so many seeds (at most {MOST:,}) for one for each bug that has none",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=1e9, help="end the hunt after so many")
    parser.add_argument("--table", action="store_true", help="print the table of the page")
    return parser.parse_args()


def _each(work: Callable[[str], Kill | None], names: Sequence[str]) -> list[Kill | None]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, names))


def _hunt(names: Sequence[str], seeds: int, seconds: float) -> int:
    """Look for what catches each bug; those that hide let the others go first."""
    end = time.monotonic() + seconds
    hidden = list(names)
    for first in range(0, min(seeds, MOST), CHUNK):

        def look(name: str, first: int = first) -> Kill | None:
            return hunt(name, first, CHUNK) if time.monotonic() < end else None

        found = dict(zip(hidden, _each(look, hidden), strict=True))
        hidden = [name for name, kill in found.items() if kill is None]
        if not hidden or time.monotonic() >= end:
            break
    print(f"{len(hidden)} of {len(names)} still hide: {', '.join(hidden)}")
    return 1 if hidden else 0


def hunt(name: str, first: int, count: int) -> Kill | None:
    """Look among seeds for one that catches a bug, and keep it.

    Raises:
        ChildProcessError: When its storm breaks something without the bug, too.
    """
    kill = _child("hunt", name, str(first), str(count))
    if kill is None:
        return None
    kill = msgspec.structs.replace(kill, tried=kill.seed + 1)
    keep(name, kill)
    if _child("clean", name) is not None:
        raise ChildProcessError(f"{name}: seed {kill.seed} breaks {kill.by} without any bug")
    print(f"caught  {name}: seed {kill.seed}, {kill.by}", flush=True)
    return kill


def again(name: str) -> Kill | None:
    """Play what is kept for a bug; None when it is not caught any more."""
    return _child("again", name)


def _child(*words: str) -> Kill | None:
    """Play in a process of its own, as the bug must be there before what it is in.

    Raises:
        ChildProcessError: When the process fails: the bug cannot be planted any more.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.mutants.play", *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ChildProcessError(f"{' '.join(words)}: {done.stderr[-2_000:]}")
    return msgspec.json.decode(done.stdout, type=Kill) if done.stdout else None


def table(kept: dict[str, Kill]) -> str:
    """Write what is kept as the table of docs/reliability.md."""
    rows = [f"| {MUTANTS[n].bug} | {one.tried} | `{one.by}` |" for n, one in kept.items()]
    median = statistics.median(one.tried for one in kept.values())
    return "\n".join([PAGE_COLUMNS, *rows, f"\nMedian of seeds to catch: {median:g}."])


if __name__ == "__main__":
    sys.exit(main())
