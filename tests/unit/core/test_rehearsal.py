"""A rehearsal walks the way of an order up to its message, and nobody notices."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.core.rig import FREE, Puppet, Rig

from ikbr.core.rehearsal import Rehearsal
from ikbr.core.risk_memory import risk_state
from ikbr.domain.order import Order, OrderType, Side
from ikbr.domain.routing import RoutingRules
from ikbr.domain.signal import Signal


class Stage:
    """A pipeline with a rehearsal of it, and what that has written."""

    def __init__(self, *strategies: Puppet, **options: Any) -> None:
        self.rig = Rig(*strategies, gate=True, **options)
        self.orders: list[Order] = []
        self.records: list[tuple[str, int, Any]] = []
        self.rehearsal = Rehearsal(
            self.rig.trader.desk, self.orders.append, lambda *record: self.records.append(record)
        )

    def traces(self) -> tuple[Any, ...]:
        rig = self.rig
        risk, now = rig.risk, rig.clock.now_ns
        slots = [
            (s.position, list(s.entries), list(s.exits), s.mute_buy_ns, s.mute_sell_ns, s.muted)
            for s in rig.trader.slots
        ]
        return (
            list(rig.journal.records), list(rig.broker.sent), dict(rig.orders.orders),
            dict(rig.orders.working), rig.orders.next_id, slots, list(rig.puppet.heard),
            risk_state(risk), dict(risk.ledger.orders), risk.ledger.sent_today,
            risk.traffic.messages.total(now), dict(risk.traffic.latest),
            dict(rig.trader.desk.refused), rig.clock.next_ns,
        )  # fmt: skip


SMART = RoutingRules(mode="smart", urgency="urgent")


@pytest.mark.parametrize("routing", [SMART, RoutingRules()])
def test_the_message_and_the_intent_are_written_and_no_trace_is_left(routing: RoutingRules) -> None:
    stage = Stage(routing=routing)
    stage.rig.quote()
    before = stage.traces()
    stage.rehearsal.run()
    stage.rehearsal.run()
    assert stage.traces() == before
    assert [kind for kind, _, _ in stage.records] == ["decision", "intent"] * 2
    order = stage.orders[0]
    assert (order.side, order.quantity) == (Side.BUY, 1)
    kind = OrderType.LIMIT if routing is SMART else OrderType.MARKET
    assert order.request.order_type is kind
    assert stage.rehearsal.times == 2


def test_what_is_held_is_closed_in_the_rehearsal() -> None:
    stage = Stage()
    stage.rig.puppet.does["on_market_data"] = lambda _ticker: Signal("BUY", "SPY", 100.0)
    stage.rig.tick()
    stage.rig.broker.fill_all()
    before = stage.traces()
    stage.rehearsal.run()
    assert (stage.orders[0].side, stage.orders[0].quantity) == (Side.SELL, 100)
    assert stage.traces() == before


def test_an_order_that_risk_would_refuse_is_rehearsed_all_the_same() -> None:
    stage = Stage(limits=FREE)
    stage.rig.quote()
    stage.rig.risk.halt("a person says so")
    before = stage.traces()
    stage.rehearsal.run()
    assert len(stage.orders) == 1
    assert stage.traces() == before


def test_slots_take_turns_and_those_without_a_market_or_a_strategy_do_nothing() -> None:
    stage = Stage(Puppet(), Puppet(), symbols=("SPY", "IBM"), on=(("SPY", "IBM"), ("SPY",)))
    stage.rig.quote("SPY")
    stage.rig.trader.disable(stage.rig.trader.manager.running[1], ValueError("wrong"))
    for _ in range(6):
        stage.rehearsal.run()
    assert [order.strategy for order in stage.orders] == ["s0", "s0"]
    assert stage.rehearsal.times == 2
