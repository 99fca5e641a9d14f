"""What a bot notices of its dashboard: tick to order with a page open, beside without.

    python benchmarks/dashboard.py [--rounds 10] [--orders 2000] [--json FILE]

The bot is that of `tick_to_order.py`, with its telemetry. In each round the same bot answers so
many ticks while nobody listens, and as many while the real dashboard runs and a page hears all it
says; which comes first changes from round to round. The page is a process of its own and counts how
many updates of prices come in a second, of 50 that the bot tells. Besides, from the bot's processor
time, which a busy machine changes less: what part of its event loop the telemetry takes.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from tick_to_order import WARM, connect, figures, turn
from wire_server import PATIENCE_S, Peer

IKBR = (sys.executable, "-c", "from ikbr.cli.main import run; run()")
GOAL_RATIO, GOAL_UPDATES = 1.1, 50


# --- the page, in a process of its own ------------------------------------------------------------


def log_in(link: str) -> tuple[str, str]:
    """Come in by the link; give host and cookie."""
    host = re.findall(r"//([^/]+)/", link)[0]
    connection = http.client.HTTPConnection(host, timeout=PATIENCE_S)
    headers = {"Origin": f"http://{host}", "Content-Type": "application/json"}
    body = json.dumps({"token": link.partition("token=")[2]})
    connection.request("POST", "/login", body, headers)
    cookie = connection.getresponse().headers["Set-Cookie"].split(";")[0]
    connection.close()
    return host, cookie


def page(link: str) -> None:
    """Listen as a page does, and print how many updates of prices came in each second."""
    from websockets.sync.client import connect as open_line

    host, cookie = log_in(link)
    with open_line(
        f"ws://{host}/ws",
        additional_headers={"Cookie": cookie},
        origin=f"http://{host}",  # type: ignore[arg-type]
        compression=None,
    ) as line:
        count, until = 0, time.monotonic() + 1.0
        for message in line:
            if '"type":"prices"' in str(message):
                count += 1
            if time.monotonic() >= until:
                print(count, flush=True)
                count, until = 0, until + 1.0


# --- the rounds -----------------------------------------------------------------------------------


@contextlib.contextmanager
def watched(peer: Peer, folder: Path) -> Iterator[list[int]]:
    """Run the dashboard and a page; afterwards the list says what came in each whole second."""
    updates: list[int] = []
    told, counted = folder / "dashboard.txt", folder / "page.txt"
    with told.open("w") as out:
        words = ("dashboard", "--port", "0", "--journals", str(folder))
        dashboard = subprocess.Popen([*IKBR, *words], stdout=out, cwd=folder)
    try:
        link = awaited(peer, told, r"Log in, once: (\S+)")
        with counted.open("w") as out:
            here = str(Path(__file__).resolve())
            listening = subprocess.Popen([sys.executable, here, "--page", link], stdout=out)
        try:
            awaited(peer, counted, r"^(\d+)$")
            yield updates
        finally:
            listening.kill()
            listening.wait()
        # The first second was cut by the beginning.
        updates += [int(count) for count in counted.read_text().split()[1:]]
    finally:
        dashboard.kill()
        dashboard.wait()


def awaited(peer: Peer, file: Path, words: str) -> str:
    """Serve the bot until a file says something."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = re.search(words, file.read_text(), re.MULTILINE)
        if found is not None:
            return found[1]
        peer.serve(0.05)
    raise SystemExit(f"{file.name} did not say {words!r}: {file.read_text()}")


def measure(rounds: int, orders: int, pause_s: float) -> list[dict[str, Any]]:
    """Let the bot trade with and without a dashboard, in turns."""
    processes: list[subprocess.Popen[str]] = []
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="ikbr-") as name:
        folder = Path(name)
        (folder / "locks").mkdir()
        os.environ["IKBR_BENCH_LOCKS"] = str(folder / "locks")
        try:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                peer = connect(listener, "ikbr", ["SPY", "KO"], processes)
            gc.collect()
            gc.freeze()
            gc.disable()
            turn(peer, WARM, pause_s, 0)
            for number in range(rounds):
                found.append(one_round(peer, folder, orders, pause_s, number))
                show(found[-1])
        finally:
            for process in processes:
                process.kill()
                process.wait()
    return found


def one_round(peer: Peer, folder: Path, orders: int, pause_s: float, number: int) -> dict[str, Any]:
    """Measure one round."""

    bot = psutil.Process(peer.process.pid)

    def part(first: int) -> dict[str, float]:
        began, used = time.perf_counter(), sum(bot.cpu_times()[:2])
        found = figures(turn(peer, orders, pause_s, first))
        cpu_s = sum(bot.cpu_times()[:2]) - used
        return {**found, "seconds": time.perf_counter() - began, "cpu_s": cpu_s}

    def alone() -> dict[str, float]:
        peer.serve(0.5)
        return part(2 * number * orders)

    before = alone() if number % 2 == 0 else None
    with watched(peer, folder) as updates:
        shown = part((2 * number + 1) * orders)
    return {"without": before or alone(), "with": shown, "updates": updates}


def ratio(one: dict[str, Any], figure: str) -> float:
    """Give with over without."""
    return float(one["with"][figure] / one["without"][figure])


def loop_share(one: dict[str, Any]) -> float:
    """Give the part of the bot's time that the telemetry takes."""
    return float((one["with"]["cpu_s"] - one["without"]["cpu_s"]) / one["with"]["seconds"])


def show(one: dict[str, Any]) -> None:
    """Print a round."""
    parts = [
        f"{name} {one['without'][name]:8.1f} → {one['with'][name]:8.1f} µs ({ratio(one, name):.2f})"
        for name in ("p50_us", "p99_us")
    ]
    updates = statistics.median(one["updates"]) if one["updates"] else 0
    print(f"{', '.join(parts)}, {updates:.0f} updates/s", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--pause-ms", type=float, default=2.0, help="between two ticks")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", metavar="LINK", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.page:
        page(args.page)
        return
    print("tick sent to order received: without → with a dashboard and a page")
    found = measure(args.rounds, args.orders, args.pause_ms / 1e3)
    reached = {f: statistics.median(ratio(one, f) for one in found) for f in ("p50_us", "p99_us")}
    updates = statistics.median(count for one in found for count in one["updates"])
    print(f"p99, median ratio of {len(found)} rounds: {reached['p99_us']:.2f}, goal {GOAL_RATIO}")
    print(f"p50, median ratio: {reached['p50_us']:.2f}")
    print(f"of the bot's event loop: {statistics.median(map(loop_share, found)):.1%}")
    print(f"updates of prices a second, median: {updates:.0f}, goal {GOAL_UPDATES}")
    if args.json:
        report = {"rounds": found, "ratios": reached, "updates_per_s": updates}
        args.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
