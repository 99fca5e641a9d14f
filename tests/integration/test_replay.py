"""Sessions against the simulated gateway, replayed from what they recorded."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_rig import (
    ACCOUNT,
    DAY,
    OPEN_NS,
    SECOND,
    OnPrints,
    calm_source,
    calm_tape,
    one,
)
from replay_rig import left_by, recorded_session, replayed

from ikbr.core.pipeline import Instance
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Bar
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.order import Order, OrderRequest, OrderType, Side
from ikbr.domain.routing import RoutingRules
from ikbr.domain.signal import Signal
from ikbr.domain.tape import Kind
from ikbr.domain.ticker import Ticker
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.world import World
from ikbr.strategies.schedule import Schedule


def two_bots() -> list[Instance]:
    return [
        one(OnPrints(40), "SPY", "KO", name="both", share=0.5),
        one(OnPrints(25, allow_short=False), "SPY", name="long", share=0.5),
    ]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="to the close, at max speed"),
        pytest.param({"speed": 50_000.0}, id="in steps at a speed"),
        pytest.param({"until": "12:30", "flatten": True}, id="ended and flattened in the day"),
        pytest.param({"until": "12:30"}, id="ended in the day"),
        pytest.param({"quantity": 7}, id="a fixed quantity"),
        pytest.param({"shadow": True}, id="nothing sent"),
    ],
)
def test_the_replay_of_a_session_with_the_simulated_gateway_shows_no_difference(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    seen = recorded_session(tmp_path, two_bots(), source=calm_source(2_000), **options)
    found = replayed(left_by(tmp_path, seen.journal.records)).comparison
    assert list(found.differences) == []
    assert found.remainder_micro == 0
    assert found.same
    assert found.session == found.replay
    assert found.session.fills == len(seen.fills) > 10


def start_at_noon(world: World) -> None:
    """Let the account hold 300 KO and be short 50 SPY, and the day be half over."""
    world.advance_to(OPEN_NS + 300 * SECOND)
    for number, (symbol, side, quantity) in enumerate(
        [("KO", Side.BUY, 300), ("SPY", Side.SELL, 50)], 900_001
    ):
        request = OrderRequest(symbol, side, quantity)
        order = Order(number, request, parse_contract(symbol), "somebody", world.now_ns)
        world.books[ACCOUNT].broker.submit(order)
    world.advance_to(OPEN_NS + 9_007 * SECOND)


class Everything(OnPrints):
    """Use what a strategy may use: past bars, bars, a schedule, protective exits."""

    warmup = 20
    bars = ("1min",)
    stop_loss_pct = 0.01
    schedule = Schedule(no_entry_before="open+10m", flatten_at="close-10m")

    def __init__(self, every: int = 30) -> None:
        """Begin without a view."""
        super().__init__(every)
        self.average = 0.0

    def on_bar(self, bar: Bar) -> None:
        """Follow the closes."""
        self.average += 0.1 * (bar.close - self.average)

    def on_market_data(self, ticker: Ticker) -> Signal | None:
        """Turn around where a day of closes says so."""
        signal = super().on_market_data(ticker)
        if signal is None:
            return None
        return Signal("BUY" if ticker.last < self.average else "SELL", ticker.symbol, ticker.last)


class Passive(OnPrints):
    """Rest at the touch, and cancel after a minute."""

    def on_market_data(self, ticker: Ticker) -> OrderRequest | None:
        """Join the bid or the ask."""
        signal = super().on_market_data(ticker)
        if signal is None:
            return None
        side = Side.BUY if signal.action == "BUY" else Side.SELL
        price = ticker.bid if side is Side.BUY else ticker.ask
        self.set_timer("cancel", at_ns=self.now_ns + 60 * SECOND)
        return OrderRequest(ticker.symbol, side, 100, OrderType.LIMIT, limit_price=price)

    def on_timer(self, _name: str) -> None:
        """Cancel what rests."""
        for order in self.orders:
            self.cancel(order.order_id)


def with_halt(rows: int = 2_000) -> MemorySource:
    """Halt SPY for a while in the middle of the day."""
    tape = calm_tape(rows)
    kinds = tape.kind.copy()
    own = np.flatnonzero((tape.sym == 0) & (tape.kind == Kind.QUOTE))
    kinds[own[len(own) // 3]], kinds[own[len(own) // 3 + 4]] = Kind.HALT, Kind.RESUME
    return MemorySource(dataclasses.replace(tape, kind=kinds), [DAY], synthetic=True)


SMART = RoutingRules(mode="smart")
SLOW = ExecutionModel(latency_ms=1_500.0, response_latency_ms=700.0)


@pytest.mark.parametrize(
    ("bots", "options"),
    [
        pytest.param(two_bots(), {"before": start_at_noon}, id="begun at noon, with holdings"),
        pytest.param([one(Everything(), "SPY", "KO")], {}, id="bars, exits, a schedule"),
        pytest.param([one(Everything(), "SPY")], {"before": start_at_noon}, id="the same, at noon"),
        pytest.param([one(Passive(9), "SPY", "KO")], {}, id="resting orders"),
        pytest.param(two_bots(), {"source": with_halt()}, id="a halt"),
        pytest.param([one(OnPrints(15, False), "SPY")], {"routing": SMART}, id="routed orders"),
        pytest.param(
            two_bots(),
            {"gateway": GatewayOptions(model=SLOW), "shadow_model": SLOW},
            id="a slow market",
        ),
    ],
)
def test_nothing_differs_whatever_the_strategies_use(
    tmp_path: Path, bots: list[Instance], options: dict[str, Any]
) -> None:
    seen = recorded_session(tmp_path, bots, **({"source": calm_source(2_000)} | options))
    found = replayed(left_by(tmp_path, seen.journal.records)).comparison
    assert list(found.differences) == []
    assert found.same
    assert found.session.fills > 2
