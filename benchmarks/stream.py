"""A tape that is longer than memory should have to hold: streamed from disk while it is replayed.

    python benchmarks/stream.py FOLDER ROWS          makes the tape in FOLDER and measures

It is measured twice: from columns that are mapped (what a sweep's workers read), and from the
catalog (Parquet). The page cache is warm: the files were just read. Reading is counted: the
clock runs from before the source is opened until the result is there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clocks import clock_of
from harness import Runs, tell, wait_for_quiet
from tapes import THRESHOLDS

POLL_SECONDS = 0.02
KINDS = ("mapped", "catalog")


def measure(
    folder: Path, rows: int, repeats: int, patience: float, clock: str
) -> dict[tuple[str, str], Runs]:
    """Make the tape and run over it.

    Args:
        folder: An empty folder.
        rows: How many.
        repeats: How often each.
        patience: Seconds to wait, before each process, for a quiet machine.
        clock: "wall" or "cpu".
    """
    tell(f"making {rows:,} rows")
    _self("make", folder, rows)
    found = {(kind, "some"): Runs(kind, "some", rows) for kind in KINDS}
    for number in range(repeats):
        for (kind, _), runs in found.items():
            tell(f"{number + 1}/{repeats} streaming, {kind}")
            wait_for_quiet(patience)
            runs.results.append(_watched(kind, folder, clock))
    tell("")
    return found


def _self(*words: Any) -> None:
    subprocess.run([sys.executable, __file__, *map(str, words)], check=True)


def _watched(kind: str, folder: Path, clock: str) -> dict[str, Any]:
    """Run a process, and note the most memory it held that no file backs."""
    command = [sys.executable, __file__, kind, str(folder), clock]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    most = 0
    while process.poll() is None:
        most = max(most, _anonymous(process.pid))
        time.sleep(POLL_SECONDS)
    said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"streaming from {kind} failed")
    result: dict[str, Any] = json.loads(said.splitlines()[-1])
    result["anonymous_bytes"] = most
    result["extra_bytes"] = most
    return result


def _anonymous(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has just ended
        return 0
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return sum(int(fields.get(name, "0").split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))


def make(folder: Path, rows: int) -> None:
    """Write the tape both ways."""
    import numpy as np
    from tapes import SteadySource

    from ikbr.backtest.optimise.shared_tape import write_shared
    from ikbr.data.catalog import Catalog
    from ikbr.data.columns import PrintColumns, QuoteColumns

    source = SteadySource(rows)
    place = folder / "mapped"
    place.mkdir()
    write_shared(source, place)
    catalog = Catalog(folder / "catalog")
    instrument = source.instruments[0]
    for session, tape in zip(source.sessions, source.chunks(), strict=True):
        printed = tape.kind == 1
        quotes = [
            getattr(tape, name)[~printed] for name in ("ts", "bid", "ask", "bid_size", "ask_size")
        ]
        flags = np.zeros(int(printed.sum()), np.uint8)
        prints = PrintColumns(tape.ts[printed], tape.last[printed], tape.size[printed], flags)
        for kind, columns in (("quote", QuoteColumns(*quotes)), ("print", prints)):
            catalog.write(
                instrument, kind, session.date, columns, source="benchmark", synthetic=True
            )


def replay(kind: str, folder: Path, now: Callable[[], float]) -> dict[str, Any]:
    """Run the momentum kernel over the tape."""
    import gc

    from case import CAPITAL, LOOKBACK, QUANTITY
    from tapes import SteadySource

    from ikbr.backtest.engine import run_backtest
    from ikbr.backtest.optimise.shared_tape import SharedTape
    from ikbr.backtest.stage import Instance, Setup
    from ikbr.data.catalog import Catalog
    from ikbr.data.tape_source import CatalogSource, select_days
    from ikbr.domain.tape import TapeSource
    from ikbr.journal.memory_journal import MemoryJournal
    from ikbr.strategies.examples.momentum_kernel import MomentumKernel

    def run(source: TapeSource) -> Any:
        strategy = MomentumKernel(lookback=LOOKBACK, threshold=THRESHOLDS["some"])
        instance = Instance(strategy, "momentum", ("SYN0",))
        setup = Setup(capital=CAPITAL, quantity=QUANTITY, shape="kernel")
        return run_backtest(source, [instance], setup, journal=MemoryJournal())

    run(SteadySource(20_000))
    if kind == "catalog":  # the library of calendars takes seconds to load
        select_days(Catalog(folder / "catalog"), ["SYN0"])
    gc.collect()
    gc.freeze()
    began = now()
    if kind == "mapped":
        result = run(SharedTape(folder / "mapped"))
    else:
        catalog = Catalog(folder / "catalog")
        result = run(CatalogSource(catalog, ["SYN0"], select_days(catalog, ["SYN0"])))
    return {
        "seconds": now() - began,
        "orders": len(result.orders),
        "events": result.events,
    }


def main() -> None:
    """Do one thing."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "make":
        make(folder, int(sys.argv[3]))
        return
    for file in (folder / what).rglob("*"):
        if file.is_file():
            with file.open("rb", buffering=0) as opened:
                while opened.read(1 << 24):
                    pass
    print(json.dumps(replay(what, folder, clock_of({"clock": sys.argv[3]}))))


if __name__ == "__main__":
    main()
