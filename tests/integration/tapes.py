"""Random tapes, and a strategy that does everything: what several integration tests share."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ikbr.backtest.engine import Instance, Setup, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderRequest, OrderType, Side, TimeInForce
from ikbr.domain.routing import MARKET_ORDERS, RoutingRules, Urgency
from ikbr.domain.session import Session
from ikbr.domain.signal import Signal
from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.domain.ticker import Ticker
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy

OPEN_NS = 1_772_461_800_000_000_000
HOUR_NS = 3_600_000_000_000
SYMBOLS = ("SPY", "KO", "IBM")
ROUTES = {
    "market": MARKET_ORDERS,
    "smart": RoutingRules(mode="smart", large_share=3.0, chase_s=5.0),
    "patient": RoutingRules(mode="smart", urgency=Urgency.PATIENT, exit_urgency=Urgency.PATIENT,
                            narrow_ticks=1000, chase_s=0.05, chase_times=3, large_share=1e6),
}  # fmt: skip


def examples(count: int) -> int:
    """Say how many examples to try; IKBR_EXAMPLES=10 asks for ten times as many as a quick run."""
    return count * int(os.environ.get("IKBR_EXAMPLES", "1"))


def random_tape(seed: int, rows: int, symbols: int) -> tuple[Tape, list[Session]]:
    """Make two nasty sessions: gaps, crossed quotes, missing sides, equal times, a halt."""
    rng = random.Random(seed)
    instruments = tuple(parse_contract(s) for s in SYMBOLS[:symbols])
    columns: dict[str, list[int]] = {name: [] for name in Tape.__dataclass_fields__}
    state = [[NO_PRICE, NO_PRICE, NO_PRICE, 0, 0] for _ in instruments]
    price = [rng.randrange(9_000, 30_000) * 100 for _ in instruments]
    ts = OPEN_NS - 60_000_000_000 * rng.randrange(0, 2)
    halted = [False] * symbols
    for row in range(rows):
        ts += rng.choice([0, 0, 1, 1_000_000, 50_000_000, 2_000_000_000, 30_000_000_000])
        if row == rows // 2:
            ts = OPEN_NS + 24 * HOUR_NS + rng.randrange(0, 1_000_000_000)
        sym = rng.randrange(symbols)
        price[sym] = max(10_000, price[sym] + rng.choice([-300, -100, -100, 0, 100, 100, 300]))
        kind, size = Kind.QUOTE, 0
        own = state[sym]
        chance = rng.random()
        if chance < 0.01:
            kind = Kind.RESUME if halted[sym] else Kind.HALT
            halted[sym] = not halted[sym]
        elif chance < 0.5 and not halted[sym]:
            kind = Kind.PRINT if rng.random() < 0.97 else Kind.AUCTION
            size = rng.choice([1, 50, 100, 500])
            own[2] = price[sym] + rng.choice([-100, 0, 0, 50, 100])
        else:
            own[0] = (
                price[sym] - rng.choice([0, 100, 100, 200]) if rng.random() < 0.95 else NO_PRICE
            )
            own[1] = (
                price[sym] + rng.choice([0, 100, 100, 200]) if rng.random() < 0.95 else NO_PRICE
            )
            own[3], own[4] = rng.randrange(0, 900), rng.randrange(0, 900)
        values = {
            "ts": ts, "sym": sym, "kind": int(kind), "bid": own[0], "ask": own[1],
            "last": own[2], "bid_size": own[3], "ask_size": own[4], "size": size,
        }  # fmt: skip
        for name, value in values.items():
            columns[name].append(value)
    types = {"ts": np.int64, "sym": np.int16, "kind": np.uint8, "size": np.int64}
    arrays: dict[str, Any] = {
        name: np.array(values, types.get(name, np.int32))
        for name, values in columns.items()
        if name != "instruments"
    }
    sessions = [
        Session(dt.date(2026, 3, 2), OPEN_NS, OPEN_NS + 6 * HOUR_NS),
        Session(dt.date(2026, 3, 3), OPEN_NS + 24 * HOUR_NS, OPEN_NS + 30 * HOUR_NS),
    ]
    return Tape(instruments, **arrays), sessions


class Restless(BaseStrategy):
    """Do everything that a strategy may do, at random moments that depend on the data alone."""

    def __init__(self, seed: int = 0, every: int = 7, wide: bool = False) -> None:
        """Take a seed."""
        self.seed = seed
        self.every = every
        self.allow_short = bool(seed % 2)
        self.stop_loss_pct = 0.01 if seed % 3 == 0 else 0.0
        self.wide = wide
        self.bars = ("1min",) if seed % 4 == 0 else ()
        self.seen = 0
        self.notes: list[Any] = []

    def on_start(self) -> None:
        """Start a timer."""
        if self.seed % 5 == 0:
            self.set_timer("tick", every_s=600.5)

    def on_market_data(self, ticker: Ticker) -> Any:
        """Act on some rows."""
        self.seen += 1
        draw = random.Random(self.seed * 1_000_003 + self.seen)
        if draw.randrange(self.every):
            return None
        if draw.random() < 0.002:
            raise RuntimeError("a strategy may break at any time")
        return self._act(draw, ticker)

    def _act(self, draw: random.Random, ticker: Ticker) -> Any:
        price, symbol = ticker.market_price(), ticker.symbol
        if price != price:
            return None
        choice = draw.randrange(14)
        if choice < 4:
            return Signal(("BUY", "SELL", "FLAT", "BUY")[choice], symbol, price)
        if choice == 4 and self.orders:
            self.cancel(draw.choice(list(self.orders)).order_id)
            return None
        if choice == 5 and self.orders:
            order = draw.choice(list(self.orders))
            if order.request.order_type is OrderType.LIMIT:
                self.modify(order.order_id, limit_price=round(price, 2), quantity=30)
            return None
        if choice == 6:
            self.notes.append((self.equity, ticker.volume, self.now_ns, self.position(symbol)))
            window = self.buffer(symbol).window(5).tolist()
            self.notes.append(window)
            return None
        if choice == 7:
            return [Signal("BUY", s, price, group="legs") for s in self.symbols]
        if choice == 8:
            self.set_timer("later", at_ns=self.now_ns + draw.randrange(0, 5_000_000_000))
            return None
        return self._request(draw, symbol, round(price, 2))

    def _request(self, draw: random.Random, symbol: str, price: float) -> OrderRequest:
        side = draw.choice([Side.BUY, Side.SELL])
        kind = draw.choice(list(OrderType))
        away = draw.choice([-0.02, -0.01, 0.0, 0.01, 0.03])
        limits = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE)
        stops = (OrderType.STOP, OrderType.STOP_LIMIT)
        return OrderRequest(
            symbol,
            side,
            draw.choice([1, 50, 100, 700]),
            kind,
            limit_price=round(price + away, 2) if kind in limits else None,
            stop_price=round(price + side * 0.02, 2) if kind in stops else None,
            trail_amount=0.03 if kind is OrderType.TRAIL else None,
            tif=draw.choice(list(TimeInForce)),
            outside_rth=draw.random() < 0.3,
            take_profit=round(price + side * 0.03, 2) if draw.random() < 0.2 else None,
            stop_loss=round(price - side * 0.03, 2) if draw.random() < 0.2 else None,
            oca_group=draw.choice(["", "", "", "pair"]),
        )

    def on_bar(self, bar: Any) -> Any:
        """Note bars."""
        self.notes.append(bar)

    def on_fill(self, fill: Any) -> Any:
        """Note fills."""
        self.notes.append((fill.exec_id, self.now_ns, self.ticker(fill.symbol).last))

    def on_timer(self, name: str) -> Any:
        """Act on timers."""
        self.notes.append((name, self.now_ns))
        draw = random.Random(self.seed + self.now_ns)
        if draw.random() < 0.004:
            raise RuntimeError("a strategy may break at any time")
        ticker = self.ticker(self.symbols[0])
        return self._act(draw, ticker) if draw.random() < 0.3 else None


class Pieces(MemorySource):
    """Deliver a tape in pieces of uneven length."""

    def __init__(self, tape: Tape, sessions: list[Session], length: int) -> None:
        """Cut after so many rows, and a few more each time."""
        super().__init__(tape, sessions)
        self.whole, self.length = tape, length

    def chunks(self) -> Iterator[Tape]:
        """Yield the pieces."""
        start, length = 0, self.length
        while start < len(self.whole):
            yield self.whole.rows(start, start + length)
            start, length = start + length, length + 7


def run(
    tape: Tape,
    sessions: list[Session],
    shape: str,
    case: dict[str, Any],
    make: Callable[[int, dict[str, Any]], Any] | None = None,
) -> Any:
    """Run the restless strategies, or those that are made, in one shape."""
    make = make or (lambda n, case: Restless(case["seed"] + n, case["every"]))
    symbols = tuple(i.symbol for i in tape.instruments)
    count = case["strategies"]
    instances = [
        Instance(
            make(n, case),
            f"restless-{n}",
            symbols if n == 0 else symbols[:1],
            1 / count,
        )
        for n in range(count)
    ]
    setup = Setup(
        capital=case["capital"],
        limits=RiskLimits(
            max_drawdown_pct=case["drawdown"],
            max_position_pct=0.9,
            max_gross_pct=3.0,
            min_order_interval_s=case["interval"],
            **case.get("limits", {}),
        ),
        model=ExecutionModel(
            fill=case["fill"],
            latency_ms=case["latency"],
            response_latency_ms=case["response"],
            fees=case["fees"],
            queue=case["queue"],
            volume_cap=case["cap"],
        ),
        routing=ROUTES[case.get("route", "market")],
        quantity=case["quantity"],
        all_hours=case["all_hours"],
        shape=shape,
    )
    journal = MemoryJournal()
    result = run_backtest(
        Pieces(tape, sessions, case.get("piece", 10_000)), instances, setup, journal=journal
    )
    return result, journal, [one.strategy.notes for one in instances]  # type: ignore[attr-defined]


def facts(result: BacktestResult) -> dict[str, Any]:
    """Pick what must be equal."""
    return {
        "fills": list(result.fills),
        "orders": [repr(o) for o in result.orders],
        "refused": result.refused,
        "refusals": list(result.refusals),
        "alerts": list(result.alerts),
        "equity": result.equity.tolist(),
        "equity_ts": result.equity_ts.tolist(),
        "final": result.final_equity,
        "positions": result.positions,
    }


GUARDED: dict[str, Any] = {
    "max_net_pct": 1.5,
    "max_sector_pct": 0.6,
    "sectors": ("all: " + " ".join(SYMBOLS),),
    "max_order_quantity": 5_000,
    "max_order_notional": 500_000.0,
    "collar_pct": 0.002,
    "collar_ticks": 10,
    "max_spread_pct": 0.001,
    "refuse_self_trade": True,
    "check_children": True,
    "duplicate_s": 60.0,
    "max_messages_per_s": 4,
    "max_orders_per_minute": 12,
    "max_quantity_per_minute": 1_500,
    "max_notional_per_day": 300_000.0,
    "max_runs": 12,
    "max_rejections": 2,
    "preview_notional": 8_000.0,
    "min_excess_pct": 0.3,
    "refuse_stale": True,
    "stale_after_s": 1.0,
    "refuse_closed": True,
    "refuse_unreconciled": True,
}
"""Every control that is off in a plain backtest, each so tight that it speaks."""

CASES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "rows": st.integers(2, 700),
        "symbols": st.integers(1, 3),
        "strategies": st.integers(1, 2),
        "every": st.sampled_from([3, 11, 60]),
        "piece": st.sampled_from([1, 37, 10_000]),
        "capital": st.sampled_from([8_000.0, 60_000.0, 1_000_000.0]),
        "drawdown": st.sampled_from([0.0, 0.001, 0.02]),
        "interval": st.sampled_from([0.0, 0.001, 5.0]),
        "fill": st.sampled_from(["quote", "next", "last"]),
        "latency": st.sampled_from([0.0, 0.0, 1.0, 75.0, 3000.0]),
        "response": st.sampled_from([0.0, 0.0, 40.0]),
        "fees": st.sampled_from(["none", "ibkr-fixed", "ibkr-tiered"]),
        "queue": st.sampled_from(["none", "behind-displayed"]),
        "cap": st.sampled_from([0.0, 0.0, 0.5]),
        "quantity": st.sampled_from([0, 100]),
        "all_hours": st.booleans(),
        "route": st.sampled_from(sorted(ROUTES)),
        "limits": st.sampled_from([{}, {}, GUARDED]),
    }
)
