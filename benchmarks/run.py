"""Run every benchmark, or the ones that are named.

    ./run bench                         all of them
    ./run bench order-path              one of them
    ./run bench kernel bac maker        parts of one
    ./run bench kernel --write          and the table of docs/benchmarks.md with it
    ./run bench backtest --rows 20000000 --repeats 5 --json figures.json
    ./run bench --setup-peers           only make the peers' environments

Further arguments go to the benchmark, so they need its name.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from peers.environment import PEERS, set_up

HERE = Path(__file__).resolve().parent
BENCHMARKS = {
    "kernel": "kernel.py",
    "backtest": "backtest.py",
    "order-path": "order_path.py",
    "grid": "grid.py",
    "catalog-read": "catalog_read.py",
    "journal": "journal.py",
    "load": "load.py",
}


def main() -> int:
    """Run what was asked for.

    Returns:
        The exit code: that of the first benchmark that failed.
    """
    arguments = sys.argv[1:]
    if arguments and arguments[0] in {"-h", "--help"}:
        print((__doc__ or "").strip())
        return 0
    if arguments == ["--setup-peers"]:
        for name in PEERS:
            print(f"ready: {set_up(name)}")
        return 0
    known = {name: HERE / file for name, file in BENCHMARKS.items() if (HERE / file).exists()}
    if arguments and arguments[0] not in known:
        names = ", ".join(known)
        print(f"there is no benchmark {arguments[0]!r}; choose one of: {names}.", file=sys.stderr)
        return 2
    for name in arguments[:1] or known:
        print(f"== {name}", flush=True)
        code = subprocess.run([sys.executable, known[name], *arguments[1:]], check=False).returncode
        if code:
            return code
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
