"""Plant known bugs, one at a time, and see the simulation catch them; `./run mutants --help`."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.mutants.play import NONE
from tests.mutants.table import MUTANTS

ROOT = Path(__file__).parents[2]
SEEDS = Path(__file__).parent / "seeds.json"
MOST = 10_000
PAGE_COLUMNS = "| Bug | Seeds to catch | By |\n|---|---|---|"


def main() -> int:
    """Give the exit code: 1 when a bug was not caught."""
    given = _arguments()
    kept: dict[str, Any] = json.loads(SEEDS.read_text())
    unseen = [name for name in MUTANTS if name not in kept]
    names = given.name or (unseen if given.hunt else list(kept))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(names, pool.map(lambda n: _try(n, given.hunt, kept), names), strict=True))
    for name, caught in found.items():
        print(f"{'caught' if caught else 'MISSED'}  {name}: {MUTANTS[name].bug}")
    if given.hunt:
        kept = {name: kept[name] for name in MUTANTS if name in kept}
        kept |= {name: caught for name, caught in found.items() if caught}
        SEEDS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
        print(table(kept))
    missed = [name for name, caught in found.items() if not caught]
    print(f"{len(found) - len(missed)} of {len(found)} known bugs were caught")
    if unseen and not given.hunt:
        print(
            f"no seed is kept for {len(unseen)} others; --hunt looks for one: {', '.join(unseen)}"
        )
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run mutants", description=__doc__)
    parser.add_argument("--name", action="append", choices=list(MUTANTS), help="only this one")
    parser.add_argument(
        "--hunt", type=int, default=0, metavar="SEEDS",
        help=f"look among so many seeds (at most {MOST:,}) for one for each bug that has none",
    )  # fmt: skip
    return parser.parse_args()


def _try(name: str, hunt: int, kept: dict[str, Any]) -> dict[str, Any] | None:
    """Play one bug: with the seed that is kept for it, or with one seed after the other."""
    if not hunt and name not in kept:
        return None
    first, count = (0, min(hunt, MOST)) if hunt else (kept[name]["seed"], 1)
    found = play(name, first, count)
    if found and play(NONE, found["seed"], 1):
        raise ChildProcessError(f"seed {found['seed']} shows a bug without one being planted")
    return found


def play(name: str, first: int, count: int) -> dict[str, Any] | None:
    """Play seeds in a process of its own, until the bug is caught.

    Raises:
        ChildProcessError: When the process fails: the bug cannot be planted any more.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.mutants.play", name, str(first), str(count)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ChildProcessError(f"{name}: {done.stderr[-2_000:]}")
    if not done.stdout:
        return None
    seed, invariant, _words = done.stdout.splitlines()[-1].split("\t", 2)
    return {"seed": int(seed), "tried": int(seed) - first + 1, "by": invariant}


def table(kept: dict[str, Any]) -> str:
    """Write what is kept as the table of docs/reliability.md."""
    rows = [f"| {MUTANTS[n].bug} | {one['tried']} | `{one['by']}` |" for n, one in kept.items()]
    median = statistics.median(one["tried"] for one in kept.values())
    return "\n".join([PAGE_COLUMNS, *rows, f"\nMedian of seeds to catch: {median:g}."])


if __name__ == "__main__":
    sys.exit(main())
