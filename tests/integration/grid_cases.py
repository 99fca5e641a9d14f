"""A kernel that signals as it likes, and a comparison of the compiled grid with the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.grid.outcome import GridOutcome
from ikbr.backtest.grid.run_grid import GridRun, run_grid
from ikbr.backtest.result import BacktestResult
from ikbr.domain.signal import Signal
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.kernel import KernelStrategy


class RestlessKernel(KernelStrategy):
    """Signal at moments that depend on a seed, on the position and on what is under way."""

    state: Mapping[str, Any] = {"draw": 1, "seen": 0}

    def __init__(
        self, seed: int = 1, every: int = 5, allow_short: bool = False, odd: int = 0
    ) -> None:
        self.seed = seed
        self.every = every
        self.allow_short = allow_short
        self.odd = odd

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        state.seen += 1
        if params.odd and state.seen == params.odd:
            return 7
        state.draw = (state.draw * 1103515245 + params.seed * 7919 + 12345) % 2147483648
        drawn = state.draw // 65536
        if drawn % params.every:
            return 0
        if tick.last > 0 and tick.last_size == 500:
            return 1 if tick.position + tick.pending <= 0 else -1
        return 1 if drawn // params.every % 2 else -1


class LeavingKernel(RestlessKernel):
    """The same, but against what is held it only leaves."""

    opposite = "flat"

    def signal(self, value: int, state: Any, ticker: Any) -> Any:
        held = self.position(ticker.symbol) + self.pending(ticker.symbol)
        action: Any = "FLAT" if held * value < 0 else "BUY" if value > 0 else "SELL"
        return Signal(action, ticker.symbol, ticker.market_price())


def both(source: Any, instances: list[Instance], setup: Setup) -> list[tuple[Any, Any]]:
    """Run instances compiled and one by one with the engine."""
    grid = run_grid(source, instances, setup)
    assert len(grid.outcomes) == len(instances)
    return [
        (one, engine(source, i, setup)) for one, i in zip(grid.outcomes, instances, strict=True)
    ]


def engine(source: Any, instance: Instance, setup: Setup) -> BacktestResult:
    setup = msgspec.structs.replace(setup, compile_orders=False)
    return run_backtest(source, [instance], setup, journal=MemoryJournal())


def grid_facts(one: GridOutcome) -> dict[str, Any]:
    """Say what the compiled grid found."""
    times, equity = one.equity_path()
    return {
        "refused": sorted(one.refused.items()),
        "fills": [repr(fill) for fill in one.fills],
        "hash": one.fill_hash,
        "final": one.final_equity,
        "position": one.position,
        "orders": one.orders,
        "commission": one.commission_micro / 1_000_000,
        "sessions": one.session_equity,
        "equity_ts": times.tolist(),
        "equity": equity.tolist(),
        "summary": repr(one.summary),
    }


def engine_facts(result: BacktestResult) -> dict[str, Any]:
    """Say the same of a run of the engine."""
    return {
        "refused": sorted(result.refused.items()),
        "fills": [repr(fill) for fill in result.fills],
        "hash": result.fill_hash,
        "final": result.final_equity,
        "position": sum(result.positions.values()),
        "orders": len(result.orders),
        "commission": result.commission,
        "sessions": list(result.session_equity),
        "equity_ts": result.equity_ts.tolist(),
        "equity": result.equity.tolist(),
        "summary": repr(result.summary),
    }


__all__ = [
    "GridRun",
    "LeavingKernel",
    "RestlessKernel",
    "both",
    "engine",
    "engine_facts",
    "grid_facts",
]
