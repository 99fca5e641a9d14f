"""Hand-made tapes, and a puppet that runs over them in either shape."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from tests.unit.core.rig import FREE, SECOND

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.core.event_bus import EventBus
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, CorporateAction, Kind, Tape
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy

OPEN = 1_772_461_800_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
SESSION = Session(dt.date(2026, 3, 2), OPEN, OPEN + 6 * HOUR)
NEXT_SESSION = Session(dt.date(2026, 3, 3), OPEN + 24 * HOUR, OPEN + 30 * HOUR)
FREE_MODEL = ExecutionModel(fees="none")

Row = dict[str, Any]


def row(at_s: float, kind: Kind = Kind.PRINT, symbol: str = "SPY", **more: Any) -> Row:
    """Write a row: `bid`, `ask`, `last` as prices (None withdraws a side), `size`."""
    return {"at": OPEN + round(at_s * SECOND), "kind": kind, "symbol": symbol, **more}


def prints(
    *prices: float, every_s: float = 1.0, symbol: str = "SPY", start_s: float = 1.0
) -> list[Row]:
    """Write a print of 100 with a cent of spread around it for every price."""
    return [
        row(start_s + n * every_s, symbol=symbol, last=p, bid=p - 0.01, ask=p + 0.01, size=100)
        for n, p in enumerate(prices)
    ]


def tape_of(rows: Sequence[Row], symbols: Sequence[str] = ("SPY",)) -> Tape:
    """Turn rows into a tape, carrying the standing state forward."""
    instruments = tuple(parse_contract(s) for s in symbols)
    state = {i.symbol: dict.fromkeys(("bid", "ask", "last"), NO_PRICE) for i in instruments}
    columns: dict[str, list[int]] = {name: [] for name in Tape.__dataclass_fields__}
    for one in sorted(rows, key=lambda r: r["at"]):
        number = list(symbols).index(one["symbol"])
        own = state[one["symbol"]]
        for side in ("bid", "ask", "last"):
            if side in one:
                given = one[side]
                own[side] = NO_PRICE if given is None else instruments[number].to_units(given)
        values = {
            "ts": one["at"], "sym": number, "kind": int(one["kind"]), **own,
            "bid_size": one.get("bid_size", 500), "ask_size": one.get("ask_size", 500),
            "size": one.get("size", 0),
        }  # fmt: skip
        for name, value in values.items():
            columns[name].append(value)
    types = {"ts": np.int64, "sym": np.int16, "kind": np.uint8, "size": np.int64}
    arrays: dict[str, Any] = {
        name: np.array(values, types.get(name, np.int32))
        for name, values in columns.items()
        if name != "instruments"
    }
    return Tape(instruments, **arrays)


def play(
    rows: Sequence[Row],
    *strategies: BaseStrategy,
    symbols: Sequence[str] = ("SPY",),
    on: Sequence[Sequence[str]] = (),
    sessions: Sequence[Session] = (SESSION,),
    actions: Sequence[CorporateAction] = (),
    resolution: str = "tick",
    bus: EventBus | None = None,
    journal: MemoryJournal | None = None,
    **setup: Any,
) -> BacktestResult:
    """Run strategies over rows."""
    given: dict[str, Any] = {
        "capital": 1_000_000.0, "limits": FREE, "model": FREE_MODEL, "quantity": 100, **setup
    }  # fmt: skip
    instances = [
        Instance(s, f"s{n}", tuple(on[n]) if on else tuple(symbols), 1 / len(strategies))
        for n, s in enumerate(strategies)
    ]
    source = MemorySource(tape_of(rows, symbols), sessions, actions, resolution=resolution)
    return run_backtest(
        source, instances, Setup(**given), journal=journal or MemoryJournal(), bus=bus
    )


def changes(result: BacktestResult) -> list[tuple[str, int, float]]:
    """Show the fills as symbol, signed quantity and price."""
    return [(f.symbol, f.signed_quantity, f.price) for f in result.fills]
