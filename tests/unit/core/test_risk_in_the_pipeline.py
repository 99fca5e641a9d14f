"""Risk in the pipeline: what is counted and stopped as orders leave, and what a restart keeps."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.core.rig import FREE, SECOND, START, Puppet, Rig, buy, sell, signal

from ikbr.core.risk_memory import restore_risk, risk_state
from ikbr.domain.events import EventType
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderEvent, OrderState
from ikbr.domain.limits import RiskLimits
from ikbr.domain.session import Session
from ikbr.domain.session_events import RiskState
from ikbr.journal.replay import replay

MONDAY = Session(dt.date(2026, 3, 2), START, START + 3_600 * SECOND)
TUESDAY = Session(dt.date(2026, 3, 3), START + 86_400 * SECOND, START + 90_000 * SECOND)


def limits(**values: Any) -> RiskLimits:
    return replace(FREE, **values)


def test_attached_exits_and_changes_are_counted_as_they_leave() -> None:
    rig = Rig(Puppet(stop=0.02), limits=limits(max_messages_per_s=100, max_quantity_per_day=10_000))
    rig.say(signal("BUY"))
    traffic = rig.risk.traffic
    assert traffic.messages.total(rig.clock.now_ns) == 2
    assert traffic.quantity_today == 200
    rig.broker.fill(1, 60)
    rig.broker.tell(1, OrderEvent.CANCEL)
    assert rig.broker.did("modify") == [2]
    assert traffic.messages.total(rig.clock.now_ns) == 3


def test_what_is_refused_before_is_never_seen_by_the_last_hop() -> None:
    rig = Rig(limits=limits(max_messages_per_s=2), listen=[EventType.HALT])
    rig.ask(buy(1))
    rig.ask(buy(2))
    rig.ask(buy(3))
    assert rig.refused == {"message-rate": 1}
    assert rig.broker.did("submit") == [1, 2]
    assert rig.heard == []
    rig.say(buy(3), after_s=1.0)
    assert rig.broker.did("submit") == [1, 2, 3]


def test_a_change_that_the_last_hop_stops_leaves_a_cancellation_under_way() -> None:
    rig = Rig(limits=limits(refuse_unreconciled=True))
    rig.risk.clearance.reconciled = True
    rig.ask(buy(10))
    rig.broker.tell(1, OrderEvent.ACK)
    rig.orders.cancel(1)
    rig.risk.clearance.reconciled = False
    order = rig.orders.modify(1, quantity=20)
    assert (order.state, order.cancel_requested) == (OrderState.PENDING_CANCEL, True)
    assert order.quantity == 10


def test_an_order_that_got_past_the_rules_is_stopped_with_an_alert() -> None:
    rig = Rig(limits=limits(max_messages_per_s=1, max_rejections=1), listen=[EventType.HALT])
    rig.ask(buy(1))
    rig.trader.desk.submit(rig.slot(), buy(2), buy(2))
    order = rig.orders.orders[2]
    assert (order.state, order.message) == (
        OrderState.REJECTED,
        "1 messages were sent within a second",
    )
    assert rig.broker.did("submit") == [1]
    assert [alert.severity for alert in rig.alerts] == ["critical"]
    assert [(topic, halt.rule) for topic, halt in rig.heard] == [(EventType.HALT, "last-hop")]
    assert rig.risk.clearance.blocked == {}
    assert (rig.slot().entries, list(rig.risk.ledger.orders)) == ([rig.orders.orders[1]], [1])


def test_a_change_that_is_stopped_leaves_the_order_as_it_was() -> None:
    rig = Rig(Puppet(stop=0.02), limits=limits(check_children=True))
    rig.say(signal("BUY"))
    rig.broker.tell(2, OrderEvent.ACK_PRE)
    rig.orders.modify(2, quantity=101)
    assert (rig.orders.orders[2].quantity, rig.broker.did("modify")) == (100, [])
    assert "would hang on order 1" in rig.alerts[0].message


def test_three_rejections_block_the_symbol_and_tell_a_person() -> None:
    rig = Rig(limits=limits(max_rejections=3), symbols=("SPY", "IBM"), listen=[EventType.HALT])
    for n in range(3):
        rig.say(buy(n + 1), after_s=2.0)
        rig.broker.tell(n + 1, OrderEvent.REJECT, 201, "margin.")
    rig.say(buy(9), after_s=2.0)
    rig.say(buy(9, "IBM"), "IBM", after_s=2.0)
    assert rig.refused == {"broker": 3, "blocked": 1}
    assert rig.broker.did("submit") == [1, 2, 3, 4]
    [alert] = rig.alerts
    assert alert.message == (
        "SPY: it is blocked: 3 orders were rejected within 600 s, the last because: margin."
    )


def test_a_strategy_may_close_what_it_holds_when_its_runs_are_used_up() -> None:
    rig = Rig(limits=limits(max_runs=1))
    rig.say(buy(100))
    rig.broker.fill(1, 100)
    rig.say(buy(50))
    rig.say(sell(100))
    assert rig.refused == {"runs": 1}
    assert rig.broker.did("submit") == [1, 2]


# --- over a restart ------------------------------------------------------------------------------


def test_the_journal_keeps_what_risk_must_know() -> None:
    rig = Rig(limits=limits(max_drawdown_pct=0.05, max_daily_loss_pct=0.02, max_runs=9,
                            max_rejections=1))  # fmt: skip
    rig.trader.keeps_risk = True
    rig.risk.start_session(MONDAY, 1_000_000 * MICRO)
    rig.trader.keep_risk()
    rig.trader.keep_risk()
    assert len(rig.records("risk")) == 1
    rig.say(buy(10))
    rig.broker.tell(1, OrderEvent.REJECT)
    rig.trader.on_equity(1_000_100 * MICRO)
    rig.trader.on_equity(1_001_000 * MICRO)
    rig.trader.on_equity(960_000 * MICRO)
    kept = rig.records("risk")
    assert [
        (s.peak_micro // MICRO, [h.rule for h in s.latches], list(s.blocked)) for s in kept
    ] == [
        (1_000_000, [], []),
        (1_000_000, [], ["SPY"]),
        (1_001_000, [], ["SPY"]),
        (1_001_000, ["daily-loss"], ["SPY"]),
    ]
    assert kept[-1].counters == {
        "orders": 1, "quantity": 10, "notional_micro": 1_000_100_000, "runs:s0": 1,
    }  # fmt: skip
    assert (
        replay([r for r in rig.journal.records if r[0] == "risk"]).risk
        == kept[-1]
        == risk_state(rig.risk)
    )


def restarted(state: RiskState, session: Session, equity: float, **values: Any) -> Rig:
    rig = Rig(limits=limits(**values), capital=equity)
    restore_risk(rig.risk, state)
    rig.risk.start_session(session, rig.portfolio.equity_micro())
    return rig


STATE = RiskState(
    peak_micro=1_000_000 * MICRO,
    day_start_micro=990_000 * MICRO,
    day="2026-03-02",
    counters={"orders": 3, "quantity": 90, "notional_micro": 5_000 * MICRO, "runs:s0": 3},
    blocked={"SPY": "it was odd"},
)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"max_orders_per_day": 3}, "orders-per-day"),
        ({"max_quantity_per_day": 99}, "quantity-rate"),
        ({"max_notional_per_day": 5_999.0}, "notional-rate"),
        ({"max_runs": 3}, "runs"),
        ({}, "blocked"),
    ],
)
def test_a_restart_within_the_day_forgets_nothing_that_was_counted(
    values: dict[str, Any], rule: str
) -> None:
    rig = restarted(STATE, MONDAY, 980_000.0, **values)
    if rule != "blocked":
        rig.risk.unblock("SPY")
    rig.say(buy(10))
    assert rig.refused == {rule: 1}


def test_the_high_water_mark_and_the_loss_of_the_day_survive_a_restart() -> None:
    both = {"max_drawdown_pct": 0.05, "max_daily_loss_pct": 0.02}
    risk = restarted(STATE, MONDAY, 980_000.0, **both).risk
    assert (risk.halts.floor_micro, risk.halts.daily_floor_micro) == (
        950_000 * MICRO, 970_200 * MICRO,
    )  # fmt: skip
    assert risk.on_equity(970_200 * MICRO, START).rule == "daily-loss"
    risk = restarted(STATE, TUESDAY, 960_000.0, **both).risk
    assert risk.halts.daily_floor_micro == 940_800 * MICRO
    assert risk.on_equity(950_000 * MICRO, START).rule == "drawdown"


@pytest.mark.parametrize(
    ("rule", "session", "held"),
    [
        ("kill", MONDAY, True),
        ("kill", TUESDAY, True),
        ("drawdown", TUESDAY, True),
        ("daily-loss", MONDAY, True),
        ("daily-loss", TUESDAY, False),
    ],
)
def test_a_latch_holds_over_a_restart_as_long_as_it_would_have_held(
    rule: str, session: Session, held: bool
) -> None:
    before = Rig(limits=limits(max_drawdown_pct=0.05, max_daily_loss_pct=0.01))
    before.risk.start_session(MONDAY, 1_000_000 * MICRO)
    if rule == "kill":
        before.risk.halt("by hand")
    else:
        before.risk.on_equity((940_000 if rule == "drawdown" else 985_000) * MICRO, START)
    after = restarted(risk_state(before.risk), session, 940_000.0, max_drawdown_pct=0.5)
    assert (after.risk.halted is not None) is held
    if held:
        assert after.risk.halted.rule == rule


def test_the_counts_of_yesterday_are_not_those_of_today() -> None:
    rig = restarted(STATE, TUESDAY, 980_000.0, max_runs=3, max_quantity_per_day=99)
    rig.risk.unblock("SPY")
    assert (rig.risk.ledger.sent_today, rig.risk.traffic.quantity_today) == (0, 0)
    rig.say(buy(10))
    assert rig.refused == {"runs": 1}
