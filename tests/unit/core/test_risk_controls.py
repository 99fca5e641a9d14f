"""Every control of risk: an order that trips it, and one just below that passes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.core.risk_desk import BUY, NOW, SECOND, SELL, Desk, rule

from ikbr.core.risk_checks import RULES
from ikbr.core.traffic import Window
from ikbr.domain.errors import ConfigError
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderEvent, OrderState
from ikbr.domain.limit_table import LIMITS, check_tightening, is_counted
from ikbr.domain.limits import PROFILES, RiskLimits
from ikbr.domain.order import OrderRequest, OrderType
from ikbr.domain.session import Session
from ikbr.domain.ticker import NAN
from ikbr.domain.timers import NEVER

MINUTE = 60 * SECOND
DAY = Session(dt.date(2026, 1, 5), NOW, NOW + 1_000 * SECOND)
LIMIT, MIDPRICE, MOC = OrderType.LIMIT, OrderType.MIDPRICE, OrderType.MARKET_ON_CLOSE


def nothing(_desk: Desk) -> None:
    pass


@dataclass
class Control:
    """One control: what is set, what happened before, what passes and what trips it."""

    rule: str
    limits: dict[str, Any]
    passes: dict[str, Any]
    trips: dict[str, Any]
    limit: float
    actual: float
    before: Callable[[Desk], Any] = nothing
    then: Callable[[Desk], Any] = nothing
    closing: bool = field(default=True)
    """Whether it binds orders that can only shrink a position too."""


def order(quantity: int = 10, side=BUY, **more: Any) -> dict[str, Any]:
    return {"side": side, "quantity": quantity, **more}


def market(**prices: Any) -> dict[str, Any]:
    return {"market": prices}


def sent(count: int, quantity: int = 10, **more: Any) -> Callable[[Desk], Any]:
    """Send orders that differ in their limit price."""

    def send(desk: Desk) -> None:
        for n in range(count):
            desk.leave(BUY, quantity, order_type=LIMIT, limit_price=50.0 + n, **more)

    return send


def opened(desk: Desk) -> None:
    desk.risk.start_session(DAY, desk.portfolio.equity_micro())


def rejected(count: int, apart_s: float = 1.0) -> Callable[[Desk], Any]:
    def reject(desk: Desk) -> None:
        for n in range(count):
            desk.risk.on_rejected(desk.leave(BUY, 1), NOW + round(n * apart_s * SECOND))

    return reject


CONTROLS = [
    Control("reconcile", {"refuse_unreconciled": True}, order(), order(), 0, 1,
            before=lambda desk: setattr(desk.risk.clearance, "reconciled", True),
            then=lambda desk: setattr(desk.risk.clearance, "reconciled", False)),
    Control("restricted", {"restricted": ("SPY",)}, order(symbol="IBM"), order(), 0, 1),
    Control("universe", {"allowed": ("SPY", "BAC")}, order(), order(symbol="IBM"), 0, 1),
    Control("order-quantity", {"max_order_quantity": 10}, order(10), order(11), 10, 11),
    Control("orders-per-day", {"max_orders_per_day": 2}, order(), order(), 2, 3,
            before=sent(1), then=sent(1)),
    Control("order-rate", {"max_orders_per_minute": 3}, order(), order(take_profit=110.0), 3, 4,
            before=sent(2)),
    Control("order-rate", {"max_orders_per_minute": 3}, order(now=NOW + MINUTE), order(), 3, 4,
            before=sent(3)),
    Control("message-rate", {"max_messages_per_s": 3}, order(stop_loss=90.0),
            order(stop_loss=90.0, take_profit=110.0), 3, 4, before=sent(1)),
    Control("message-rate", {"max_messages_per_s": 2}, order(now=NOW + SECOND),
            order(now=NOW + SECOND - 1), 2, 3, before=sent(2)),
    Control("quantity-rate", {"max_quantity_per_minute": 50}, order(30), order(31), 50, 51,
            before=sent(2)),
    Control("quantity-rate", {"max_quantity_per_minute": 50}, order(25, stop_loss=90.0),
            order(26, stop_loss=90.0), 50, 52),
    Control("quantity-rate", {"max_quantity_per_day": 50}, order(30, now=NOW + 2 * MINUTE),
            order(31, now=NOW + 2 * MINUTE), 50, 51, before=sent(2)),
    Control("duplicate", {"duplicate_s": 0.5},
            order(order_type=LIMIT, limit_price=50.0, now=NOW + SECOND // 2),
            order(order_type=LIMIT, limit_price=50.0, now=NOW + SECOND // 4), 0.5, 0.25,
            before=sent(1)),
    Control("duplicate", {"duplicate_s": 0.5}, order(order_type=LIMIT, limit_price=50.01),
            order(order_type=LIMIT, limit_price=50.0), 0.5, 0, before=sent(1)),
    Control("protection", {"require_stop": True}, order(10, stop_loss=90.0),
            order(10, take_profit=110.0), 10, 0),
    Control("protection", {"require_stop": True}, order(10, SELL, stop_loss=110.0, protects=10),
            order(10, SELL, stop_loss=110.0, protects=9), 10, 9),
    Control("halt", {}, order(), order(), 0, 1, then=lambda desk: desk.risk.halt("test"),
            closing=False),
    Control("blocked", {"max_rejections": 3}, order(), order(), 0, 1,
            before=rejected(2), then=rejected(1), closing=False),
    Control("blocked", {"max_rejections": 3}, order(symbol="IBM"), order(), 0, 1,
            before=rejected(3), closing=False),
    Control("closed", {"refuse_closed": True}, order(now=DAY.close_ns - 1),
            order(now=DAY.close_ns), 0, 1, before=opened, closing=False),
    Control("closed", {"refuse_closed": True}, order(), order(now=NOW - 1), 0, 1,
            before=opened, closing=False),
    Control("closed", {"refuse_closed": True}, order(), order(**market(halted=True)), 0, 1,
            before=opened, closing=False),
    Control("closed", {"refuse_closed": True, "auction_cutoff_s": 600},
            order(order_type=MOC, now=NOW + 400 * SECOND),
            order(order_type=MOC, now=NOW + 401 * SECOND), 600, 599, before=opened, closing=False),
    Control("closed", {"refuse_closed": True}, order(outside_rth=True), order(), 0, 1,
            closing=False),
    Control("closed", {"refuse_closed": True}, order(order_type=OrderType.MARKET_ON_OPEN), order(),
            0, 1, closing=False),
    Control("runs", {"max_runs": 3}, order(), order(), 3, 4, before=sent(2), then=sent(1),
            closing=False),
    Control("interval", {"min_order_interval_s": 1.5}, order(now=NOW + 3 * SECOND // 2),
            order(now=NOW + SECOND), 1.5, 1, before=sent(1), closing=False),
    Control("price", {}, order(), order(**market(bid=NAN, ask=NAN, last=NAN)), 0, 0,
            closing=False),
    Control("stale", {"refuse_stale": True}, order(**market(ts_ns=NOW - MINUTE)),
            order(**market(ts_ns=NOW - MINUTE - 1)), 60, 60, closing=False),
    Control("collar", {"collar_pct": 0.05}, order(order_type=LIMIT, limit_price=94.53),
            order(order_type=LIMIT, limit_price=94.52), 0.05, 0.05005),
    Control("collar", {"collar_pct": 0.001, "collar_ticks": 20},
            order(order_type=LIMIT, limit_price=99.70), order(order_type=LIMIT, limit_price=99.71),
            0.2 / 99.5, 0.21 / 99.5),
    Control("collar", {"collar_pct": 0.001, "collar_ticks": 5},
            order(order_type=LIMIT, limit_price=99.59), order(order_type=LIMIT, limit_price=99.60),
            0.001, 0.1 / 99.5),
    Control("collar", {"collar_pct": 0.05}, order(order_type=LIMIT, limit_price=99.0),
            order(order_type=LIMIT, limit_price=99.0, **market(ts_ns=NOW - 61 * SECOND)),
            0.05, float("inf")),
    Control("collar", {"collar_pct": 0.05}, order(),
            order(order_type=LIMIT, limit_price=99.0, **market(bid=NAN, ask=NAN, last=NAN)),
            0.05, float("inf")),
    Control("collar", {"collar_pct": 0.05}, order(take_profit=300.0), order(take_profit=94.52),
            0.05, 0.05005),
    Control("spread", {"max_spread_pct": 0.01}, order(**market(bid=99.5, ask=100.5)),
            order(**market(bid=99.5, ask=100.51)), 0.01, 0.0101),
    Control("spread", {"max_spread_pct": 0.01},
            order(order_type=LIMIT, limit_price=99.0, **market(bid=50.0)),
            order(**market(bid=NAN)), 0.01, float("inf")),
    Control("self-trade", {"refuse_self_trade": True}, order(10, SELL, order_type=LIMIT,
            limit_price=50.01), order(10, SELL, order_type=LIMIT, limit_price=50.0), 0, 1,
            before=sent(1)),
    Control("self-trade", {"refuse_self_trade": True}, order(10, SELL),
            order(10, SELL, **market(bid=50.0)), 0, 1, before=sent(1)),
    Control("self-trade", {"refuse_self_trade": True}, order(10, SELL, order_type=MIDPRICE),
            order(10, SELL, order_type=MIDPRICE, **market(bid=49.0, ask=51.0)), 0, 1,
            before=sent(1)),
    Control("order-notional", {"max_order_notional": 1000}, order(10), order(11), 1000, 1100),
    Control("notional-rate", {"max_notional_per_minute": 2000}, order(15), order(16), 2000, 2100,
            before=sent(1)),
    Control("notional-rate", {"max_notional_per_day": 2000}, order(15, now=NOW + 2 * MINUTE),
            order(16, now=NOW + 2 * MINUTE), 2000, 2100, before=sent(1)),
    Control("drawdown", {"max_drawdown_pct": 0.05}, order(), order(), 0.05, 0.05,
            before=lambda desk: desk.portfolio.add_cash(-4_999 * MICRO),
            then=lambda desk: desk.portfolio.add_cash(-1 * MICRO), closing=False),
    Control("drawdown", {"max_daily_loss_pct": 0.01}, order(), order(), 0.01, 0.01,
            before=lambda desk: desk.portfolio.add_cash(-999 * MICRO),
            then=lambda desk: desk.portfolio.add_cash(-1 * MICRO), closing=False),
    Control("position", {"max_position_pct": 0.01}, order(10), order(11), 1000, 1100,
            closing=False),
    Control("position", {"max_position_notional": 2000}, order(10), order(11), 2000, 2100,
            before=sent(1), closing=False),
    Control("exposure", {"max_gross_pct": 0.05}, order(30), order(31), 5000, 5100,
            before=lambda desk: desk.hold(-20, "IBM"), closing=False),
    Control("net-exposure", {"max_net_pct": 0.05}, order(30), order(31), 5000, 5100,
            before=lambda desk: desk.hold(20, "IBM"), closing=False),
    Control("net-exposure", {"max_net_pct": 0.05}, order(70), order(71), 5000, 5100,
            before=lambda desk: desk.hold(-20, "IBM"), closing=False),
    Control("sector", {"max_sector_pct": 0.05, "sectors": ("funds: SPY IBM", "banks: BAC")},
            order(30), order(31), 5000, 5100, before=lambda desk: desk.hold(-20, "IBM"),
            closing=False),
    Control("sector", {"max_sector_pct": 0.05, "sectors": ("funds: SPY IBM",)},
            order(51, symbol="BAC"), order(51), 5000, 5100, closing=False),
]  # fmt: skip


def ask(desk: Desk, what: dict[str, Any]) -> Any:
    what = dict(what)
    prices, symbol = what.pop("market", {}), what.pop("symbol", "SPY")
    prices = {"ts_ns": what.get("now", NOW), **prices}
    halted = prices.pop("halted", False)
    ticker = desk.ticker(symbol, **prices)
    ticker.halted = halted
    return desk.ask(what.pop("side"), what.pop("quantity"), symbol, ticker=ticker, **what)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.rule)
def test_each_control_passes_just_below_its_limit_and_trips_beyond_it(control: Control) -> None:
    desk = Desk(**control.limits)
    control.before(desk)
    if control.then is not nothing:
        assert rule(ask(desk, control.passes)) == "passed"
        control.then(desk)
    refused = ask(desk, control.trips)
    if control.then is nothing:
        assert rule(ask(desk, control.passes)) == "passed"
    told = {"halt": "kill", "drawdown": "drawdown"}.get(control.rule, control.rule)
    if "max_daily_loss_pct" in control.limits:
        told = "daily-loss"
    assert rule(refused) == told
    assert refused.limit == pytest.approx(control.limit)
    assert refused.actual == pytest.approx(control.actual, rel=1e-3)
    assert refused.retry_ns > control.trips.get("now", NOW)
    assert control.rule == "halt" or refused.reason.endswith(".")


def test_each_rule_has_a_control_that_says_whether_it_binds_closing_orders() -> None:
    assert {control.rule for control in CONTROLS} >= {r.name for r in RULES} - {"correlation"}
    binds = {r.name: r.binds_reducing for r in RULES}
    assert all(control.closing is binds[control.rule] for control in CONTROLS)


def test_what_a_closing_order_never_passes() -> None:
    never = {"collar", "spread", "duplicate", "message-rate", "self-trade"}
    assert never <= {r.name for r in RULES if r.binds_reducing}
    passes = {"position", "exposure", "net-exposure", "sector", "correlation", "drawdown", "halt",
              "interval"}  # fmt: skip
    assert passes <= {r.name for r in RULES if not r.binds_reducing}


@pytest.mark.parametrize(
    ("working", "quantity", "passes"),
    [(0, 100, True), (0, 101, False), (60, 40, True), (60, 41, False)],
)
def test_a_closing_order_is_no_larger_than_the_position_less_what_closes_it_already(
    working: int, quantity: int, passes: bool
) -> None:
    desk = Desk(max_gross_pct=0.001, max_position_pct=0.001, max_net_pct=0.001)
    desk.hold(100)
    if working:
        desk.send(SELL, working)
    # As an entry it may still not raise what the exposure rules count, so a halt is what tells.
    desk.risk.halt("test")
    assert (desk.ask(SELL, quantity) is None) is passes


# --- what cannot be told from a single order -----------------------------------------------------


def test_an_order_whose_fate_is_unknown_counts_as_live() -> None:
    desk = Desk(max_position_pct=0.01)
    order = desk.leave(BUY, 10)
    order.state = OrderState.UNKNOWN
    assert rule(desk.ask(BUY, 1)) == "position"
    desk.risk.on_done(order)
    assert desk.ask(BUY, 10) is None


def test_a_modification_counts_with_what_it_adds() -> None:
    desk = Desk(max_quantity_per_minute=30, max_messages_per_s=3, max_orders_per_minute=1)
    order = desk.leave(BUY, 20)
    assert desk.ask(BUY, 30, replaces=order) is None
    assert rule(desk.ask(BUY, 31, replaces=order)) == "quantity-rate"
    for quantity in (15, 25):
        desk.hop.modify(order, OrderRequest("SPY", BUY, quantity))
    assert desk.risk.traffic.quantity.total(NOW) == 30
    assert rule(desk.ask(BUY, 25, replaces=order)) == "message-rate"


def test_cancellations_count_and_always_go() -> None:
    desk = Desk(max_messages_per_s=2)
    order = desk.leave(BUY, 10)
    for _ in range(5):
        desk.hop.cancel(order)
    assert [what for what, _ in desk.wire.sent] == ["submit", *["cancel"] * 5]
    assert rule(desk.ask(BUY, 10)) == "message-rate"
    assert desk.ask(BUY, 10, now=NOW + SECOND) is None


def test_the_counts_of_a_day_begin_anew_but_a_strategy_waits_for_a_person() -> None:
    desk = Desk(max_runs=2, max_quantity_per_day=20)
    sent(2)(desk)
    assert rule(desk.ask(BUY, 1)) == "quantity-rate"
    desk.risk.start_session(DAY, 100_000 * MICRO)
    refused = desk.ask(BUY, 1)
    assert (rule(refused), refused.retry_ns) == ("runs", NEVER)
    assert desk.ask(BUY, 1, strategy="other") is None
    desk.risk.enable("m")
    assert desk.ask(BUY, 1) is None


def test_rejections_count_within_their_window_and_a_person_unblocks() -> None:
    desk = Desk(max_rejections=3, rejection_window_s=600)
    rejected(6, apart_s=301)(desk)
    assert desk.ask(BUY, 1) is None
    rejected(3, apart_s=300)(desk)
    assert rule(desk.ask(BUY, 1)) == "blocked"
    assert [trip.rule for trip in desk.trips] == ["blocked"]
    assert "3 orders were rejected within 600 s" in desk.trips[0].reason
    desk.risk.unblock("SPY")
    rejected(1)(desk)
    assert desk.ask(BUY, 1) is None


def test_a_symbol_can_be_blocked_where_rejections_are_not_counted() -> None:
    desk = Desk()
    desk.hold(10)
    desk.risk.block("SPY", "positions differ")
    assert rule(desk.ask(BUY, 1)) == "blocked"
    assert desk.ask(SELL, 10) is None
    assert desk.ask(BUY, 1, "IBM") is None
    desk.risk.unblock("SPY")
    assert desk.ask(BUY, 1) is None


def test_an_ended_order_rests_no_longer_and_one_in_doubt_does() -> None:
    desk = Desk(refuse_self_trade=True)
    order = desk.leave(BUY, 10, order_type=LIMIT, limit_price=99.5)
    order.state = OrderState.UNKNOWN
    assert rule(desk.ask(SELL, 10)) == "self-trade"
    assert desk.ask(SELL, 10, order_type=OrderType.STOP, stop_price=99.0) is None
    order.state = OrderState.CANCELLED
    assert desk.ask(SELL, 10) is None
    resting = desk.leave(SELL, 10, order_type=MIDPRICE)
    assert rule(desk.ask(BUY, 10)) == "self-trade"
    assert desk.ask(BUY, 10, order_type=LIMIT, limit_price=99.49) is None
    assert desk.risk.traffic.resting("SPY", SELL) == [resting]


# --- the last hop --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("children", "stopped"),
    [
        ([(60, ""), (40, "")], 0),
        ([(60, ""), (41, "")], 1),
        ([(100, "exit"), (100, "exit")], 0),
        ([(100, "exit"), (101, "exit")], 1),
        ([(60, "a"), (60, "a"), (41, "")], 1),
    ],
)
def test_no_more_can_hang_on_an_order_than_it_is_for(
    children: list[tuple[int, str]], stopped: int
) -> None:
    desk = Desk(check_children=True)
    parent = desk.leave(BUY, 100)
    for quantity, group in children:
        desk.leave(SELL, quantity, parent=parent.order_id, oca_group=group)
    assert len(desk.updates) == len(desk.trips) == stopped
    assert len(desk.wire.sent) == 1 + len(children) - stopped
    if stopped:
        assert desk.updates[0].event is OrderEvent.REJECT
        assert "would hang on order 1, which is for 100" in desk.updates[0].message


def test_a_child_cannot_grow_beyond_its_parent_and_frees_what_it_did_not_fill() -> None:
    desk = Desk(check_children=True)
    parent = desk.leave(BUY, 100)
    child = desk.leave(SELL, 60, parent=parent.order_id)
    desk.hop.modify(child, OrderRequest("SPY", SELL, 101))
    assert [update.event for update in desk.updates] == [OrderEvent.CANCEL_REFUSED]
    desk.hop.modify(child, OrderRequest("SPY", SELL, 100))
    child.filled, child.state = 30, OrderState.CANCELLED
    desk.leave(SELL, 70, parent=parent.order_id)
    assert [what for what, _ in desk.wire.sent] == ["submit", "submit", "modify", "submit"]


def test_a_child_whose_reduction_was_refused_counts_as_it_is() -> None:
    desk = Desk(check_children=True)
    parent = desk.leave(BUY, 100)
    child = desk.leave(SELL, 60, parent=parent.order_id)
    desk.hop.modify(child, OrderRequest("SPY", SELL, 20))
    # Its request stands at 60 again, as when the refusal has come.
    desk.leave(SELL, 41, parent=parent.order_id)
    assert [update.event for update in desk.updates] == [OrderEvent.REJECT]


def test_what_is_attached_to_an_order_that_ended_before_is_bounded_by_the_position() -> None:
    desk = Desk(check_children=True)
    parent = desk.leave(BUY, 100)
    parent.state, parent.done_ns = OrderState.FILLED, NOW
    desk.leave(SELL, 200, parent=parent.order_id, now=NOW + 1)
    assert desk.updates == []


@pytest.mark.parametrize(("parent", "goes"), [(0, False), (1, True)])
def test_the_last_hop_holds_up_no_protection_for_the_message_rate(parent: int, goes: bool) -> None:
    desk = Desk(max_messages_per_s=1)
    desk.leave(BUY, 10)
    desk.leave(SELL, 10, parent=parent)
    assert (len(desk.wire.sent) == 2) is goes
    assert [trip.rule for trip in desk.trips] == ["last-hop"] * (not goes)


def test_nothing_but_cancellations_leaves_before_the_books_are_reconciled() -> None:
    desk = Desk(refuse_unreconciled=True)
    desk.risk.clearance.reconciled = True
    order = desk.leave(BUY, 10)
    desk.risk.clearance.reconciled = False
    desk.leave(BUY, 10)
    desk.leave(SELL, 10, parent=order.order_id)
    desk.hop.modify(order, OrderRequest("SPY", BUY, 5))
    desk.hop.cancel(order)
    assert [what for what, _ in desk.wire.sent] == ["submit", "cancel"]
    events = [update.event for update in desk.updates]
    assert events == [OrderEvent.REJECT, OrderEvent.REJECT, OrderEvent.CANCEL_REFUSED]


def test_what_the_last_hop_stops_is_no_rejection_by_the_broker() -> None:
    desk = Desk(max_rejections=1, refuse_unreconciled=True)
    order = desk.leave(BUY, 10)
    desk.leave(SELL, 10, parent=order.order_id)
    desk.risk.on_rejected(order, NOW)
    assert desk.risk.clearance.blocked == {}
    assert [update.event for update in desk.updates] == [OrderEvent.REJECT, OrderEvent.CANCEL]
    desk.risk.on_rejected(desk.send(BUY, 10), NOW)
    assert set(desk.risk.clearance.blocked) == {"SPY"}
    assert desk.wire.sent == []


def test_the_last_hop_is_there_only_where_it_counts() -> None:
    assert [bool(is_counted(PROFILES[p])) for p in ("backtest", "paper", "live")] == [0, 1, 1]
    desk = Desk(counted=False)
    with pytest.raises(ConfigError, match=r"risk\.max_runs cannot be switched on in a run that"):
        desk.risk.tighten(replace(desk.risk.limits, max_runs=5))
    with pytest.raises(ConfigError, match=r"risk\.preview_notional cannot be switched on"):
        desk.risk.tighten(replace(desk.risk.limits, preview_notional=5))
    assert desk.risk.limits.max_runs == 0


def test_a_window_forgets_what_lies_behind_it() -> None:
    window = Window(10)
    assert window.free_ns is None
    for at in (0, 4, 9):
        window.add(at, 2)
    assert [window.total(at) for at in (9, 10, 13, 14, 19)] == [6, 4, 4, 2, 0]


def test_a_window_that_nobody_asks_keeps_no_more_than_what_counts() -> None:
    desk = Desk(max_runs=1_000_000)
    for n in range(1_000):
        desk.leave(BUY, 1, now=NOW + n * SECOND)
    traffic = desk.risk.traffic
    assert max(map(len, (traffic.messages, traffic.orders, traffic.quantity))) <= 256
    assert traffic.orders.total(NOW + 999 * SECOND) == 60


# --- limits while live ---------------------------------------------------------------------------

LIVE = PROFILES["live"]


@pytest.mark.parametrize(
    ("name", "before", "tighter", "looser"),
    [
        ("max_position_pct", 0.1, 0.05, 0.2),
        ("max_position_notional", 5_000.0, 4_999.0, 0.0),
        ("max_messages_per_s", 20, 19, 21),
        ("max_orders_per_day", 0, 5, None),
        ("collar_ticks", 5, 0, 6),
        ("stale_after_s", 60.0, 0.0, 61.0),
        ("min_order_interval_s", 1.0, 2.0, 0.5),
        ("duplicate_s", 0.5, 1.0, 0.0),
        ("refuse_closed", True, True, False),
        ("refuse_stale", False, True, None),
        ("restricted", ("IBM",), ("BAC", "IBM"), ("BAC",)),
        ("allowed", ("IBM", "SPY"), ("SPY",), ("BAC",)),
        ("allowed", ("IBM",), ("IBM",), ()),
        ("allowed", (), ("IBM",), None),
        ("sectors", ("a: IBM",), ("a: IBM SPY",), ("b: IBM",)),
        ("refusal_retry_s", 1.0, 0.1, None),
        ("refusal_retry_s", 1.0, 10.0, None),
    ],
)
def test_limits_only_tighten_while_live(name: str, before: Any, tighter: Any, looser: Any) -> None:
    old = RiskLimits(**{name: before})
    check_tightening(old, RiskLimits(**{name: tighter}))
    if looser is not None:
        with pytest.raises(ConfigError, match=rf"risk\.{name} = .* is looser than .*, which is in"):
            check_tightening(old, RiskLimits(**{name: looser}))


def test_a_loosening_names_field_and_both_values_and_changes_nothing() -> None:
    desk = Desk(max_order_quantity=10)
    with pytest.raises(ConfigError, match=r"risk.max_order_quantity = 5,000 is looser than 10,"):
        desk.risk.tighten(RiskLimits(max_order_quantity=5_000))
    assert rule(desk.ask(BUY, 11)) == "order-quantity"


def test_tightened_limits_bind_at_once_also_where_there_were_none() -> None:
    desk = Desk(max_drawdown_pct=0.10)
    desk.risk.on_equity(110_000 * MICRO, NOW)
    assert desk.ask(BUY, 50, limit_price=300.0) is None
    tighter = RiskLimits(
        max_position_pct=0.01, max_gross_pct=1.0, max_drawdown_pct=0.095, min_order_interval_s=1,
        collar_pct=0.05,
    )  # fmt: skip
    desk.risk.tighten(tighter)
    assert rule(desk.ask(BUY, 1, limit_price=300.0)) == "collar"
    assert rule(desk.ask(BUY, 11)) == "position"
    assert desk.risk.floor_micro == 99_550 * MICRO
    assert desk.risk.limits is tighter


def test_the_table_of_limits_has_a_row_for_each_field_in_their_order() -> None:
    assert tuple(LIMITS) == RiskLimits.__struct_fields__
    named = {name for r in RULES for name in r.limits}
    beside = {
        "sectors", "correlation_threshold", "collar_ticks", "check_children", "preview_notional",
        "min_excess_pct", "rejection_window_s",
        "refusal_retry_s", "stale_after_s",
        "auction_cutoff_s",
    }  # fmt: skip
    assert named | beside == set(LIMITS)


@pytest.mark.parametrize(
    ("sectors", "words"),
    [
        (("banks BAC",), "write the sector, a colon and its symbols"),
        (("banks:",), "write the sector, a colon"),
        ((": BAC",), "write the sector, a colon"),
        (("banks: BAC", "tech: BAC"), "puts BAC into 'banks' and 'tech'"),
    ],
)
def test_a_sector_that_cannot_be_read_is_refused_by_name(
    sectors: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        RiskLimits(sectors=sectors)
