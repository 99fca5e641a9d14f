"""What a strategy must not answer disables it alone; the run and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.core.rig import Puppet, Rig, buy, sell, signal

from ikbr.domain.order import OrderRequest, Side

EURO = "6E 202612 CME"


def two() -> Rig:
    """Run a strategy in SPY beside another in KO."""
    return Rig(Puppet(), Puppet(), symbols=("SPY", "KO"), on=(("SPY",), ("KO",)))


@pytest.mark.parametrize(
    "answer",
    [
        signal("BUY", "KO"),
        buy(symbol="KO"),
        [signal("BUY", "KO")],
        [buy(symbol="XYZ"), buy()],
        signal("HOLD"),
        signal("buy"),
        [signal("SHORT")],
        42,
        "BUY",
        {"action": "BUY"},
        [signal("BUY"), 7],
    ],
    ids=str,
)
def test_a_wrong_answer_disables_its_strategy_and_orders_nothing(answer: Any) -> None:
    rig = two()
    rig.say(answer)
    assert not rig.running.enabled
    assert rig.orders.orders == {}
    assert [a.severity for a in rig.alerts] == ["critical"]
    rig.say(signal("BUY", "KO"), "KO", number=1)
    assert [o.symbol for o in rig.orders.orders.values()] == ["KO"]


def test_an_unknown_action_names_itself_and_turns_no_position() -> None:
    rig = Rig()
    rig.say(signal("BUY"))
    rig.broker.fill_all()
    rig.say(signal("HOLD"))
    assert "'HOLD'" in rig.alerts[0].message
    assert rig.slot().position == 100
    assert rig.broker.did("submit") == [1]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "many", [1], 1j], ids=str)
def test_a_size_that_is_no_number_disables_its_strategy(wrong: Any) -> None:
    rig = Rig(quantity=0)
    rig.puppet.does["calculate_position_size"] = lambda _: wrong
    rig.say(signal("BUY"))
    assert not rig.running.enabled
    assert rig.orders.orders == {}


def raise_it(*_: Any) -> Any:
    raise ZeroDivisionError("by a person")


def test_sizing_that_raises_disables_its_strategy() -> None:
    rig = Rig(quantity=0)
    rig.puppet.does["calculate_position_size"] = raise_it
    rig.say(signal("BUY"))
    assert not rig.running.enabled
    assert "by a person" in rig.alerts[0].message
    assert rig.broker.sent == []


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("hook", ["on_market_data", "on_timer", "on_fill", "on_order_update"])
def test_a_request_is_sent_in_its_own_symbol_from_whatever_hook(hook: str, number: int) -> None:
    rig = Rig(symbols=("SPY", EURO))
    rig.quote("SPY")
    rig.quote(EURO, bid=1.1, ask=1.10005, last=1.1)
    symbol = ("SPY", EURO)[number]
    rig.puppet.does[hook] = once(lambda *_: OrderRequest(symbol, Side.BUY, 1))
    cause(rig, hook)
    order = rig.orders.orders[max(rig.orders.orders)]
    assert order.instrument.symbol == order.symbol == symbol
    assert order.decision_price == (100.01, 1.10005)[number]


def once(answer: Callable[..., Any]) -> Callable[..., Any]:
    answers = [answer]
    return lambda *args: answers.pop()(*args) if answers else None


def cause(rig: Rig, hook: str) -> None:
    """Make a hook be called."""
    if hook == "on_market_data":
        rig.tick("SPY")
    elif hook == "on_timer":
        rig.puppet.set_timer("x", at_ns=rig.clock.now_ns)
        rig.clock.advance(rig.clock.now_ns)
    else:
        rig.ask(buy())
        if hook == "on_fill":
            rig.broker.fill(1, 100)
        else:
            from ikbr.domain.lifecycle import OrderEvent

            rig.broker.tell(1, OrderEvent.ACK)


def test_wrong_answers_of_later_hooks_disable_too() -> None:
    rig = Rig()
    rig.puppet.does["on_timer"] = lambda _: sell(symbol="KO")
    rig.puppet.set_timer("x", at_ns=rig.clock.now_ns)
    rig.clock.advance(rig.clock.now_ns)
    assert not rig.running.enabled


def test_a_generator_is_run_to_its_end() -> None:
    rig = Rig(symbols=("SPY", "KO"))
    rig.quote("KO")
    rig.say(signal("BUY", s) for s in ("SPY", "KO"))
    assert [o.symbol for o in rig.orders.orders.values()] == ["SPY", "KO"]


def test_a_generator_that_raises_orders_nothing_and_disables() -> None:
    rig = Rig()

    def answers() -> Any:
        yield signal("BUY")
        raise_it()

    rig.say(answers())
    assert not rig.running.enabled
    assert rig.orders.orders == {}
