"""Run the conformance tables with real clients: `./run conformance [NAME...]`.

Every client gets a folder of its own under .conformance/, with nothing in it but the pinned
packages of clients.toml, and a process that sees only that folder.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))

from conformance import report  # noqa: E402 - only once the path is set
from conformance.host import Gateways  # noqa: E402
from conformance.tables import TOPICS  # noqa: E402

FOLDER = ROOT / ".conformance"
SIDE_BY_SIDE = 2
PATIENCE_S = 300

Client = dict[str, Any]
Results = dict[str, dict[str, list[str]]]
"""Topic → row → what is wrong."""


def clients() -> dict[str, Client]:
    """Read which clients there are."""
    return tomllib.loads((HERE / "clients.toml").read_text(encoding="utf-8"))


def install(name: str, client: Client) -> Path:
    """Put a client into its folder, unless it is there already.

    Returns:
        The folder.
    """
    folder = FOLDER / name
    stamp = folder / ".installed"
    wanted = "\n".join([*client["packages"], sys.version])
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"ikbr: installing {client['title']} into {folder.relative_to(ROOT)}", flush=True)
        command = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--upgrade"]
        done = subprocess.run([*command, "--target", str(folder), *client["packages"]], check=False)
        if done.returncode:
            raise SystemExit(
                f"ikbr: {client['title']} could not be installed (pip's message is above); check "
                "the network and run this again."
            )
        stamp.write_text(wanted, encoding="utf-8")
    return folder


def perform(client: Client, folder: Path | None, only: str = "") -> Results:
    """Run all tables with one client in a process of its own.

    Args:
        client: Which.
        folder: Where it is installed; None for this environment.
        only: A topic; all when there is none.

    Raises:
        RuntimeError: When the process fails.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    path = [str(HERE.parent)] + ([] if folder is None else [str(folder)])
    environment["PYTHONPATH"] = os.pathsep.join(path)
    # -S: nothing of this environment's packages is to be found.
    alone = [] if folder is None else ["-S"]
    topics = [one for one in TOPICS if not only or one.name == only]
    with Gateways(topics) as gateways:
        done = subprocess.run(
            [sys.executable, *alone, "-m", "conformance.perform", client["family"],
             str(client["version"]), client["title"]],
            input=json.dumps(gateways.ports), capture_output=True, text=True,
            timeout=PATIENCE_S, env=environment, cwd=ROOT, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{client['title']} broke off: {done.stderr[-3000:]}")
    results: Results = json.loads(done.stdout)
    return results


def main() -> int:
    """Run the clients that are named, or all; then the table in docs/gateway.md is written."""
    parser = argparse.ArgumentParser(prog="./run conformance", description=__doc__)
    known = clients()
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--topic", default="", help="run one topic only")
    parser.add_argument("--here", action="store_true", help="use the clients of this environment")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(known))
    if unknown:
        parser.error(f"there is no client {unknown[0]!r}; there are {', '.join(known)}.")
    logging.getLogger("ikbr").addHandler(logging.NullHandler())
    names = asked.names or list(known)
    folders = {name: None if asked.here else install(name, known[name]) for name in names}

    def one(name: str) -> Results:
        return perform(known[name], folders[name], asked.topic)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        results = dict(zip(names, pool.map(one, names), strict=True))
    if asked.json:
        print(json.dumps(results))
    else:
        print(report.summary(results, known))
    if list(results) == list(known) and not asked.topic:
        report.write(ROOT / "docs" / "gateway.md", results, known)
    return 1 if report.failures(results) else 0


if __name__ == "__main__":
    sys.exit(main())
