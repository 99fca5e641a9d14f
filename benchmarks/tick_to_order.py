"""From the tick to the order on the wire, with everything on, beside clients that check nothing.

    python benchmarks/tick_to_order.py [--orders 20000] [--json FILE] [--only ikbr,ib_async]

A tick is written to a socket; the clock stops when the bytes of the order have come back. After
each order the gateway tells its whole fill (statuses, execution, commission, account), and so many
milliseconds later comes the next tick. All variants are connected at the same time and take
turns, a few hundred orders each, so that whatever else the machine does meets all of them.
`wire_clients.py` says what each variant is.
"""

from __future__ import annotations

import argparse
import gc
import json
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path

from wire_server import PATIENCE_S, SHIFT_NS, Peer, world_of

HERE = Path(__file__).resolve().parent
VARIANTS = ("echo", "echo_uvloop", "ib_async", "ibapi", "ikbr", "ikbr_uvloop")
TURN = 250
"""Orders of a variant before the next one takes its turn."""
WARM = 300
"""Orders of each variant that are not counted."""


def connect(
    listener: socket.socket,
    name: str,
    symbols: list[str],
    processes: list[subprocess.Popen[str]],
) -> Peer:
    """Start a client and serve it until it is ready."""
    port = listener.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable,
            str(HERE / "wire_clients.py"),
            str(port),
            name,
            ",".join(symbols),
            str(SHIFT_NS),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    processes.append(process)
    peer = Peer(name, world_of(symbols), process)
    listener.settimeout(PATIENCE_S)
    peer.take(listener.accept()[0])
    assert process.stdout is not None
    until = time.monotonic() + PATIENCE_S
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while not waiting.select(0):
            peer.serve(0.05)
            if time.monotonic() > until or process.poll() is not None:
                raise SystemExit(f"{name} was not ready in {PATIENCE_S:.0f} s.")
    return peer


def turn(peer: Peer, orders: int, pause_s: float, number: int) -> list[int]:
    """Send so many ticks; give the nanoseconds to each order."""
    taken = []
    for one in range(number, number + orders):
        ns, heard = peer.order_after(peer.tick(one))
        peer.answer(heard)
        taken.append(ns)
        # The pause begins when the fill is told: a client may take its time with that.
        peer.serve(pause_s)
    return taken


def measure(orders: int, names: tuple[str, ...], pause_s: float) -> dict[str, list[int]]:
    """Let the variants take turns."""
    symbols = ["SPY", "KO"]
    taken: dict[str, list[int]] = {name: [] for name in names}
    processes: list[subprocess.Popen[str]] = []
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            # Each has a gateway of its own: nobody hears of what happens in another's account.
            peers = [connect(listener, name, symbols, processes) for name in names]
        gc.collect()
        gc.freeze()
        gc.disable()
        for peer in peers:
            turn(peer, WARM, pause_s, 0)
        for number in range(0, orders, TURN):
            for peer in peers:
                peer.serve(0.02)
                taken[peer.name] += turn(peer, min(TURN, orders - number), pause_s, number)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return taken


def figures(taken: list[int]) -> dict[str, float]:
    """Give the percentiles, microseconds."""
    line = sorted(taken)

    def at(share: float) -> float:
        return line[min(len(line) - 1, int(len(line) * share))] / 1e3

    return {
        "p50_us": at(0.50),
        "p99_us": at(0.99),
        "p999_us": at(0.999),
        "max_us": line[-1] / 1e3,
        "mean_us": sum(line) / len(line) / 1e3,
    }


def goals(found: dict[str, dict[str, float]]) -> list[tuple[str, float, float]]:
    """Give each goal as words, what was reached and what is wanted at most."""
    rows = []
    bare = found.get("ib_async")
    for name, floor in (("ikbr", "echo"), ("ikbr_uvloop", "echo_uvloop")):
        ours, echo = found.get(name), found.get(floor)
        if ours and bare:
            rows += [
                (f"{name}: p50 / ib_async", ours["p50_us"] / bare["p50_us"], 0.4),
                (f"{name}: p99 / ib_async", ours["p99_us"] / bare["p99_us"], 0.4),
                (f"{name}: p99.9 / ib_async", ours["p999_us"] / bare["p999_us"], 0.05),
            ]
        if ours and echo:
            rows += [
                (f"{name}: p50 above {floor}, µs", ours["p50_us"] - echo["p50_us"], 35.0),
                (f"{name}: p99.9 / {floor}", ours["p999_us"] / echo["p999_us"], 2.0),
            ]
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--pause-ms", type=float, default=2.0, help="between two ticks")
    parser.add_argument("--only", default=",".join(VARIANTS), help="variants, with commas")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    taken = measure(args.orders, tuple(args.only.split(",")), args.pause_ms / 1e3)
    found = {name: figures(ns) for name, ns in taken.items()}
    print(f"tick sent to order received, µs; {args.orders:,} orders of each variant")
    print(f"{'':14}{'p50':>10}{'p99':>10}{'p99.9':>10}{'max':>12}")
    for name, f in found.items():
        print(
            f"{name:14}{f['p50_us']:10.1f}{f['p99_us']:10.1f}{f['p999_us']:10.1f}{f['max_us']:12.1f}"
        )
    for words, reached, wanted in goals(found):
        print(f"  {words:34}{reached:9.2f}  goal {wanted:g}")
    if args.json:
        report = {
            "orders": args.orders,
            "variants": found,
            "goals": {words: {"reached": r, "at_most": w} for words, r, w in goals(found)},
        }
        args.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
