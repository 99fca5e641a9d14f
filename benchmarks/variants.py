"""The variants that run in ikbr's own environment; each call of this file is one process.

    python benchmarks/variants.py '{"variant": "ikbr", "tape": "...", ...}'

prints one JSON object. The first 20,000 rows are run once before anything is measured, with a
threshold that trades, so that imports, compiled code and caches are warm for every variant alike.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import compiled
import memory
import numpy as np
from case import COLUMNS
from clocks import clock_of

from ikbr.backtest import engine
from ikbr.backtest.engine import run_backtest
from ikbr.backtest.stage import Instance, Setup
from ikbr.data.memory_source import MemorySource
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import Tape
from ikbr.domain.ticker import Ticker
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.examples.momentum import MomentumStrategy
from ikbr.strategies.examples.momentum_kernel import MomentumKernel

WARM_ROWS = 20_000
BLOCK = 65_536

Job = dict[str, Any]
Result = dict[str, Any]


def load(job: Job) -> tuple[Tape, list[Session]]:
    """Read the tape of a job."""
    place = Path(job["tape"])
    about = json.loads((place / "tape.json").read_text())
    columns = {name: np.load(place / f"{name}.npy")[: job.get("limit")] for name in COLUMNS}
    instruments = tuple(Instrument(symbol=symbol) for symbol in about["symbols"])
    if instruments[0].price_scale != about["price_scale"]:
        raise SystemExit(f"the tape counts in 1/{about['price_scale']}, ikbr does not")
    sessions = [Session(dt.date.fromisoformat(d), *ns) for d, *ns in about["sessions"]]
    return Tape(instruments, **columns), sessions


def momentum(job: Job) -> MomentumStrategy | MomentumKernel:
    """Make the strategy of a job."""
    kind = MomentumKernel if job["variant"] == "kernel" else MomentumStrategy
    return kind(lookback=job["lookback"], threshold=job["threshold"])


def pipeline(job: Job, tape: Tape, sessions: list[Session]) -> Result:
    """Run the whole pipeline: strategy, risk, orders, exchange, account, journal, evaluation."""
    as_of = job.get("fees_as_of")
    setup = Setup(
        capital=job["capital"],
        quantity=job["quantity"],
        shape=SHAPES[job["variant"]],
        model=ExecutionModel(
            fees=job.get("fees", "ibkr-fixed"),
            fees_as_of=dt.date.fromisoformat(as_of) if as_of else None,
        ),
    )
    source = MemorySource(tape, sessions, synthetic=True)
    symbols = tuple(one.symbol for one in tape.instruments)
    instance = Instance(momentum(job), "momentum", symbols)
    with clocked(job):
        result = run_backtest(source, [instance], setup, journal=MemoryJournal())
    if result.shape != SHAPES[job["variant"]]:
        raise SystemExit(f"asked for {SHAPES[job['variant']]!r}, and {result.shape!r} ran")
    fills = [(f.ts_ns, int(f.side), f.quantity, f.price_units) for f in result.fills]
    return {
        "seconds": result.engine_seconds,
        "orders": len(result.orders),
        "refused": result.refused,
        "fills": fills,
    }


@contextmanager
def clocked(job: Job) -> Iterator[None]:
    """Let the engine time its replay by the job's clock."""
    was = engine.time
    engine.time = types.SimpleNamespace(perf_counter=clock_of(job))  # type: ignore[assignment]
    try:
        yield
    finally:
        engine.time = was


def bare_loop(job: Job, tape: Tape, _sessions: list[Session]) -> Result:
    """Update a ticker row by row and call the strategy; nothing else."""
    instrument = tape.instruments[0]
    handler = momentum(job).on_market_data
    ticker = Ticker(instrument)
    signals = 0
    clock = clock_of(job)
    began = clock()
    for start in range(0, len(tape), BLOCK):
        rows = slice(start, start + BLOCK)
        scale = instrument.price_scale
        for ticker.bid, ticker.ask, ticker.last, ticker.bid_size, ticker.ask_size in zip(
            (tape.bid[rows] / scale).tolist(),
            (tape.ask[rows] / scale).tolist(),
            (tape.last[rows] / scale).tolist(),
            tape.bid_size[rows].tolist(),
            tape.ask_size[rows].tolist(),
            strict=True,
        ):
            if handler(ticker) is not None:
                signals += 1
    return {"seconds": clock() - began, "orders": 0, "signals": signals, "fills": []}


def compiled_loop(job: Job, tape: Tape, _sessions: list[Session]) -> Result:
    """Run the bare compiled loop with fills and a drawdown check."""
    return compiled.run(job, tape)


def one_pass(job: Job, tape: Tape, _sessions: list[Session]) -> Result:
    """Read every column once in numpy: what no engine over these columns can beat by much."""
    clock = clock_of(job)
    began = clock()
    total = sum(int(getattr(tape, name).sum(dtype=np.int64)) for name in COLUMNS)
    return {"seconds": clock() - began, "orders": 0, "sum": total % 997, "fills": []}


SHAPES = {"kernel": "kernel", "ikbr": "python", "reference": "reference"}
VARIANTS: dict[str, Callable[[Job, Tape, list[Session]], Result]] = {
    **dict.fromkeys(SHAPES, pipeline),
    "compiled": compiled_loop,
    "bare": bare_loop,
    "numpy": one_pass,
}


def main() -> None:
    """Do one job."""
    job = json.loads(sys.argv[1])
    run = VARIANTS[job["variant"]]
    tape, sessions = load(job)
    warm = {**job, "threshold": job["warm_threshold"]}
    run(warm, tape.rows(0, min(WARM_ROWS, len(tape))), sessions)
    gc.collect()
    gc.freeze()  # as the command line does: modules and compiled code are not collected again
    held = memory.begin()
    result = run(job, tape, sessions)
    # The tape was loaded before, so that it is not counted.
    result["extra_bytes"] = max(memory.peak() - held, 0)
    # Short runs are repeated, and the quickest counts: the machine is never quite alone.
    again = [run(job, tape, sessions)["seconds"] for _ in range(job.get("times", 1) - 1)]
    result["seconds"] = min([result["seconds"], *again])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
