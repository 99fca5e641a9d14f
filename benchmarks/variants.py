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
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import memory
import numpy as np
from case import COLUMNS

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

WARM_ROWS = 20_000
BLOCK = 65_536

Job = dict[str, Any]
Result = dict[str, Any]


def load(job: Job) -> tuple[Tape, Session]:
    """Read the tape of a job."""
    place = Path(job["tape"])
    about = json.loads((place / "tape.json").read_text())
    columns = {name: np.load(place / f"{name}.npy") for name in COLUMNS}
    instrument = Instrument(symbol=about["symbol"])
    if instrument.price_scale != about["price_scale"]:
        raise SystemExit(f"the tape counts in 1/{about['price_scale']}, ikbr does not")
    session = Session(dt.date(2026, 3, 2), about["open_ns"], about["close_ns"])
    return Tape((instrument,), **columns), session


def momentum(job: Job) -> MomentumStrategy:
    """Make the strategy of a job."""
    return MomentumStrategy(lookback=job["lookback"], threshold=job["threshold"])


def pipeline(job: Job, tape: Tape, session: Session) -> Result:
    """Run the whole pipeline: strategy, risk, orders, exchange, account, journal, evaluation."""
    setup = Setup(
        capital=job["capital"],
        quantity=job["quantity"],
        shape="reference" if job["variant"] == "reference" else "python",
        model=ExecutionModel(fees=job.get("fees", "ibkr-fixed")),
    )
    source = MemorySource(tape, [session], synthetic=True)
    instance = Instance(momentum(job), "momentum", (tape.instruments[0].symbol,))
    result = run_backtest(source, [instance], setup, journal=MemoryJournal())
    fills = [(f.ts_ns, int(f.side), f.quantity, f.price_units) for f in result.fills]
    return {
        "seconds": result.engine_seconds,
        "orders": len(result.orders),
        "refused": result.refused,
        "fills": fills,
    }


def bare_loop(job: Job, tape: Tape, _session: Session) -> Result:
    """Update a ticker row by row and call the strategy; nothing else."""
    instrument = tape.instruments[0]
    handler = momentum(job).on_market_data
    ticker = Ticker(instrument)
    signals = 0
    began = time.perf_counter()
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
    return {"seconds": time.perf_counter() - began, "orders": 0, "signals": signals, "fills": []}


def one_pass(_job: Job, tape: Tape, _session: Session) -> Result:
    """Read every column once in numpy: what no engine over these columns can beat by much."""
    began = time.perf_counter()
    total = sum(int(getattr(tape, name).sum(dtype=np.int64)) for name in COLUMNS)
    return {"seconds": time.perf_counter() - began, "orders": 0, "sum": total % 997, "fills": []}


VARIANTS: dict[str, Callable[[Job, Tape, Session], Result]] = {
    "ikbr": pipeline,
    "reference": pipeline,
    "bare": bare_loop,
    "numpy": one_pass,
}


def main() -> None:
    """Do one job."""
    job = json.loads(sys.argv[1])
    run = VARIANTS[job["variant"]]
    tape, session = load(job)
    warm = {**job, "threshold": job["warm_threshold"]}
    run(warm, tape.rows(0, min(WARM_ROWS, len(tape))), session)
    gc.collect()
    gc.freeze()  # as the command line does: modules and compiled code are not collected again
    held = memory.begin()
    began = time.perf_counter()
    result = run(job, tape, session)
    result["wall_seconds"] = time.perf_counter() - began
    # The tape was loaded before, so that it is not counted.
    result["extra_bytes"] = max(memory.peak() - held, 0)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
