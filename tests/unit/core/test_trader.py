"""The trader: who is told what, and what becomes of strategies that fail."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.core.rig import SECOND, Deaf, Puppet, Rig, buy, sell, signal

from ikbr.domain.errors import StrategyError
from ikbr.domain.events import Bar, EventType
from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderType

LIMIT = buy(5, order_type=OrderType.LIMIT, limit_price=90.0)


def fail(*_: Any) -> Any:
    raise ZeroDivisionError("by a person")


def cause(rig: Rig, hook: str) -> None:
    """Make a hook of the first strategy be called; order 1 works already."""
    if hook == "on_market_data":
        rig.tick()
    elif hook == "on_bar":
        rig.trader.on_bar(Bar("SPY", 0, 1, 1, 1, 1, 1, 1), [rig.running])
    elif hook == "on_fill":
        rig.broker.fill(1, 2)
    elif hook == "on_order_update":
        rig.broker.tell(1, OrderEvent.ACK)
    elif hook == "on_timer":
        rig.trader.on_timer(rig.running, "x")
    else:
        rig.say(signal("BUY", target=None))


HOOKS = ["on_market_data", "on_bar", "on_fill", "on_order_update", "on_timer"]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_raises_disables_its_strategy_alone_and_cancels_its_orders(hook: str) -> None:
    rig = Rig(Puppet(), Puppet())
    rig.say(LIMIT)
    rig.say(LIMIT, number=1)
    rig.puppet.does[hook] = fail
    cause(rig, hook)
    assert [r.enabled for r in rig.trader.manager.running] == [False, True]
    assert rig.broker.did("cancel") == [1]
    (alert,) = rig.alerts
    assert (alert.severity, alert.source) == ("critical", "strategy s0")
    assert "by a person" in alert.message
    heard = len(rig.puppet.heard)
    for each in HOOKS:
        cause(rig, each)
    rig.trader.stop()
    assert len(rig.puppet.heard) == heard, "a disabled strategy hears nothing"
    assert rig.strategies[1].count("on_stop") == 1


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_may_answer(hook: str) -> None:
    rig = Rig()
    rig.say(LIMIT)
    answers = [sell(7)]
    rig.puppet.does[hook] = lambda *_: answers.pop() if answers else None
    cause(rig, hook)
    assert (rig.orders.orders[2].quantity, rig.orders.orders[2].side) == (7, -1)


def test_a_start_that_raises_disables_and_the_others_start() -> None:
    first, second = Puppet(), Puppet()
    first.does["on_start"] = fail
    second.does["on_start"] = lambda: LIMIT
    rig = Rig(first, second, start=False)
    rig.quote()
    rig.trader.start()
    assert [r.enabled for r in rig.trader.manager.running] == [False, True]
    assert [o.strategy for o in rig.broker.orders.values()] == ["s1"]


def test_a_start_that_refuses_its_parameters_ends_the_run() -> None:
    puppet = Puppet()
    puppet.does["on_start"] = lambda: (_ for _ in ()).throw(StrategyError("window is too long."))
    rig = Rig(puppet, start=False)
    with pytest.raises(StrategyError, match="window is too long"):
        rig.trader.start()


def test_a_stop_cancels_first_and_survives_what_strategies_do() -> None:
    rig = Rig(Puppet(), Puppet())
    rig.say(LIMIT)
    rig.puppet.does["on_stop"] = fail
    rig.trader.stop()
    assert rig.broker.did("cancel") == [1]
    assert rig.strategies[1].count("on_stop") == 1
    assert [a.source for a in rig.alerts] == ["strategy s0"]


def test_disabling_leaves_the_exits_that_protect_a_position() -> None:
    rig = Rig(Puppet(stop=0.01))
    rig.say(signal("BUY"))
    rig.broker.fill(1, 100)
    rig.say(LIMIT)
    rig.puppet.does["on_timer"] = fail
    cause(rig, "on_timer")
    assert rig.broker.did("cancel") == [3]
    assert rig.slot().exits == [rig.broker.orders[2]]


def test_disabling_twice_alarms_once() -> None:
    rig = Rig()
    rig.trader.disable(rig.running, ValueError("a"))
    rig.trader.disable(rig.running, ValueError("b"))
    assert len(rig.alerts) == 1


def test_hooks_that_are_not_overridden_cost_no_call_and_change_nothing() -> None:
    rig = Rig(Deaf(), listen=[EventType.FILL, EventType.ORDER])
    running = rig.running
    assert (running.hears_fills, running.hears_orders, running.hears_bars) == (False,) * 3
    rig.trader.force(sell(1))
    assert rig.broker.sent == []


def test_strategies_in_one_symbol_keep_their_own_positions() -> None:
    rig = Rig(Puppet(short=True), Puppet(short=True))
    rig.say(signal("BUY"))
    rig.say(signal("SELL"), number=1)
    rig.broker.fill(1, 100)
    rig.broker.fill(2, 40)
    assert [rig.slot(number=n).position for n in (0, 1)] == [100, -40]
    assert rig.portfolio.quantity("SPY") == 60
    assert rig.trader.manager.net_positions() == {"SPY": 60}
    assert [p.position("SPY") for p in rig.strategies] == [100, -40]
    assert [p.pending("SPY") for p in rig.strategies] == [0, -60]
    assert [p.count("on_fill") for p in rig.strategies] == [1, 1]


def test_observers_hear_after_the_strategy_and_the_books() -> None:
    rig = Rig(listen=[EventType.FILL])
    seen: list[Any] = []
    rig.puppet.does["on_fill"] = lambda fill: seen.append(("strategy", len(rig.heard)))
    rig.trader.books.on_books = lambda fill: seen.append(("books", fill.symbol))
    rig.say(signal("BUY"))
    fill = rig.broker.fill(1, 100)
    assert seen == [("books", "SPY"), ("strategy", 0)]
    assert rig.heard == [(EventType.FILL, fill)]


# --- liquidation and halts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [(30, {"s1": 30}), (60, {"s1": 60}), (75, {"s1": 60, "s0": 15}), (500, {"s1": 60, "s0": 40})],
)
def test_a_liquidation_is_shared_among_the_holders_the_largest_first(
    quantity: int, expected: dict[str, int]
) -> None:
    rig = Rig(Puppet(short=True), Puppet(), Puppet(short=True))
    rig.say(signal("BUY", target=40))
    rig.say(signal("BUY", target=60), number=1)
    rig.say(signal("SELL", target=-10), number=2)
    rig.broker.fill_all()
    rig.trader.force(sell(quantity, reason="liquidation"))
    orders = list(rig.broker.orders.values())[3:]
    assert {o.strategy: o.quantity for o in orders} == expected
    assert {o.request.reason for o in orders} == {"liquidation"}


def test_risk_is_not_asked_about_a_liquidation() -> None:
    rig = Rig(limits=RiskLimits(max_order_quantity=100, min_order_interval_s=0))
    rig.say(signal("BUY", target=90))
    rig.broker.fill_all()
    rig.risk.halt("test")
    rig.trader.force(sell(90))
    assert rig.broker.did("submit") == [1, 2]


def test_a_halt_is_told_once() -> None:
    limits = RiskLimits(max_drawdown_pct=0.1, min_order_interval_s=0)
    rig = Rig(limits=limits, listen=[EventType.HALT, EventType.ALERT])
    rig.trader.on_equity(1_000_000_000_000)
    assert rig.heard == []
    rig.trader.on_equity(900_000_000_000)
    rig.trader.on_equity(800_000_000_000)
    assert [topic for topic, _ in rig.heard] == [EventType.ALERT, EventType.HALT]
    assert (rig.alerts[0].severity, rig.alerts[0].source) == ("critical", "risk")
    rig.say(signal("BUY"))
    assert rig.refused == {"drawdown": 1}


def test_bars_are_told_to_observers_after_the_strategies() -> None:
    rig = Rig(listen=[EventType.BAR])
    bar = Bar("SPY", 0, SECOND, 1, 1, 1, 1, 1)
    rig.puppet.does["on_bar"] = lambda _: rig.heard.append(("strategy", bar))
    rig.trader.on_bar(bar, [rig.running])
    assert rig.heard == [("strategy", bar), (EventType.BAR, bar)]
