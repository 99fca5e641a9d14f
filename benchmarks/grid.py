"""Speed of a grid of parameter sets: compiled, beside the engine and a bare compiled loop.

    python benchmarks/grid.py [--rows 1000000] [--sets 100] [--repeats 5] [--json FILE]

Momentum as a kernel (long only, market orders of 10 shares, quote fills, IBKR's fixed fees,
position and drawdown limits) over a synthetic tape of quotes and prints; the sets differ in
lookback and threshold, about 1 order per 1,000 ticks. One core, compiled code loaded before.
The engine runs three of the sets, and must give the same fills.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.grid.run_grid import run_grid
from ikbr.data.memory_source import MemorySource
from ikbr.domain.session import Session
from ikbr.domain.tape import Tape
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.sim.synthetic.big import DAY_NS, START_NS, big_tape
from ikbr.strategies.examples.momentum_kernel import MomentumKernel

SETUP = Setup(capital=10_000_000.0, quantity=10)
SEED = 7
BY_ENGINE = 3


@njit
def bare(last: Any, bid: Any, ask: Any, lookback: int, limit: float) -> tuple[int, int]:
    """Trade momentum with nothing around it: no risk, no fees, no sessions, no records."""
    prices = np.full(lookback, np.nan)
    place = cash = held = fills = 0
    for i in range(len(last)):
        prices[place] = last[i] / 10_000.0
        price = prices[place]
        place += 1
        if place == lookback:
            place = 0
        momentum = price / prices[place] - 1.0
        if momentum > limit and held == 0:
            held, fills = 10, fills + 1
            cash -= 10 * ask[i]
        elif momentum < -limit and held > 0:
            held, fills = 0, fills + 1
            cash += 10 * bid[i]
    return cash + held * last[-1], fills


def main() -> None:
    """Measure and print."""
    args = _arguments()
    tape = big_tape(args.rows, 1, SEED)
    session = Session(dt.date(2026, 3, 2), START_NS, START_NS + DAY_NS + 1)
    source = MemorySource(tape, [session], synthetic=True)
    sets = _sets(tape, args.sets)
    run_grid(source, _instances(tape, sets), SETUP)
    bare(tape.last, tape.bid, tape.ask, *sets[0])
    gc.freeze()
    seconds: dict[str, list[float]] = {"grid": [], "bare": []}
    grid: Any = None
    for _ in range(args.repeats):
        took, grid = _timed(lambda: run_grid(source, _instances(tape, sets), SETUP))
        seconds["grid"].append(took)
        took, _ = _timed(lambda: [bare(tape.last, tape.bid, tape.ask, *one) for one in sets])
        seconds["bare"].append(took)
    summaries, _ = _timed(lambda: [one.summary for one in grid.outcomes])
    engine, same = _engine(source, tape, sets, grid)
    orders = statistics.mean(one.orders for one in grid.outcomes)
    found = {
        "rows": args.rows,
        "sets": len(sets),
        "orders_per_1000": orders * 1000 / args.rows,
        "seconds": statistics.median(seconds["grid"]),
        "bare_seconds": statistics.median(seconds["bare"]),
        "engine_seconds": engine * len(sets),
        "summaries_seconds": summaries,
        "left": sum(bool(one.left) for one in grid.outcomes),
        "same_fills": same,
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    _show(found)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _sets(tape: Tape, count: int) -> list[tuple[int, float]]:
    """Choose lookbacks from 11 to 29, and thresholds around one order per 1,000 ticks."""
    usual = _threshold(tape.last, 20, len(tape) / 1000)
    factors = np.linspace(0.8, 1.25, -(-count // 10))
    every = [(lookback, usual * f) for lookback in range(11, 31, 2) for f in factors.tolist()]
    return every[:count]


def _threshold(last: Any, lookback: int, orders: float) -> float:
    """Find the threshold beyond which momentum turns so often."""
    rise = last[lookback - 1 :] / last[: len(last) - lookback + 1] - 1.0
    low, high = 0.0, float(np.abs(rise).max())
    for _ in range(40):
        middle = (low + high) / 2
        turns = np.sign(rise[np.abs(rise) > middle])
        if np.count_nonzero(np.diff(turns)) + 1 > orders:
            low = middle
        else:
            high = middle
    return high


def _instances(tape: Tape, sets: list[tuple[int, float]]) -> list[Instance]:
    symbol = (tape.instruments[0].symbol,)
    return [Instance(MomentumKernel(*one), f"set-{n}", symbol) for n, one in enumerate(sets)]


def _engine(
    source: MemorySource, tape: Tape, sets: list[tuple[int, float]], grid: Any
) -> tuple[float, bool]:
    """Run some sets through the engine: seconds of one, and whether its fills are the same."""
    took, same = [], True
    run_backtest(source, _instances(tape, sets)[:1], SETUP, journal=MemoryJournal())
    for n in range(0, len(sets), max(1, len(sets) // BY_ENGINE)):
        one = _instances(tape, sets)[n]
        result = run_backtest(source, [one], SETUP, journal=MemoryJournal())
        took.append(result.engine_seconds)
        same = same and result.fill_hash == grid.outcomes[n].fill_hash
    return statistics.median(took), same


def _show(found: dict[str, Any]) -> None:
    runs = found["sets"] * found["rows"]
    print(
        f"{found['sets']} parameter sets × {found['rows']:,} ticks, "
        f"{found['orders_per_1000']:.2f} orders per 1,000 ticks, one core"
    )
    print(f"{'':30}{'seconds':>9}{'M ticks/s':>11}{'× bare':>8}")
    for label, name in (
        ("compiled grid", "seconds"),
        ("bare compiled loop", "bare_seconds"),
        ("engine, one set at a time", "engine_seconds"),
    ):
        took = found[name]
        ratio = took / found["bare_seconds"]
        print(f"{label:30}{took:9.3f}{runs / took / 1e6:11.1f}{ratio:8.2f}")
    print(f"{'summaries of all sets':30}{found['summaries_seconds']:9.3f}")
    same = "the same" if found["same_fills"] else "DIFFERENT"
    print(f"fills of the sets that the engine ran too: {same}; left to it: {found['left']}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
