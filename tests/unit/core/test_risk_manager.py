from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.core.risk_desk import BUY, NOW, SECOND, SELL, SESSION, Desk, rule

from ikbr.core.halts import NO_FLOOR
from ikbr.core.risk_checks import ASKED, RULES, Rule
from ikbr.core.risk_ledger import BUYS, EXIT_BUYS, EXIT_SELLS, SELLS
from ikbr.core.risk_manager import RiskManager
from ikbr.core.risk_usage import risk_usage
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import Order, OrderRequest, OrderType
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import NAN, Ticker
from ikbr.domain.timers import NEVER


@pytest.mark.parametrize(
    ("limits", "order", "expected", "limit", "actual"),
    [
        ({"restricted": ("IBM", "SPY")}, {}, "restricted", 0, 1),
        ({"restricted": ("IBM",)}, {}, "passed", 0, 0),
        ({"max_order_quantity": 9}, {}, "order-quantity", 9, 10),
        ({"max_order_quantity": 10}, {}, "passed", 0, 0),
        ({"max_order_notional": 999.99}, {}, "order-notional", 999.99, 1000),
        ({"max_order_notional": 1000}, {}, "passed", 0, 0),
        ({"collar_pct": 0.05}, {"limit_price": 104.48}, "collar", 0.05, 0.05005),
        ({"collar_pct": 0.05}, {"limit_price": 104.47}, "passed", 0, 0),
        ({"collar_pct": 0.05}, {"limit_price": 94.5}, "collar", 0.05, 0.05025),
        ({"collar_pct": 0.05}, {"limit_price": 94.53}, "passed", 0, 0),
        ({"collar_pct": 0.05}, {}, "passed", 0, 0),
        ({"max_position_pct": 0.00999}, {}, "position", 999, 1000),
        ({"max_position_pct": 0.01}, {}, "passed", 0, 0),
        ({"max_position_notional": 999}, {}, "position", 999, 1000),
        ({"max_position_notional": 1000}, {}, "passed", 0, 0),
        ({"max_gross_pct": 0.00999}, {}, "exposure", 999, 1000),
        ({"max_gross_pct": 0.01}, {}, "passed", 0, 0),
    ],
)
def test_each_limit_refuses_just_beyond_itself(limits, order, expected, limit, actual) -> None:
    refused = Desk(**limits).ask(BUY, 10, **order)
    assert rule(refused) == expected
    if refused is not None:
        assert refused.limit == pytest.approx(limit)
        assert refused.actual == pytest.approx(actual, rel=1e-3)
        assert refused.reason.startswith("SPY: ")
        pause = NEVER if expected == "restricted" else NOW + SECOND
        assert refused.retry_ns == pause


def test_the_refusal_pause_is_a_setting() -> None:
    refused = Desk(max_order_quantity=1, refusal_retry_s=2.5).ask(BUY, 10)
    assert refused is not None
    assert refused.retry_ns == NOW + 2_500_000_000


def test_an_order_knows_whether_it_can_only_shrink_a_position() -> None:
    desk = Desk()
    assert not desk.send(SELL, 100).closes
    desk.risk.ledger.remove(1)
    desk.hold(100)
    assert not desk.send(SELL, 101).closes
    assert not desk.send(BUY, 1).closes
    assert not desk.send(SELL, 100).closes  # the first one closes it already
    desk = Desk()
    desk.hold(100)
    first = desk.send(SELL, 60)
    assert (first.closes, desk.send(SELL, 60).closes, desk.send(SELL, 40).closes) == (
        True,
        False,
        False,
    )
    assert desk.send(SELL, 100, parent=first.order_id).closes
    assert desk.send(SELL, 100, reduce_only=True).closes


def test_orders_per_day_are_counted_until_the_next_session() -> None:
    desk = Desk(max_orders_per_day=2)
    first = desk.send(BUY, 1)
    desk.risk.on_sent(first, NOW)  # a modification is no new order
    assert desk.ask(BUY, 1) is None
    desk.send(BUY, 1)
    refused = desk.ask(BUY, 1)
    assert rule(refused) == "orders-per-day"
    assert (refused.limit, refused.actual) == (2, 3)
    assert desk.ask(BUY, 1, replaces=first) is None
    desk.risk.start_session(SESSION, 100_000 * MICRO)
    assert desk.ask(BUY, 1) is None


def test_what_is_counted_as_open_before_it_is_sent_is_no_order_of_the_day() -> None:
    desk = Desk(max_orders_per_day=1)
    trial = Order(-1, OrderRequest("SPY", BUY, 1), desk.instruments["SPY"], "m")
    desk.risk.reserve(trial)
    desk.risk.release(trial)
    assert desk.ask(BUY, 1) is None
    desk.send(BUY, 1)
    assert rule(desk.ask(BUY, 1)) == "orders-per-day"


def test_attached_exits_count_as_orders_of_the_day_before_they_are_sent() -> None:
    desk = Desk(max_orders_per_day=3)
    bracket = {"take_profit": 110.0, "stop_loss": 90.0}
    assert desk.ask(BUY, 1, **bracket) is None
    desk.send(BUY, 1)
    refused = desk.ask(BUY, 1, **bracket)
    assert (rule(refused), refused.limit, refused.actual) == ("orders-per-day", 3, 4)
    assert desk.ask(BUY, 1, stop_loss=90.0) is None


def test_the_interval_counts_entries_of_one_strategy_in_one_symbol() -> None:
    desk = Desk(min_order_interval_s=1.5)
    desk.send(BUY, 10)
    refused = desk.ask(BUY, 1, now=NOW + SECOND)
    assert rule(refused) == "interval"
    assert refused.retry_ns == NOW + 1_500_000_000
    assert (refused.limit, refused.actual) == (1.5, 1.0)
    assert desk.ask(BUY, 1, now=refused.retry_ns - 1) is not None
    assert desk.ask(BUY, 1, now=refused.retry_ns) is None
    assert desk.ask(BUY, 1, now=NOW + SECOND, strategy="other") is None
    assert desk.ask(BUY, 1, "IBM", now=NOW + SECOND) is None


def test_a_closing_order_neither_waits_for_the_interval_nor_starts_it() -> None:
    desk = Desk(min_order_interval_s=1)
    desk.hold(10)
    closing = desk.send(SELL, 10, now=NOW + 5)
    desk.fill(closing, 10)
    assert rule(desk.ask(BUY, 1, now=NOW + SECOND - 1)) == "interval"
    assert desk.ask(BUY, 1, now=NOW + SECOND) is None


def test_a_modification_is_no_new_entry_and_its_own_quantity_does_not_count_twice() -> None:
    desk = Desk(min_order_interval_s=1, max_position_pct=0.10)
    order = desk.send(BUY, 80)
    assert rule(desk.ask(BUY, 80, now=NOW + 2 * SECOND)) == "position"
    assert desk.ask(BUY, 90, replaces=order) is None
    assert rule(desk.ask(BUY, 101, replaces=order)) == "position"
    assert desk.risk.ledger.orders[order.order_id].remaining == 80
    unknown = Order(999, order.request, order.instrument, "m")
    assert rule(desk.ask(BUY, 90, replaces=unknown)) == "position"


def test_what_an_order_has_filled_is_not_counted_again_when_it_is_changed() -> None:
    desk = Desk(max_position_pct=0.10)
    order = desk.send(BUY, 100)
    desk.fill(order, 60)
    limit = {"order_type": OrderType.LIMIT, "limit_price": 99.5}
    assert desk.ask(BUY, 100, replaces=order, **limit) is None
    assert rule(desk.ask(BUY, 101, replaces=order)) == "position"


def test_a_closing_order_that_was_filled_in_part_may_be_changed_while_entries_are_halted() -> None:
    desk = Desk()
    desk.hold(100)
    desk.risk.halt("test")
    order = desk.send(SELL, 100)
    desk.fill(order, 60)
    assert desk.ask(SELL, 100, replaces=order) is None
    assert rule(desk.ask(SELL, 101, replaces=order)) == "kill"


@pytest.mark.parametrize(
    ("market", "expected"),
    [
        ({}, "passed"),
        ({"bid": 100.0, "ask": 100.0}, "passed"),
        ({"ts_ns": NOW - 61 * SECOND}, "stale"),
        ({"bid": 101.0}, "stale"),
        ({"bid": NAN, "ask": NAN}, "passed"),
        ({"bid": NAN, "ask": NAN, "last": NAN}, "price"),
    ],
)
def test_entries_on_untrusted_data_are_refused_where_wanted(market, expected) -> None:
    desk = Desk(refuse_stale=True)
    assert rule(desk.ask(BUY, 1, ticker=desk.ticker(**market))) == expected
    if expected == "stale":
        assert Desk().ask(BUY, 1, ticker=desk.ticker(**market)) is None


def test_a_limit_price_without_a_market_to_compare_with_is_refused() -> None:
    desk = Desk(collar_pct=0.05)
    ticker = desk.ticker(bid=NAN, ask=NAN, last=NAN)
    assert rule(desk.ask(BUY, 1, ticker=ticker, limit_price=100.0)) == "collar"
    zero = desk.ticker(bid=NAN, ask=NAN, last=0.0)
    assert desk.ask(BUY, 1, ticker=zero, limit_price=1.0).actual == float("inf")


@pytest.mark.parametrize(
    ("side", "more", "worth"),
    [
        (BUY, {}, 100.0),
        (SELL, {}, 99.0),
        (BUY, {"limit_price": 98.0}, 98.0),
        (BUY, {"limit_price": 103.0}, 103.0),
        (SELL, {"limit_price": 103.0}, 103.0),
        (SELL, {"limit_price": 90.0}, 99.0),
        (BUY, {"order_type": OrderType.STOP, "stop_price": 105.0}, 105.0),
        (SELL, {"order_type": OrderType.STOP, "stop_price": 95.0}, 99.0),
    ],
)
def test_an_order_is_valued_at_the_worst_price_it_can_get(side, more, worth) -> None:
    refused = Desk(max_order_notional=1).ask(side, 10, **more)
    assert refused.actual == pytest.approx(10 * worth)


def test_without_quotes_the_last_price_values_an_order() -> None:
    desk = Desk(max_order_notional=1)
    refused = desk.ask(SELL, 10, ticker=desk.ticker(bid=NAN, ask=NAN, last=98.0))
    assert refused.actual == pytest.approx(980.0)


def test_open_orders_of_the_same_side_count_toward_the_position() -> None:
    desk = Desk(max_position_pct=0.10)
    desk.hold(40)
    order = desk.send(BUY, 30)
    assert desk.ask(BUY, 30) is None
    assert rule(desk.ask(BUY, 31)) == "position"
    desk.fill(order, 10)
    assert rule(desk.ask(BUY, 31)) == "position"
    desk.risk.on_done(order)
    assert desk.ask(BUY, 50) is None
    assert desk.ask(SELL, 150) is None
    assert rule(desk.ask(SELL, 152)) == "position"


def test_fills_and_ends_of_orders_that_are_not_open_change_nothing() -> None:
    desk = Desk(max_position_pct=0.10)
    order = desk.send(BUY, 30)
    desk.risk.on_done(order)
    desk.risk.on_done(order)
    desk.fill(order, 30)
    assert desk.risk.ledger.books["SPY"].open[BUYS] == 0
    assert desk.ask(BUY, 70) is None
    assert rule(desk.ask(BUY, 71)) == "position"


def test_a_modified_order_counts_with_its_new_quantity() -> None:
    desk = Desk(max_position_pct=0.10)
    order = desk.send(BUY, 90)
    desk.fill(order, 20)
    order.request = OrderRequest("SPY", BUY, 30)
    desk.risk.on_sent(order, NOW)
    book = desk.risk.ledger.books["SPY"]
    assert (book.open[BUYS], desk.risk.ledger.sent_today) == (10, 1)


CLOSING_LIMITS = {
    "max_position_pct": 0.01,
    "max_gross_pct": 0.01,
    "max_drawdown_pct": 0.5,
    "max_correlated_pct": 0.01,
    "min_order_interval_s": 100,
    "refuse_stale": True,
}


@pytest.mark.parametrize(
    ("held", "side", "quantity", "passes"),
    [
        (500, SELL, 500, True),
        (500, SELL, 1, True),
        (500, SELL, 501, False),
        (500, BUY, 1, False),
        (-500, BUY, 500, True),
        (-500, BUY, 501, False),
    ],
)
def test_what_only_shrinks_a_position_passes_the_rules_about_risk(
    held, side, quantity, passes
) -> None:
    desk = Desk(**CLOSING_LIMITS)
    desk.hold(held)
    desk.risk.halt("test")
    stale = desk.ticker(ts_ns=0)
    assert (desk.ask(side, quantity, ticker=stale) is None) is passes


def test_working_closing_orders_use_up_what_may_be_closed() -> None:
    desk = Desk(max_drawdown_pct=0.5)
    desk.hold(100)
    desk.risk.halt("test")
    order = desk.send(SELL, 60)
    assert desk.ask(SELL, 40) is None
    assert rule(desk.ask(SELL, 41)) == "kill"
    desk.risk.on_done(order)
    assert desk.ask(SELL, 100) is None


def test_orders_of_one_oca_group_replace_each_other() -> None:
    desk = Desk()
    desk.hold(100)
    desk.risk.halt("test")
    desk.send(SELL, 100, oca_group="exit", reduce_only=True)
    second = desk.send(SELL, 100, oca_group="exit", reduce_only=True)
    book = desk.risk.ledger.books["SPY"]
    assert book.open[SELLS] == 100
    assert rule(desk.ask(SELL, 1)) == "kill"
    assert desk.ask(SELL, 100, oca_group="exit") is None
    desk.risk.on_done(second)
    assert book.open[SELLS] == 100


@pytest.mark.parametrize("closing", [BUY, SELL])
def test_a_closing_order_still_on_its_way_counts_once_the_position_has_turned(closing) -> None:
    desk = Desk(max_position_pct=0.10)
    desk.hold(-10 * closing)
    desk.send(closing, 10, reduce_only=True)  # the broker never says what became of it
    desk.fill(desk.send(closing, 60), 60)  # it turns the position: nothing is left to close
    assert desk.ask(closing, 40) is None
    assert rule(desk.ask(closing, 50)) == "position"


@pytest.mark.parametrize("held", [100, -100])
def test_attached_exits_never_add_exposure(held) -> None:
    desk = Desk(max_position_pct=0.10, max_gross_pct=0.10)
    entry, exit_side = (BUY, SELL) if held > 0 else (SELL, BUY)
    order = desk.send(entry, 100)
    parent = order.order_id
    desk.send(exit_side, 100, parent=parent)
    desk.send(exit_side, 100, parent=parent)
    book = desk.risk.ledger.books["SPY"]
    assert book.worst(0) == 100
    desk.fill(order, 100, 100.0)
    assert book.worst(held) == 100
    # If the exits fill first, there is room for a whole position on the other side.
    assert desk.ask(exit_side, 100, ticker=desk.ticker(bid=100.0, ask=100.0)) is None


@pytest.mark.parametrize(
    ("limits", "more", "expected"),
    [
        ({"restricted": ("SPY",)}, {}, "restricted"),
        ({"max_order_quantity": 5}, {}, "order-quantity"),
        ({"max_orders_per_day": 1}, {}, "orders-per-day"),
        ({"collar_pct": 0.01}, {"limit_price": 50.0}, "collar"),
        ({"max_order_notional": 500}, {}, "order-notional"),
    ],
)
def test_a_closing_order_never_passes_the_rules_about_mistakes(limits, more, expected) -> None:
    desk = Desk(**limits)
    desk.hold(10)
    assert rule(desk.ask(SELL, 10, **more)) == expected


def test_a_closing_order_does_not_hang_on_a_missing_price() -> None:
    desk = Desk(max_order_notional=500)
    desk.hold(10)
    assert desk.ask(SELL, 10, ticker=desk.ticker(bid=NAN, ask=NAN, last=NAN)) is None


def test_orders_in_a_symbol_that_is_flat_again_do_not_count_at_its_last_mark() -> None:
    desk = Desk(max_gross_pct=0.10)
    desk.hold(1, "IBM", price=50.0)
    desk.fill(desk.send(SELL, 1, "IBM"), 1, 50.0)
    assert desk.ask(BUY, 60, "IBM") is None
    desk.send(BUY, 60, "IBM")
    assert desk.ask(BUY, 40) is None
    assert rule(desk.ask(BUY, 41)) == "exposure"


@pytest.mark.parametrize("prices", [{"limit_price": 100.0}, {"stop_price": 100.0}, {}])
def test_orders_that_no_check_has_valued_count_by_their_own_prices(
    prices: dict[str, float],
) -> None:
    desk = Desk(max_gross_pct=0.10)
    kind = {"limit_price": OrderType.LIMIT, "stop_price": OrderType.STOP}
    request = OrderRequest(
        "IBM", BUY, 50, kind.get(next(iter(prices), ""), OrderType.MARKET), **prices
    )
    left = Order(77, request, desk.instruments["IBM"], "m", NOW, 0, decision_price=100.0)
    desk.risk.reserve(left)  # as after a restart
    assert desk.ask(BUY, 50) is None
    assert rule(desk.ask(BUY, 51)) == "exposure"


def test_exposure_is_the_worst_case_over_all_symbols() -> None:
    desk = Desk(max_gross_pct=0.10)
    desk.hold(30)  # 3,000
    desk.hold(-20, "IBM")  # 2,000
    assert desk.ask(BUY, 50, "BAC") is None
    assert rule(desk.ask(BUY, 51, "BAC")) == "exposure"
    assert desk.ask(BUY, 30, "BAC") is None  # notes BAC's price
    waiting = desk.send(BUY, 30, "BAC")
    assert desk.ask(BUY, 20) is None
    refused = desk.ask(BUY, 21)
    assert rule(refused) == "exposure"
    assert refused.actual == pytest.approx(10_100)
    more = desk.send(SELL, 40, "IBM")
    assert rule(desk.ask(BUY, 1)) == "exposure"
    desk.risk.on_done(more)
    desk.risk.on_done(waiting)
    assert desk.ask(BUY, 50) is None


def test_an_order_that_does_not_raise_the_exposure_passes_even_above_the_limit() -> None:
    desk = Desk(max_gross_pct=0.01)
    desk.hold(100)
    assert desk.ask(SELL, 150) is None  # from +100 to -50
    assert rule(desk.ask(SELL, 201)) == "exposure"


def test_money_in_other_currencies_and_multipliers_count_in_the_base_currency() -> None:
    desk = Desk(max_position_pct=0.10, fx={"JPY": 0.01})
    yen = {"ticker": desk.ticker("USD.JPY", 149.0, 150.0, 149.5)}
    assert desk.ask(BUY, 6_666, "USD.JPY", **yen) is None
    assert rule(desk.ask(BUY, 6_667, "USD.JPY", **yen)) == "position"
    future = {"ticker": desk.ticker("ES 202612 CME", 199.0, 200.0, 199.0)}
    assert desk.ask(BUY, 1, "ES 202612 CME", **future) is None
    assert rule(desk.ask(BUY, 2, "ES 202612 CME", **future)) == "position"
    gross = Desk(max_gross_pct=0.10, fx={"JPY": 0.01})
    gross.hold(4_000, "USD.JPY", 150.0)  # 6,000 dollars
    assert gross.ask(BUY, 40) is None
    assert rule(gross.ask(BUY, 41)) == "exposure"


def test_an_entry_without_an_exchange_rate_is_refused() -> None:
    refused = Desk().ask(BUY, 1, "USD.JPY")
    assert rule(refused) == "price"
    assert "no exchange rate of JPY" in refused.reason


def correlated(desk: Desk, samples: int = 30) -> None:
    for i in range(samples):
        wave = 1.0 + 0.01 * (i % 3)
        noise = 1.0 + 0.01 * (i % 2)
        marks = {"SPY": 100 * wave, "IBM": 50 * wave, "BAC": 10 / wave, "ES 202612 CME": noise}
        desk.risk.on_sample(i, marks)


@pytest.mark.parametrize(
    ("other", "held", "side", "expected"),
    [
        ("IBM", 60, BUY, "correlation"),
        ("IBM", -60, BUY, "passed"),
        ("IBM", -60, SELL, "correlation"),
        ("BAC", 60, BUY, "passed"),
        ("BAC", -60, BUY, "correlation"),
        ("ES 202612 CME", 1, BUY, "passed"),
    ],
)
def test_holdings_that_move_as_one_count_together(other, held, side, expected) -> None:
    desk = Desk(max_correlated_pct=0.10)
    correlated(desk)
    desk.hold(held, other)
    ticker = desk.ticker(bid=100.0, ask=100.0)
    assert desk.ask(side, 40, ticker=ticker) is None
    refused = desk.ask(side, 41, ticker=ticker)
    assert rule(refused) == expected
    if refused is not None:
        assert (refused.limit, refused.actual) == (pytest.approx(10_000), pytest.approx(10_100))


def test_open_orders_in_correlated_symbols_count_too() -> None:
    desk = Desk(max_correlated_pct=0.10)
    correlated(desk)
    assert desk.ask(BUY, 60, "IBM") is None
    desk.send(BUY, 60, "IBM")
    assert desk.ask(BUY, 40) is None
    assert rule(desk.ask(BUY, 41)) == "correlation"
    assert desk.ask(SELL, 100) is None


def test_one_symbol_alone_and_a_short_history_pass_the_correlation_rule() -> None:
    desk = Desk(max_correlated_pct=0.10)
    desk.hold(60, "IBM")
    correlated(desk, 20)
    assert desk.ask(BUY, 500) is None
    correlated(desk, 30)
    assert rule(desk.ask(BUY, 500)) == "correlation"
    assert desk.ask(BUY, 500, "IBM") is None


def test_the_drawdown_halt_trips_once_and_stays() -> None:
    desk = Desk(max_drawdown_pct=0.05)
    risk = desk.risk
    assert (risk.peak_micro, risk.floor_micro) == (100_000 * MICRO, 95_000 * MICRO)
    assert risk.on_equity(200_000 * MICRO, NOW) is None
    assert (risk.peak_micro, risk.floor_micro) == (200_000 * MICRO, 190_000 * MICRO)
    assert risk.on_equity(190_000 * MICRO + 1, NOW) is None
    assert risk.halted is None
    halt = risk.on_equity(190_000 * MICRO, NOW)
    assert (halt.rule, halt.limit, halt.retry_ns) == ("drawdown", 0.05, NEVER)
    assert halt.actual == pytest.approx(0.05)
    assert risk.floor_micro == NO_FLOOR
    assert risk.on_equity(100_000 * MICRO, NOW) is None
    assert risk.on_equity(195_000 * MICRO, NOW) is None
    risk.start_session(SESSION, 195_000 * MICRO)
    assert desk.ask(BUY, 1) is halt is risk.halted


def test_an_entry_at_an_equity_below_the_floor_is_refused_before_the_halt_is_noticed() -> None:
    desk = Desk(max_drawdown_pct=0.05, max_daily_loss_pct=0.02)
    assert desk.ask(BUY, 1) is None
    desk.portfolio.add_cash(-2_000 * MICRO)
    assert rule(desk.ask(BUY, 1)) == "daily-loss"
    desk.portfolio.add_cash(-3_000 * MICRO)
    assert rule(desk.ask(BUY, 1)) == "drawdown"
    assert desk.risk.halted is None


def test_the_loss_of_the_day_halts_until_the_next_session() -> None:
    desk = Desk(max_daily_loss_pct=0.01, max_drawdown_pct=0.05)
    risk = desk.risk
    assert risk.barrier_micro == 99_000 * MICRO
    halt = risk.on_equity(99_000 * MICRO, NOW)
    assert (halt.rule, halt.limit, halt.retry_ns) == ("daily-loss", 0.01, NEVER)
    assert risk.barrier_micro == 95_000 * MICRO
    assert risk.on_equity(98_000 * MICRO, NOW) is None
    assert desk.ask(BUY, 1) is halt
    risk.start_session(SESSION, 98_000 * MICRO)
    assert risk.halted is None
    assert risk.on_equity(97_021 * MICRO, NOW) is None
    assert risk.on_equity(97_020 * MICRO, NOW).rule == "daily-loss"
    assert risk.on_equity(95_000 * MICRO, NOW).rule == "drawdown"
    assert risk.halted.rule == "drawdown"
    risk.start_session(SESSION, 90_000 * MICRO)
    assert risk.halted.rule == "drawdown"


def test_one_fall_may_trip_both_halts_and_the_worse_is_told() -> None:
    risk = Desk(max_daily_loss_pct=0.01, max_drawdown_pct=0.05).risk
    assert risk.on_equity(90_000 * MICRO, NOW).rule == "drawdown"
    assert risk.barrier_micro == NO_FLOOR


def test_a_session_may_begin_above_the_peak() -> None:
    risk = Desk(max_drawdown_pct=0.05).risk
    risk.start_session(SESSION, 120_000 * MICRO)
    assert risk.peak_micro == 120_000 * MICRO


def test_without_the_limits_there_is_no_floor() -> None:
    risk = Desk().risk
    assert risk.floor_micro == risk.barrier_micro == NO_FLOOR
    assert risk.on_equity(-(10**18), NOW) is None


def test_a_person_halts_and_arms() -> None:
    desk = Desk(max_drawdown_pct=0.05)
    desk.portfolio.add_cash(-6_000 * MICRO)
    desk.risk.on_equity(94_000 * MICRO, NOW)
    assert desk.risk.halt("too hot").rule == "kill"
    refused = desk.ask(BUY, 1)
    assert (refused.rule, refused.retry_ns) == ("kill", NEVER)
    assert "too hot" in refused.reason
    desk.risk.start_session(SESSION, 94_000 * MICRO)
    assert desk.risk.halted.rule == "kill"
    desk.risk.arm()
    assert desk.ask(BUY, 1) is None
    assert (desk.risk.peak_micro, desk.risk.floor_micro) == (94_000 * MICRO, 89_300 * MICRO)


@pytest.mark.parametrize(
    ("limits", "action", "more", "expected"),
    [
        ({"max_position_pct": 0.3}, "BUY", {}, 300),
        ({"max_position_pct": 0.3}, "SELL", {}, 303),
        ({"max_position_pct": 0.3}, "FLAT", {}, 0),
        ({"max_position_pct": 0.3}, "BUY", {"strength": 0.5}, 150),
        ({"max_position_pct": 0.3}, "BUY", {"strength": 5.0}, 300),
        ({"max_position_pct": 0.3}, "BUY", {"strength": -1.0}, 0),
        ({"max_position_pct": 0.3, "max_position_notional": 5_050}, "BUY", {}, 50),
        ({}, "BUY", {}, 1000),
        ({"max_position_notional": 5_050}, "BUY", {}, 50),
    ],
)
def test_the_size_fills_the_position_limit_at_the_touch(limits, action, more, expected) -> None:
    desk = Desk(**limits)
    signal = Signal(action, "SPY", 99.5, **more)
    size = desk.risk.calculate_position_size(signal, desk.ticker(), 100_000 * MICRO)
    assert size == expected


def test_the_size_knows_shares_lots_and_missing_prices() -> None:
    desk = Desk(max_position_pct=0.3)
    signal = Signal("BUY", "SPY", 99.5)
    size = desk.risk.calculate_position_size
    assert size(signal, desk.ticker(), 100_000 * MICRO, 0.25) == 75
    assert size(signal, desk.ticker(bid=NAN, ask=NAN), 100_000 * MICRO) == 301
    assert size(signal, desk.ticker(bid=NAN, ask=NAN, last=NAN), 100_000 * MICRO) == 0
    assert size(signal, desk.ticker(bid=0.0, ask=0.0, last=0.0), 100_000 * MICRO) == 0
    assert size(signal, desk.ticker(), -1 * MICRO) == 0
    lots = {"LOT": Instrument(symbol="LOT", lot=100)}
    risk = RiskManager(RiskLimits(), Portfolio(lots, 100_000 * MICRO), lots)
    ticker = Ticker(lots["LOT"])
    ticker.ask = 99.0
    assert risk.calculate_position_size(Signal("BUY", "LOT", 99.0), ticker, 100_000 * MICRO) == 300


@given(
    cents=st.integers(1, 500_000),
    spread=st.integers(0, 50),
    capital=st.integers(1, 10_000_000),
    share=st.floats(0.01, 1.0),
    strength=st.floats(0.01, 1.0),
    cap=st.sampled_from([0.0, 5_000.0, 12_345.67]),
    side=st.sampled_from([BUY, SELL]),
)
def test_what_sizing_gives_is_never_refused_by_the_position_rule(
    cents, spread, capital, share, strength, cap, side
) -> None:
    instruments = {"SPY": Instrument(symbol="SPY")}
    portfolio = Portfolio(instruments, capital * MICRO)
    risk = RiskManager(RiskLimits(max_position_notional=cap), portfolio, instruments)
    ticker = Ticker(instruments["SPY"])
    ticker.bid, ticker.ask = cents / 100, (cents + spread) / 100
    ticker.last = ticker.bid
    signal = Signal(side.name, "SPY", ticker.last, strength)
    size = risk.calculate_position_size(signal, ticker, portfolio.equity_micro(), share)
    if size:
        assert risk.check(OrderRequest("SPY", side, size), "m", ticker, NOW) is None
    full = risk.calculate_position_size(Signal(side.name, "SPY", 1.0), ticker, capital * MICRO)
    assert rule(risk.check(OrderRequest("SPY", side, full + 1), "m", ticker, NOW)) == "position"


steps = st.lists(
    st.tuples(
        st.sampled_from(["send", "fill", "done", "modify"]),
        st.sampled_from([BUY, SELL]),
        st.integers(1, 50),
        st.sampled_from(["", "", "g", "h"]),
        st.booleans(),
        st.integers(0, 20),
    ),
    max_size=40,
)


PARENT = 1_000_000


def group_of(order: Order) -> str:
    return order.request.oca_group or (f"#{PARENT}" if order.parent_id else "")


@given(steps)
def test_the_ledger_always_agrees_with_a_count_of_the_open_orders(steps) -> None:
    desk = Desk()
    opened: list[Order] = []
    for what, side, quantity, group, exits, pick in steps:
        if what == "send" or not opened:
            opened.append(desk.send(side, quantity, oca_group=group, parent=PARENT * exits))
            continue
        order = opened[pick % len(opened)]
        if what == "fill" and order.remaining > 1:
            desk.fill(order, min(quantity, order.remaining - 1))
        elif what == "modify":
            old = order.request
            order.request = OrderRequest("SPY", old.side, order.filled + quantity, oca_group=group)
            desk.risk.on_sent(order, NOW)
        else:
            opened.remove(order)
            desk.risk.on_done(order)
    book = desk.risk.ledger.book("SPY")
    for side, exits, counted in [
        (BUY, False, book.open[BUYS]),
        (BUY, True, book.open[EXIT_BUYS]),
        (SELL, False, book.open[SELLS]),
        (SELL, True, book.open[EXIT_SELLS]),
    ]:
        these = [o for o in opened if o.side is side and bool(o.parent_id) is exits]
        groups = {group_of(o) for o in these} - {""}
        alone = sum(o.remaining for o in these if not group_of(o))
        largest = (max(o.remaining for o in these if group_of(o) == g) for g in groups)
        assert counted == alone + sum(largest)
    assert set(desk.risk.ledger.orders) == {o.order_id for o in opened}


def test_a_new_rule_is_a_row_in_the_table() -> None:
    def odd(case):
        if case.request.quantity % 2 == 0:
            return None
        return case.refuse("odd", 0, 1, "odd quantities are not wanted.")

    desk = Desk(rules=(*RULES, Rule("odd", (), "units", "order", ASKED, True, odd)))
    assert desk.ask(BUY, 2) is None
    assert rule(desk.ask(BUY, 3)) == "odd"


def test_every_rule_of_the_table_names_limits_that_exist_and_has_its_own_name() -> None:
    fields = set(RiskLimits.__struct_fields__)
    assert len({r.name for r in RULES}) == len(RULES)
    assert all(set(r.limits) <= fields for r in RULES)
    assert [r.stage for r in RULES] == sorted(r.stage for r in RULES)


def test_what_is_ordered_shows_in_the_usage_as_the_rules_count_it() -> None:
    desk = Desk(max_gross_pct=0.10, max_net_pct=0.10)
    desk.hold(1, "IBM", price=50.0)
    desk.fill(desk.send(SELL, 1, "IBM"), 1, 50.0)
    for symbol in ("IBM", "BAC"):
        assert desk.ask(BUY, 50, symbol) is None
        desk.send(BUY, 50, symbol)
    before = set(desk.portfolio.positions)
    usage = risk_usage(desk.risk, desk.portfolio)
    assert usage["max_gross_pct"].used == pytest.approx(0.10)
    assert usage["max_net_pct"].used == pytest.approx(0.10)
    assert set(desk.portfolio.positions) == before
