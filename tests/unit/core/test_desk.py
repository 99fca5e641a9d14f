"""The desk: groups are judged together, and nothing that closes is held up."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.core.rig import Puppet, Rig

from ikbr.domain.errors import NotDurableError
from ikbr.domain.events import EventType
from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.domain.signal import Signal
from ikbr.journal.memory_journal import MemoryJournal

FOUR = ("SPY", "KO", "IBM", "GE")


def leg(symbol: str, quantity: int = 3_000, **more: Any) -> OrderRequest:
    return OrderRequest(symbol, Side.BUY, quantity, group="basket", **more)


def quoted(rig: Rig) -> Rig:
    for symbol in rig.data.tickers:
        rig.quote(symbol)
    return rig


@pytest.mark.parametrize(("legs", "sent"), [(1, 1), (2, 2), (3, 0), (4, 0)])
def test_legs_count_for_each_other_before_any_is_sent(legs: int, sent: int) -> None:
    limits = RiskLimits(max_position_pct=0.9, max_gross_pct=0.7, min_order_interval_s=0)
    rig = quoted(Rig(symbols=FOUR, limits=limits))
    rig.ask([leg(symbol) for symbol in FOUR[:legs]])
    assert len(rig.orders.orders) == sent
    if not sent:
        assert rig.refused["exposure"] >= 1
        assert rig.refused["group"] == legs - rig.refused["exposure"]


def test_a_refused_group_leaves_no_trace_in_the_open_orders_of_risk() -> None:
    limits = RiskLimits(max_position_pct=0.9, max_gross_pct=0.5, min_order_interval_s=0)
    rig = quoted(Rig(symbols=FOUR, limits=limits))
    rig.ask([leg(symbol) for symbol in FOUR])
    assert not rig.risk.ledger.orders
    rig.ask(leg("GE"))
    assert len(rig.orders.orders) == 1


def test_a_leg_that_makes_no_sense_keeps_the_others_from_being_sent() -> None:
    rig = quoted(Rig(symbols=FOUR))
    odd = leg("KO", 100, order_type=OrderType.LIMIT, limit_price=100.003)
    rig.ask([leg("SPY", 100), odd])
    assert not rig.orders.orders
    assert rig.refused == {"invalid": 1, "group": 1}


def test_a_reversal_that_may_not_enter_still_closes() -> None:
    rig = quoted(Rig(Puppet(short=True)))
    rig.ask(Signal("BUY", "SPY", 100.0))
    rig.broker.fill_all()
    rig.risk.halt("a test")
    rig.say(Signal("SELL", "SPY", 100.0))
    request = rig.orders.orders[2].request
    assert (request.side, request.quantity) == (Side.SELL, 100)
    rig.broker.fill_all()
    rig.say(Signal("SELL", "SPY", 100.0))
    assert rig.slot().position == 0
    assert len(rig.orders.orders) == 2
    assert rig.refused == {"kill": 2}


def test_every_step_of_an_orders_life_is_told_once() -> None:
    rig = quoted(Rig(listen=[EventType.ORDER, EventType.FILL]))
    states: list[str] = []
    rig.puppet.does["on_order_update"] = lambda order: states.append(order.state.value)
    rig.ask(Signal("BUY", "SPY", 100.0))
    rig.broker.fill(1, 40)
    rig.broker.fill(1, 60)
    assert states == ["Submitted", "Filled"]
    assert [topic for topic, _ in rig.heard] == [
        EventType.FILL, EventType.ORDER, EventType.FILL, EventType.ORDER,
    ]  # fmt: skip


def test_a_requested_cancellation_is_told_before_it_is_confirmed() -> None:
    rig = quoted(Rig())
    states: list[str] = []
    rig.puppet.does["on_order_update"] = lambda order: states.append(order.state.value)
    rig.ask(OrderRequest("SPY", Side.BUY, 100, OrderType.LIMIT, limit_price=99.0))
    rig.orders.cancel(1)
    assert states == ["PendingCancel"]


def test_decisions_are_told_to_observers_after_the_order_is_out() -> None:
    rig = quoted(Rig(listen=[EventType.SIGNAL]))
    rig.ask(Signal("BUY", "SPY", 100.0, reason="because"))
    ((topic, decision),) = rig.heard
    assert topic is EventType.SIGNAL
    assert (decision.quantity, decision.reason) == (100, "because")
    assert rig.broker.did("submit") == [1]


def test_a_strategys_own_equity_follows_prices_even_when_the_account_is_flat() -> None:
    rig = quoted(Rig(Puppet(), Puppet(short=True), capital=100_000.0))
    rig.say(Signal("BUY", "SPY", 100.0), number=0)
    rig.broker.fill_all()
    rig.say(Signal("SELL", "SPY", 100.0), number=1)
    rig.broker.fill_all()
    assert rig.portfolio.quantity("SPY") == 0
    rig.quote("SPY", bid=113.99, ask=114.01)
    equities = [rig.trader.contexts[f"s{n}"].equity for n in (0, 1)]
    assert equities == [50_000 + 1_400, 50_000 - 1_400]


@pytest.mark.parametrize("action", ["SELL", "FLAT"])
def test_leaving_while_an_entry_waits_cancels_it_and_sells_only_what_is_held(action: Any) -> None:
    rig = quoted(Rig())
    rig.ask(Signal("BUY", "SPY", 100.0))
    rig.broker.fill(1, 40)
    rig.say(Signal(action, "SPY", 100.0))
    rig.say(Signal(action, "SPY", 100.0))
    assert rig.broker.did("cancel") == [1]
    assert rig.orders.orders[2].request.quantity == 40
    rig.broker.fill(2, 40)
    rig.broker.fill(1, 60)
    late = rig.orders.orders[3].request
    assert (late.side, late.quantity) == (Side.SELL, 60)
    rig.broker.fill(3, 60)
    assert rig.slot().position == 0
    rig.say(Signal("BUY", "SPY", 100.0))
    assert rig.broker.did("submit") == [1, 2, 3, 4]


def test_what_the_broker_rejects_is_counted_and_mutes_the_direction() -> None:
    rig = quoted(Rig())
    rig.ask(Signal("BUY", "SPY", 100.0))
    rig.broker.tell(1, OrderEvent.REJECT, 201, "Order rejected - reason: no funds.")
    rig.ask(Signal("BUY", "SPY", 100.0))
    assert rig.trader.desk.refused == {"broker": 1}
    assert rig.refusals[0].refused.reason == "Order rejected - reason: no funds."
    assert len(rig.orders.orders) == 1
    rig.say(Signal("BUY", "SPY", 100.0), after_s=2.0)
    assert len(rig.orders.orders) == 2


@pytest.mark.parametrize("strength", [float("nan"), 0.0, -1.0, 1.5, float("inf")])
def test_a_strength_that_is_none_disables_the_strategy(strength: float) -> None:
    rig = quoted(Rig())
    rig.ask(Signal("BUY", "SPY", 100.0, strength=strength))
    assert not rig.running.enabled
    assert "strength" in rig.alerts[0].message


@pytest.mark.parametrize("hook", ["on_market_data", "on_fill", "calculate_position_size"])
def test_a_strategy_that_exits_ends_only_itself(hook: str) -> None:
    rig = quoted(Rig(quantity=0, limits=RiskLimits(min_order_interval_s=0)))

    def leave(*_: Any) -> None:
        raise SystemExit(5)

    rig.puppet.does[hook] = leave
    if hook == "on_market_data":
        rig.tick()
    else:
        rig.ask(Signal("BUY", "SPY", 100.0))
        if hook == "on_fill":
            rig.broker.fill_all()
    assert not rig.running.enabled
    assert "SystemExit" in rig.alerts[0].message


class FullJournal(MemoryJournal):
    """Refuse intents as a live journal does whose disk is full."""

    __slots__ = ("full",)

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        if kind == "intent" and self.full and not (body[3] or body[2].reduce_only):
            raise NotDurableError("the intent cannot be made durable: full.")
        super().append(kind, ts_ns, body)


def test_without_a_durable_intent_nothing_opens_and_everything_closes() -> None:
    journal = FullJournal()
    journal.full = False
    rig = quoted(Rig(Puppet(short=True), journal=journal))
    rig.ask(OrderRequest("SPY", Side.BUY, 100))
    rig.broker.fill_all()
    journal.full = True
    rig.ask(OrderRequest("SPY", Side.BUY, 50))
    assert rig.refused == {"journal": 1}
    assert rig.refusals[0].refused.reason == "the intent cannot be made durable: full."
    rig.ask(OrderRequest("SPY", Side.SELL, 150))
    assert rig.refused == {"journal": 2}
    assert len(rig.broker.did("submit")) == 1
    rig.ask(OrderRequest("SPY", Side.SELL, 60))
    rig.ask(OrderRequest("SPY", Side.SELL, 60))  # together they would close more than is held
    assert rig.refused == {"journal": 3}
    rig.broker.fill_all()
    assert rig.portfolio.quantity("SPY") == 40
    sent, order_id = rig.broker.did("submit"), max(rig.orders.orders)
    assert sent == [1, order_id]
    journal.full = False
    rig.ask(OrderRequest("SPY", Side.BUY, 50))
    assert len(rig.broker.did("submit")) == 3
