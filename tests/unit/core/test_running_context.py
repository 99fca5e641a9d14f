"""The context: what a strategy learns and does through it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.unit.core.rig import SECOND, START, Puppet, Rig, buy, signal

from ikbr.core.running_context import LOG_LIMIT
from ikbr.domain.errors import StrategyError
from ikbr.domain.order import OrderType

LIMIT = buy(5, order_type=OrderType.LIMIT, limit_price=90.0)


def fired(rig: Rig) -> list[tuple[str, float]]:
    """Note when which timer comes, in seconds from the start."""
    times: list[tuple[str, float]] = []
    rig.puppet.does["on_timer"] = lambda n: times.append((n, (rig.puppet.now_ns - START) / 1e9))
    return times


def to(rig: Rig, seconds: float) -> None:
    rig.clock.advance(START + round(seconds * SECOND))


def test_it_knows_its_name_symbols_capital_and_time() -> None:
    rig = Rig(Puppet(), Puppet(), symbols=("SPY", "KO"), on=(("KO",), ("SPY", "KO")))
    first, second = rig.strategies
    assert (first.name, first.symbols, first.capital) == ("s0", ("KO",), 500_000.0)
    assert (second.name, list(second.tickers)) == ("s1", ["SPY", "KO"])
    assert first.ticker("KO") is second.ticker("KO") is rig.data.tickers["KO"]
    assert first.now_ns == rig.clock.now_ns


def test_its_equity_is_that_of_its_own_books_at_present_prices() -> None:
    rig = Rig(Puppet(), Puppet())
    rig.say(signal("BUY"))
    rig.broker.fill(1, 100, 100.0, commission=1.0)
    rig.quote(bid=102.99, ask=103.01, last=103.0)
    assert rig.puppet.equity == 500_000 + 300 - 1
    assert rig.strategies[1].equity == 500_000


def test_its_orders_are_its_own_and_a_copy() -> None:
    rig = Rig(Puppet(), Puppet())
    rig.say(LIMIT)
    rig.say(LIMIT, number=1)
    rig.say(LIMIT)
    assert [o.order_id for o in rig.puppet.orders] == [1, 3]
    rig.puppet.orders.clear()  # type: ignore[attr-defined]
    assert len(rig.puppet.orders) == 2


@pytest.mark.parametrize("order_id", [2, 77])
@pytest.mark.parametrize("what", ["cancel", "modify"])
def test_it_touches_only_its_own_orders(what: str, order_id: int) -> None:
    rig = Rig(Puppet(), Puppet())
    rig.say(LIMIT)
    rig.say(LIMIT, number=1)
    with pytest.raises(StrategyError, match=f"order {order_id} is not one of its own"):
        getattr(rig.puppet, what)(order_id)
    assert rig.broker.did("cancel") == rig.broker.did("modify") == []


def test_cancelling_and_modifying_reach_the_broker_after_the_world_is_brought_up() -> None:
    rig = Rig()
    calls: list[Any] = []
    rig.say(LIMIT)
    rig.trader.before_action = lambda: calls.append(len(rig.broker.sent))
    rig.puppet.modify(1, limit_price=91.0)
    rig.puppet.cancel(1)
    rig.puppet.set_timer("x", every_s=1.0)
    assert calls == [1, 2, 3]
    assert [what for what, _, _ in rig.broker.sent] == ["submit", "modify", "cancel"]


def test_positions_of_foreign_symbols_are_not_known() -> None:
    rig = Rig(Puppet(), symbols=("SPY", "KO"), on=(("SPY",),))
    with pytest.raises(StrategyError, match="s0 does not run on 'KO'"):
        rig.puppet.position("KO")


def test_a_buffer_remembers_prints_from_its_first_use() -> None:
    rig = Rig()
    rig.data.on_print("SPY", 1.0, 1, 1)
    assert len(rig.puppet.buffer("SPY")) == 0
    rig.data.on_print("SPY", 2.0, 1, 2)
    assert rig.puppet.buffer("SPY").prices.tolist() == [2.0]


# --- timers -------------------------------------------------------------------------------------


def test_a_timer_comes_once_at_its_time() -> None:
    rig = Rig()
    times = fired(rig)
    rig.puppet.set_timer("a", at_ns=START + 5 * SECOND)
    to(rig, 4.9)
    assert times == []
    to(rig, 60)
    assert times == [("a", 5.0)]


def test_a_period_comes_again_until_it_is_cancelled() -> None:
    rig = Rig()
    times = fired(rig)
    rig.puppet.set_timer("a", every_s=2.5)
    to(rig, 8)
    rig.puppet.cancel_timer("a")
    rig.puppet.cancel_timer("never set")
    to(rig, 20)
    assert times == [("a", 2.5), ("a", 5.0), ("a", 7.5)]


def test_setting_a_name_again_replaces_it() -> None:
    rig = Rig()
    times = fired(rig)
    rig.puppet.set_timer("a", every_s=1.0)
    rig.puppet.set_timer("b", every_s=4.0)
    rig.puppet.set_timer("a", at_ns=START + 3 * SECOND)
    to(rig, 7)
    assert times == [("a", 3.0), ("b", 4.0)]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda p: p.cancel_timer("a"), [1.0]),
        (lambda p: p.set_timer("a", every_s=3.0), [1.0, 4.0, 7.0]),
        (lambda p: p.set_timer("a", at_ns=0), [1.0, 1.0]),
    ],
)
def test_a_timer_may_change_itself_as_it_comes(act: Any, expected: list[float]) -> None:
    rig = Rig()
    times: list[float] = []

    def on_timer(_name: str) -> None:
        times.append((rig.puppet.now_ns - START) / 1e9)
        if len(times) == 1:
            act(rig.puppet)

    rig.puppet.does["on_timer"] = on_timer
    rig.puppet.set_timer("a", every_s=1.0)
    to(rig, 8)
    assert times == expected


def test_periods_end_with_the_run() -> None:
    rig = Rig()
    times = fired(rig)
    rig.trader.end_ns = START + 3 * SECOND
    rig.puppet.set_timer("a", every_s=1.0)
    to(rig, 100)
    assert [t for _, t in times] == [1.0, 2.0, 3.0]


def test_a_timer_of_a_disabled_strategy_comes_to_nothing() -> None:
    rig = Rig()
    times = fired(rig)
    rig.puppet.set_timer("a", every_s=1.0)
    rig.trader.disable(rig.running, ValueError("x"))
    to(rig, 3)
    assert times == []


# --- the log ------------------------------------------------------------------------------------


def test_a_log_has_a_limit_and_counts_the_rest() -> None:
    rig = Rig()
    for number in range(LOG_LIMIT + 3):
        rig.puppet.log(str(number))
    context = rig.trader.contexts["s0"]
    assert (len(context.lines), context.lines_dropped) == (LOG_LIMIT, 3)
    assert context.lines[-1] == (rig.clock.now_ns, str(LOG_LIMIT - 1))


def test_an_equity_without_prices_is_its_capital() -> None:
    rig = Rig()
    assert math.isclose(rig.puppet.equity, 1_000_000)
