"""From an answer to an order: directions, sizes, refusals, groups."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.unit.core.rig import SECOND, Puppet, Rig, buy, sell, signal

from ikbr.domain.events import EventType
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderType
from ikbr.domain.ticker import NAN, Freshness
from ikbr.domain.timers import NEVER

NO_KO = RiskLimits(restricted=("KO",), min_order_interval_s=0)


def holding(rig: Rig, quantity: int, symbol: str = "SPY") -> None:
    """Give the first strategy a position."""
    if quantity:
        rig.say(buy(quantity, symbol) if quantity > 0 else sell(-quantity, symbol), symbol)
        rig.broker.fill_all()


def sent(rig: Rig) -> list[tuple[str, int]]:
    """Show what was sent as symbol and signed quantity, without attached exits."""
    return [
        (o.symbol, o.side * o.quantity)
        for o in rig.broker.orders.values()
        if not o.parent_id
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("held", "answer", "short", "change"),
    [
        (0, signal("BUY"), False, 100),
        (0, signal("SELL"), False, 0),
        (0, signal("SELL"), True, -100),
        (0, signal("FLAT"), True, 0),
        (70, signal("BUY"), False, 0),
        (70, signal("SELL"), False, -70),
        (70, signal("SELL"), True, -170),
        (70, signal("FLAT"), True, -70),
        (-70, signal("BUY"), True, 170),
        (-70, signal("SELL"), True, 0),
        (-70, signal("FLAT"), True, 70),
        (70, signal("BUY", target=90), False, 20),
        (70, signal("BUY", target=-30), False, -100),
        (70, signal("SELL", target=70), False, 0),
        (0, signal("BUY", target=0), False, 0),
    ],
    ids=str,
)
def test_a_signal_orders_what_is_missing(held: int, answer: Any, short: bool, change: int) -> None:
    rig = Rig(Puppet(short=short))
    holding(rig, held)
    before = len(sent(rig))
    rig.say(answer)
    rig.say(answer)
    assert sent(rig)[before:] == ([("SPY", change)] if change else [])
    assert rig.refused == {}


def test_what_is_in_flight_counts_as_held() -> None:
    rig = Rig(Puppet(short=True))
    rig.say(signal("BUY"))
    rig.broker.fill(1, 30)
    rig.say(signal("BUY"))
    rig.say(signal("SELL"))
    assert sent(rig) == [("SPY", 100), ("SPY", -200)]


@pytest.mark.parametrize(("own", "size"), [(None, 3000), (7, 7), (7.9, 7), (0, 0), (-5, 0)])
def test_the_strategy_may_size_its_entries_itself(own: Any, size: int) -> None:
    rig = Rig(limits=RiskLimits(max_position_pct=0.3), quantity=0)
    rig.puppet.does["calculate_position_size"] = lambda _: own
    rig.quote("SPY", ask=100.0)
    rig.say(signal("BUY"))
    expected = 2999 if own is None else size  # 300,000 dollars at 100.01
    assert sent(rig) == ([("SPY", expected)] if expected else [])
    assert rig.refused == ({} if expected else {"size": 1})


def test_a_fixed_quantity_goes_before_every_other_size() -> None:
    rig = Rig(quantity=12)
    rig.puppet.does["calculate_position_size"] = lambda _: 99
    rig.say(signal("BUY"))
    assert sent(rig) == [("SPY", 12)]
    assert rig.puppet.count("calculate_position_size") == 0


def test_nothing_is_entered_at_an_unknown_price_but_everything_may_be_left() -> None:
    rig = Rig()
    rig.puppet.does["on_market_data"] = lambda _: signal("BUY")
    ticker = rig.data.tickers["SPY"]
    rig.trader.process(ticker)
    assert rig.refused == {"no-price": 1}
    del rig.puppet.does["on_market_data"]
    rig.clock.advance(rig.clock.now_ns + 2 * SECOND)
    holding(rig, 100)
    ticker.bid = ticker.ask = ticker.last = NAN
    rig.puppet.does["on_market_data"] = lambda _: signal("FLAT")
    rig.trader.process(ticker)
    assert sent(rig)[-1] == ("SPY", -100)


# --- protective stops -------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "stop"), [("BUY", 99.01), ("SELL", 100.98)])
def test_an_entry_carries_a_stop_on_the_near_side_of_the_grid(action: Any, stop: float) -> None:
    rig = Rig(Puppet(short=True, stop=0.01))
    rig.say(signal(action))
    (entry, child) = rig.broker.orders.values()
    assert entry.request.stop_loss == child.request.stop_price == stop
    assert child.parent_id == entry.order_id


def test_what_is_added_to_a_position_carries_a_stop_of_its_own() -> None:
    rig = Rig(Puppet(stop=0.01))
    rig.say(signal("BUY"))
    rig.broker.fill_all()
    rig.say(signal("BUY", target=150))
    assert [o.parent_id for o in rig.broker.orders.values()] == [0, 1, 0, 3]
    assert rig.broker.orders[4].quantity == 50


def test_leaving_what_two_stops_protect_is_not_held_up_by_a_halt_and_ends_both() -> None:
    rig = Rig(Puppet(stop=0.01))
    rig.say(signal("BUY"))
    rig.broker.fill_all()
    rig.say(signal("BUY", target=150))
    rig.broker.fill_all()
    rig.trader.halt("test")
    rig.say(signal("FLAT"))
    assert sent(rig)[-1] == ("SPY", -150)
    rig.broker.fill(5, 150)
    assert rig.broker.did("cancel") == [2, 4]
    assert rig.slot().position == 0


def test_flattening_what_two_stops_protect_is_not_held_up_by_a_halt() -> None:
    rig = Rig(Puppet(stop=0.01))
    rig.say(signal("BUY"))
    rig.broker.fill_all()
    rig.say(signal("BUY", target=150))
    rig.broker.fill_all()
    rig.trader.halt("test")
    rig.trader.flatten(rig.running, "test")
    assert sent(rig)[-1] == ("SPY", -150)


def test_being_flat_again_leaves_no_exit_working() -> None:
    rig = Rig(Puppet(stop=0.01))
    rig.say(signal("BUY"))
    rig.broker.fill(1, 100)
    rig.say(signal("FLAT"))
    assert rig.broker.orders[3].request.oca_group == rig.broker.orders[2].request.oca_group
    rig.broker.fill(3, 100)
    assert rig.broker.did("cancel") == [2]


# --- refusals -----------------------------------------------------------------------------------


def test_a_refusal_says_who_what_and_why_and_is_told() -> None:
    rig = Rig(symbols=("KO",), limits=NO_KO, listen=[EventType.REFUSED, EventType.SIGNAL])
    rig.say(signal("BUY", "KO", reason="cheap"), "KO")
    (refusal,) = rig.refusals
    assert rig.heard == [(EventType.REFUSED, refusal)]
    assert (refusal.strategy, refusal.ts_ns) == ("s0", rig.clock.now_ns)
    assert (refusal.request.quantity, refusal.request.reason) == (100, "cheap")
    assert (refusal.refused.rule, refusal.freshness) == ("restricted", Freshness.FRESH)
    assert rig.records("decision") == []


def test_a_refused_direction_is_not_asked_again_before_its_time() -> None:
    limits = RiskLimits(max_order_quantity=50, refusal_retry_s=10.0, min_order_interval_s=0)
    rig = Rig(limits=limits)
    for _ in range(5):
        rig.say(signal("BUY"))
    assert rig.refused == {"order-quantity": 1}
    assert rig.slot().muted == 4
    rig.say(signal("BUY"), after_s=7.0)
    assert rig.refused == {"order-quantity": 2}


def test_a_fill_lets_a_refused_direction_be_asked_at_once() -> None:
    limits = RiskLimits(max_order_quantity=50, refusal_retry_s=1e6, min_order_interval_s=0)
    rig = Rig(limits=limits)
    rig.say(buy(10, order_type=OrderType.LIMIT, limit_price=99.0))
    rig.say(signal("BUY", target=500))
    rig.say(signal("BUY", target=500))
    assert rig.refused == {"order-quantity": 1}
    rig.broker.fill(1, 10)
    rig.say(signal("BUY", target=500))
    assert rig.refused == {"order-quantity": 2}


def test_muting_a_direction_leaves_the_other_open() -> None:
    limits = RiskLimits(max_order_quantity=50, refusal_retry_s=1e6, min_order_interval_s=0)
    rig = Rig(limits=limits)
    holding(rig, 10)
    rig.say(signal("BUY", target=500))
    rig.say(signal("FLAT"))
    assert sent(rig) == [("SPY", 10), ("SPY", -10)]


def test_what_no_broker_understands_is_refused_as_invalid() -> None:
    rig = Rig()
    rig.say(buy(order_type=OrderType.LIMIT))
    assert rig.refused == {"invalid": 1}
    assert "needs limit_price" in rig.refusals[0].refused.reason
    assert rig.broker.sent == []
    assert rig.running.enabled


def test_a_decision_is_recorded_before_the_intent_with_the_state_of_the_data() -> None:
    rig = Rig(listen=[EventType.SIGNAL])
    rig.quote("SPY")
    rig.data.stale_after_ns = SECOND
    rig.puppet.does["on_timer"] = lambda _: signal("BUY", reason="late")
    rig.puppet.set_timer("x", every_s=5.0)
    rig.clock.advance(rig.clock.now_ns + 5 * SECOND)
    assert [kind for kind, _, _ in rig.journal.records] == ["decision", "intent"]
    (decision,) = rig.records("decision")
    assert (decision.quantity, decision.reason, decision.price) == (100, "late", 100.0)
    assert decision.freshness is Freshness.STALE
    assert rig.heard == [(EventType.SIGNAL, decision)]


def test_a_request_is_recorded_at_the_market_price() -> None:
    rig = Rig()
    rig.say(sell(5))
    assert rig.records("decision")[0].price == 100.0
    assert rig.records("decision")[0].quantity == -5


# --- groups -------------------------------------------------------------------------------------


def pair(*actions: Any, group: str = "pair") -> list[Any]:
    return [signal(a, s, group=group) for a, s in zip(actions, ("SPY", "KO"), strict=True)]


def duo(**more: Any) -> Rig:
    rig = Rig(Puppet(short=True), symbols=("SPY", "KO"), **more)
    rig.quote("KO")
    return rig


def test_legs_of_a_group_are_sent_together() -> None:
    rig = duo()
    rig.say(pair("BUY", "SELL"))
    assert sent(rig) == [("SPY", 100), ("KO", -100)]


@pytest.mark.parametrize(
    "legs",
    [
        pair("BUY", "BUY"),
        [buy(group="pair"), buy(symbol="KO", group="pair")],
        [signal("BUY", "KO", group="pair"), signal("BUY", group="pair")],
    ],
)
def test_a_refused_leg_takes_the_others_along(legs: Any) -> None:
    rig = duo(limits=NO_KO)
    rig.say(legs)
    assert sent(rig) == []
    assert rig.refused == {"restricted": 1, "group": 1}
    assert rig.risk.ledger.orders == {}


def test_a_leg_without_sense_takes_the_others_along() -> None:
    rig = duo()
    rig.say([buy(group="g"), buy(symbol="KO", order_type=OrderType.LIMIT, group="g")])
    assert sent(rig) == []
    assert rig.refused == {"invalid": 1, "group": 1}


def test_a_leg_that_sizes_to_nothing_takes_the_others_along() -> None:
    rig = duo(quantity=0)
    rig.puppet.does["calculate_position_size"] = lambda s: 5 if s.symbol == "SPY" else 0
    rig.say(pair("BUY", "SELL"))
    assert sent(rig) == []
    assert rig.refused == {"size": 1, "group": 1}
    assert [r.request.side.name for r in rig.refusals] == ["SELL", "BUY"]


def test_without_a_group_every_answer_stands_alone() -> None:
    rig = duo(limits=NO_KO)
    rig.say(pair("BUY", "BUY", group=""))
    assert sent(rig) == [("SPY", 100)]


def test_legs_count_against_limits_together() -> None:
    rig = duo(limits=RiskLimits(max_gross_pct=0.015, max_position_pct=0, min_order_interval_s=0))
    rig.say(pair("BUY", "BUY"))
    assert sent(rig) == []
    assert rig.refused["group"] == 1


def test_a_leg_that_stands_where_it_should_leaves_the_other_free() -> None:
    rig = duo()
    holding(rig, 100)
    rig.say(pair("BUY", "SELL"))
    assert sent(rig)[1:] == [("KO", -100)]


def test_a_muted_leg_holds_the_other_back() -> None:
    limits = RiskLimits(restricted=("KO",), refusal_retry_s=1e6, min_order_interval_s=0)
    rig = duo(limits=limits)
    rig.say(signal("BUY", "KO"))
    assert rig.slot("KO").mute_buy_ns == NEVER
    rig.say(pair("BUY", "BUY"))
    assert sent(rig) == []
    assert rig.refused == {"restricted": 1}


def test_a_group_that_wants_nothing_does_nothing() -> None:
    rig = duo()
    rig.say(pair("FLAT", "FLAT"))
    assert rig.journal.records == []


def test_after_an_answer_has_disabled_its_strategy_nothing_more_of_it_is_sent() -> None:
    rig = duo(quantity=0)
    rig.puppet.does["calculate_position_size"] = lambda _: 1 // 0
    rig.say([signal("BUY"), buy(symbol="KO")])
    assert not rig.running.enabled
    assert sent(rig) == []


# --- modifying through the context --------------------------------------------------------------


def limit(quantity: int = 40) -> Any:
    return buy(quantity, order_type=OrderType.LIMIT, limit_price=99.0)


def test_a_modification_passes_risk_with_its_own_order_left_out() -> None:
    limits = RiskLimits(max_position_notional=5_000, max_position_pct=0, min_order_interval_s=0)
    rig = Rig(limits=limits)
    rig.say(limit())
    rig.puppet.modify(1, quantity=45)
    assert rig.broker.orders[1].quantity == 45
    rig.puppet.modify(1, quantity=55)
    assert rig.broker.orders[1].quantity == 45
    assert rig.refused == {"position": 1}
    assert rig.risk.ledger.orders[1].remaining == 45


def test_a_modification_without_sense_is_refused_as_a_value() -> None:
    rig = Rig()
    rig.say(limit())
    rig.puppet.modify(1, limit_price=99.001)
    assert rig.refused == {"invalid": 1}
    assert rig.broker.did("modify") == []


def test_modifying_what_has_ended_does_nothing() -> None:
    rig = Rig()
    rig.say(limit())
    rig.broker.fill(1, 40)
    rig.puppet.modify(1, quantity=90)
    assert rig.broker.did("modify") == []
    assert rig.refused == {}


def test_prices_of_the_decision_are_kept_with_the_order() -> None:
    rig = Rig()
    rig.say(signal("BUY"))
    order = rig.broker.orders[1]
    assert order.decision_price == 100.01
    assert math.isclose(order.decision_mid, 100.0)
