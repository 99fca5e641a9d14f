"""The market maker: a bid and an ask that join the touch, behind what is displayed there.

    python benchmarks/maker.py '{"variant": "maker-kernel", "tape": "...", ...}'

prints one JSON object. 100 shares a side, at most 500 either way, no skew: so an order rests at
the touch only, where both this engine and hftbacktest's risk-averse queue count the size that is
displayed, take off what is printed or withdrawn, and fill from what is left of a print.
"""

from __future__ import annotations

import gc
import json
import sys
from typing import Any

import memory
from variants import WARM_ROWS, Job, Result, clocked, load

from ikbr.backtest.engine import run_backtest
from ikbr.backtest.stage import Instance, Setup
from ikbr.data.memory_source import MemorySource
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.session import Session
from ikbr.domain.tape import Tape
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.examples.market_making import MarketMakingStrategy
from ikbr.strategies.examples.market_making_kernel import MarketMakingKernel

SIZE, ROOM = 100, 5
SHAPES = {"maker-kernel": "kernel", "maker-python": "python", "maker-reference": "reference"}


def run(job: Job, tape: Tape, sessions: list[Session]) -> Result:
    """Run the market maker."""
    kind: Any = MarketMakingKernel if job["variant"] == "maker-kernel" else MarketMakingStrategy
    strategy = kind(size=SIZE, half_spread_ticks=0.5, skew_ticks=0.0, max_inventory=ROOM)
    setup = Setup(
        capital=job["capital"],
        shape=SHAPES[job["variant"]],
        limits=RiskLimits(min_order_interval_s=0.0),
        model=ExecutionModel(fees="ibkr-fixed", queue="behind-displayed"),
    )
    source = MemorySource(tape, sessions, synthetic=True)
    instance = Instance(strategy, "maker", (tape.instruments[0].symbol,))
    with clocked(job):
        result = run_backtest(source, [instance], setup, journal=MemoryJournal())
    return {
        "seconds": result.engine_seconds,
        "shape": result.shape,
        "orders": len(result.orders),
        "changes": strategy.describe()["changes of the quotes"],
        "refused": result.refused,
        "fills": [(f.ts_ns, int(f.side), f.quantity, f.price_units) for f in result.fills],
    }


def main() -> None:
    """Do one job."""
    job = json.loads(sys.argv[1])
    tape, sessions = load(job)
    run(job, tape.rows(0, min(WARM_ROWS, len(tape))), sessions)
    gc.collect()
    gc.freeze()
    held = memory.begin()
    result = run(job, tape, sessions)
    result["extra_bytes"] = max(memory.peak() - held, 0)
    again = [run(job, tape, sessions)["seconds"] for _ in range(job.get("times", 1) - 1)]
    result["seconds"] = min([result["seconds"], *again])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
