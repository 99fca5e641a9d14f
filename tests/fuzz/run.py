"""Fuzz the targets one after another, each in a process of its own; `./run fuzz --help`."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.fuzz.targets import FILES, target

CORPUS = Path(__file__).parent / "corpus"
ROOT = Path(__file__).parents[2]
SLOWEST_S = 20
"""An input that takes longer hangs."""
MOST_MB = 1_500
LONGEST = 4_096
"""Bytes of an input."""
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")


def main() -> int:
    """Fuzz; give the exit code."""
    given = _arguments()
    names = [given.target] if given.target else list(FILES)
    each = f"-max_total_time={max(1, given.seconds // len(names))}"
    bound = (f"-runs={given.inputs}", "-seed=1") if given.inputs else (each,)
    found = [_fuzz(name, bound) for name in names]
    for one in found:
        state = "ok    " if one["ok"] else "FAILED"
        print(f"{state} {one['target']:16} {one['runs']:>9,} inputs in {one['seconds']:.0f} s")
        if not one["ok"]:
            print(one["said"])
    if given.json:
        Path(given.json).write_text(json.dumps(found, indent=2) + "\n")
    return 0 if all(one["ok"] for one in found) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=33, help="for all targets together")
    parser.add_argument(
        "--inputs", type=int, metavar="N",
        help="instead of a time: N inputs for each target, the same ones every time",
    )  # fmt: skip
    parser.add_argument("--target", choices=list(FILES), help="only this one")
    parser.add_argument("--json", metavar="FILE", help="write what came of it")
    return parser.parse_args()


def _fuzz(name: str, bound: tuple[str, ...]) -> dict[str, Any]:
    """Fuzz one target from its seeds and its corpus; keep the input that breaks it."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for number, seed in enumerate(target(name).seeds()):
            (scratch / f"seed-{number}").write_bytes(seed)
        for path in (CORPUS / name).glob("*"):
            (scratch / path.name).write_bytes(path.read_bytes())
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        done = subprocess.run(
            [
                sys.executable, "-W", "ignore", "-m", "tests.fuzz.drive", name,
                *bound, f"-timeout={SLOWEST_S}", f"-rss_limit_mb={MOST_MB}",
                f"-max_len={LONGEST}", f"-artifact_prefix={CORPUS / name}/", str(scratch),
            ],
            cwd=ROOT, capture_output=True, text=True, errors="replace", check=False,
            env=os.environ | {"PYTHONHASHSEED": "0"},
        )  # fmt: skip
        took = time.monotonic() - started
    if not any((CORPUS / name).iterdir()):
        (CORPUS / name).rmdir()
    runs = _DONE.search(done.stderr)
    return {
        "target": name,
        "ok": done.returncode == 0 and runs is not None,
        "runs": int(runs[1]) if runs else 0,
        "seconds": took,
        "said": "" if done.returncode == 0 else _last_words(done.stdout + done.stderr),
    }


def _last_words(said: str) -> str:
    """Leave out what the fuzzer says of its progress."""
    lines = [line for line in said.splitlines() if not line.startswith(("INFO:", "WARNING:", "#"))]
    return "\n".join(lines)[-4_000:]


if __name__ == "__main__":
    sys.exit(main())
