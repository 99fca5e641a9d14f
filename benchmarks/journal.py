"""What a durable intent costs: the journal of a live session beside a bare write.

    python benchmarks/journal.py [--intents 20000] [--rounds 5] [--folder DIR] [--json FILE]

The variants take turns, round after round, on the same disk. `bare write` is one `os.pwrite` per
intent of a line of the same length; every ratio is to it in the same round, of the medians per
intent. `group` syncs in the background, `alone` is the same without that thread, `before send`
syncs every intent and stands beside `bare write + fdatasync`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.journal.session_opening import open_session

REQUEST = OrderRequest("SPY", Side.BUY, 100, OrderType.LIMIT, limit_price=450.25, reason="signal")
NS = 1_000


def timed(call: Callable[[int], None], count: int) -> list[int]:
    clock = time.perf_counter_ns
    taken = []
    for number in range(count):
        before = clock()
        call(number)
        taken.append(clock() - before)
    return taken


def bare(folder: Path, count: int, length: int, *, sync: bool) -> list[int]:
    line = b"x" * (length - 1) + b"\n"
    handle = os.open(folder / f"bare-{sync}", os.O_CREAT | os.O_RDWR)

    def write(number: int) -> None:
        os.pwrite(handle, line, number * length)
        if sync:
            os.fdatasync(handle)

    try:
        return timed(write, count)
    finally:
        os.close(handle)


def journal(folder: Path, count: int, *, commit_s: float, before_send: bool) -> list[int]:
    # Nothing is refused, however slow the disk: the times of the records stand still.
    log = open_session(folder, "bench", commit_s=commit_s, before_send=before_send)
    with log:
        return timed(lambda n: log.append("intent", 1, (n, "momentum", REQUEST, 0)), count)


def memory(count: int) -> list[int]:
    log = MemoryJournal()
    return timed(lambda n: log.append("intent", 1, (n, "momentum", REQUEST, 0)), count)


def length_of_a_line(folder: Path) -> int:
    with open_session(folder, "length", commit_s=0) as log:
        path = folder / log.segment
        before = path.stat().st_size
        log.append("intent", 1, (10_000, "momentum", REQUEST, 0))
        return path.stat().st_size - before


def round_of(folder: Path, count: int, synced: int) -> dict[str, list[int]]:
    length = length_of_a_line(folder / "length")
    return {
        "bare write": bare(folder, count, length, sync=False),
        "in memory (backtest)": memory(count),
        "alone": journal(folder / "alone", count, commit_s=0, before_send=False),
        "group": journal(folder / "group", count, commit_s=0.01, before_send=False),
        "bare write + fdatasync": bare(folder, synced, length, sync=True),
        "before send": journal(folder / "before", synced, commit_s=0, before_send=True),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--intents", type=int, default=20_000)
    parser.add_argument("--synced", type=int, default=300, help="intents where each is synced")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to write; a temporary folder")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            taken = round_of(Path(folder), options.intents, options.synced)
        base = statistics.median(taken["bare write"])
        for name, calls in taken.items():
            figures = found.setdefault(name, {"us": [], "p99_us": [], "ratio": []})
            figures["us"].append(statistics.median(calls) / NS)
            figures["p99_us"].append(sorted(calls)[len(calls) * 99 // 100] / NS)
            figures["ratio"].append(statistics.median(calls) / base)
    told = {
        name: {key: statistics.median(values) for key, values in figures.items()}
        for name, figures in found.items()
    }
    print(f"{'':24} {'µs':>8} {'p99 µs':>9} {'× bare':>8}")
    for name, f in told.items():
        print(f"{name:24} {f['us']:8.2f} {f['p99_us']:9.2f} {f['ratio']:8.2f}")
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
