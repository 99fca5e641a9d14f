"""What IB says, in whatever order it says it, becomes what happened to our orders."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ikbr.domain.errors import OrderError
from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Order, Side, TimeInForce

CLIENT_OF_ANOTHER = 6

# --- sending ------------------------------------------------------------------------------------


def test_an_order_is_sent_with_our_number_note_and_account(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    [fields] = desk.sent(3)
    assert fields[1] == str(order.order_id) == "100"
    assert (fields[16], fields[17], fields[18], fields[19]) == ("BUY", "100", "LMT", "500.0")
    assert (fields[23], fields[26], fields[27]) == ("DU1", "ikbr:100:m", "1")


def test_a_rehearsed_order_is_not_sent(desk: Any) -> None:
    sent = len(desk.sent(3))
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.broker.rehearse(order)
    desk.ib.disconnect()
    desk.broker.rehearse(order)
    assert len(desk.sent(3)) == sent + 1


def test_request_ids_never_meet_order_ids(desk: Any) -> None:
    assert desk.ib.client.getReqId() >= 1_000_000_000


def test_ids_begin_where_the_journal_ended(open_desk: Any) -> None:
    desk = open_desk()
    broker = desk.broker
    broker._first_id = 0
    desk.connect()
    assert broker.start(first_id=700) == 700


def test_ids_that_are_used_up_are_refused(desk: Any) -> None:
    desk.broker._first_id = 0
    with pytest.raises(OrderError, match="reset the gateway's API order ids"):
        desk.broker.start()


def test_an_order_with_a_used_id_is_not_sent(desk: Any) -> None:
    desk.orders.next_id = 99
    order = desk.send()
    assert order.state is OrderState.REJECTED
    assert desk.events == [("reject", 103)]
    assert desk.sent(3) == []


@pytest.mark.parametrize(
    ("children", "flags"),
    [
        ({"take_profit": 510.0, "stop_loss": 490.0}, ["0", "0", "1"]),
        ({"stop_loss": 490.0}, ["0", "1"]),
        ({}, ["1"]),
    ],
)
def test_a_bracket_goes_out_as_one(desk: Any, children: dict[str, float], flags: list[str]) -> None:
    parent = desk.send(**children)
    desk.later(0)
    sent = desk.sent(3)
    assert [fields[27] for fields in sent] == flags
    assert {fields[28] for fields in sent[1:]} <= {str(parent.order_id)}
    groups = {fields[22] for fields in sent[1:]}
    assert len(groups) == bool(children)
    assert all(group.startswith("ikbr-5-100-exit-") for group in groups)


def test_a_bracket_whose_last_child_never_comes_is_released(desk: Any) -> None:
    cancelled: list[int] = []

    def cancel_the_last(order: Order) -> None:
        if order.parent_id and not cancelled:
            cancelled.append(order.order_id)

    desk.orders.on_intent = cancel_the_last
    broker_submit = desk.broker.submit

    def submit(order: Order) -> None:
        broker_submit(order)
        if order.parent_id == 0:
            desk.orders.cancel(order.order_id + 2)

    desk.broker.submit = submit
    desk.send(take_profit=510.0, stop_loss=490.0)
    assert [fields[27] for fields in desk.sent(3)] == ["0", "0"]
    desk.later(0)
    assert [(fields[1], fields[27]) for fields in desk.sent(3)] == [
        ("100", "0"),
        ("101", "0"),
        ("101", "1"),
    ]


def test_an_exit_for_an_order_that_has_ended_stands_alone(desk: Any) -> None:
    entry = desk.send()
    desk.execute(entry)
    desk.charge()
    assert entry.state is OrderState.FILLED
    request = desk.orders.orders[entry.order_id].request
    desk.orders.attach(request, desk.spy, "m", entry.order_id)
    assert desk.sent(3)[-1][28] == "0"


def test_nothing_is_sent_without_a_connection(desk: Any) -> None:
    working = desk.send()
    desk.status(working, "Submitted")
    desk.break_link()
    sent = len(desk.connection.sent)
    order = desk.send()
    assert order.state is OrderState.REJECTED
    desk.orders.cancel(working.order_id)
    desk.orders.modify(working.order_id, quantity=50)
    assert len(desk.connection.sent) == sent
    assert desk.events[-3:] == [("reject", 321), ("cancel-refused", 161), ("cancel-refused", 321)]
    assert working.quantity == 100
    assert working.state is OrderState.SUBMITTED


def test_an_order_that_ib_does_not_know_is_refused_before_it_is_sent(desk: Any) -> None:
    order = desk.send(100, "MOO", tif="GTC")
    assert order.state is OrderState.REJECTED
    assert "a MOO order is for one opening" in order.message
    assert desk.sent(3) == []


# --- fills --------------------------------------------------------------------------------------


def test_a_fill_waits_for_its_commission_and_is_reported_once(desk: Any) -> None:
    order = desk.send()
    desk.open(order, "PreSubmitted")
    desk.status(order, "PreSubmitted")
    desk.execute(order, lastLiquidity=1)
    desk.status(order, "Filled", 100)
    assert desk.fills == []
    desk.charge(1.000035)
    desk.execute(order)
    desk.charge(1.000035)
    [fill] = desk.fills
    assert (fill.quantity, fill.price_units, fill.price) == (100, 5_000_000, 500.0)
    assert (fill.commission_micro, fill.liquidity, fill.strategy) == (1_000_035, "make", "m")
    assert fill.ts_ns == desk.clock.now_ns
    assert desk.events == [("ack-pre", 0)]
    assert order.state is OrderState.FILLED
    assert desk.orders.anomalies == {}


def test_a_commission_may_come_first(desk: Any) -> None:
    order = desk.send()
    desk.charge(2.5)
    desk.execute(order)
    assert [fill.commission_micro for fill in desk.fills] == [2_500_000]


def test_a_missing_commission_is_expected_and_its_difference_reported(open_desk: Any) -> None:
    def estimate(_i: Instrument, side: Side, quantity: int, units: int) -> int:
        return int(side) * quantity * units

    desk = open_desk(estimate=estimate, commission_wait_s=2.0)
    order = desk.send()
    desk.execute(order)
    desk.later(1.999)
    assert desk.fills == []
    desk.later(0.001)
    [fill] = desk.fills
    assert fill.commission_micro == 500_000_000
    for _ in range(2):
        desk.charge(501.0)
    assert [(f.exec_id, f.commission_micro) for f in desk.amended] == [(fill.exec_id, 501_000_000)]
    assert desk.orders.fills[fill.exec_id].commission_micro == 501_000_000


@pytest.mark.parametrize(("commission", "currency"), [(1.7976931348623157e308, "USD"), (1, "EUR")])
def test_a_commission_that_says_nothing_is_not_booked(
    desk: Any, commission: float, currency: str
) -> None:
    order = desk.send()
    desk.execute(order)
    desk.charge(commission, currency=currency)
    assert desk.fills == []
    desk.later(2)
    assert [fill.commission_micro for fill in desk.fills] == [0]
    assert bool(desk.notices) == (currency == "EUR")


def test_a_correction_is_no_second_fill(desk: Any) -> None:
    order = desk.send()
    desk.execute(order)
    desk.charge()
    desk.execute(order, price=499.0, exec_id="a.b.01.02")
    desk.charge(exec_id="a.b.01.02")
    desk.execute(order, exec_id="a.b.01.01")
    assert len(desk.fills) == 1
    assert [(fill.price, fill.quantity) for fill in desk.amended] == [(499.0, 100)]
    assert order.average_price == 499.0


def test_a_correction_replaces_what_was_not_reported_yet(desk: Any) -> None:
    order = desk.send()
    desk.execute(order)
    desk.execute(order, price=499.0, exec_id="a.b.01.02")
    desk.charge(exec_id="a.b.01.02")
    assert [fill.price for fill in desk.fills] == [499.0]
    desk.later(10)
    assert len(desk.fills) == 1


def test_what_is_taken_back_before_it_was_told_is_not_filled_once_more(desk: Any) -> None:
    order = desk.send()
    desk.execute(order, 60)
    desk.execute(order, 40, exec_id="a.b.01.02")
    desk.charge(exec_id="a.b.01.02")
    assert [fill.quantity for fill in desk.fills] == [60]
    assert (order.filled, order.undone, order.remaining) == (40, 20, 40)
    desk.execute(order, 40, exec_id="a.b.02.01")
    desk.charge(exec_id="a.b.02.01")
    assert (order.state, order.filled) == (OrderState.FILLED, 80)


def test_an_order_whose_fill_is_taken_back_before_it_was_told_has_ended(desk: Any) -> None:
    order = desk.send()
    desk.execute(order)
    desk.status(order, "Filled", 100)
    desk.execute(order, 0, exec_id="a.b.01.02")
    assert (order.state, order.filled) == (OrderState.FILLED, 0)


def test_a_fill_that_never_was_and_was_not_told_holds_up_no_end(desk: Any) -> None:
    order = desk.send()
    desk.execute(order, 60)
    desk.status(order, "Cancelled")
    assert not order.is_done
    desk.execute(order, 0, exec_id="a.b.01.02")
    assert order.state is OrderState.CANCELLED
    desk.later(10)
    assert (len(desk.fills), order.filled) == (1, 0)


def test_an_order_that_ib_says_nothing_about_is_asked_about(desk: Any) -> None:
    order = desk.send()
    desk.later(6)
    desk.answer()
    assert (order.state, order.message) == (OrderState.REJECTED, "IB knows nothing of the order")


def test_a_cancellation_that_ib_says_nothing_about_is_asked_about(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.orders.cancel(order.order_id)
    desk.later(6)
    desk.open(order)
    desk.answer()
    assert (order.state, order.cancel_requested) == (OrderState.SUBMITTED, False)


def test_what_ib_did_not_answer_is_asked_again(desk: Any) -> None:
    order = desk.send()
    desk.later(20)
    assert order.state is OrderState.UNKNOWN
    desk.broker.ask_again()
    desk.open(order)
    desk.answer()
    assert order.state is OrderState.SUBMITTED


def test_an_order_that_ib_has_ended_without_a_word_is_found_at_the_next_look(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.broker.ask_again()
    desk.complete(order, "Cancelled")
    desk.answer()
    assert order.state is OrderState.CANCELLED


def test_a_correction_that_was_not_told_is_found_at_the_next_look(desk: Any) -> None:
    order = desk.send()
    desk.execute(order)
    desk.charge()
    assert (order.state, desk.fills[0].price) == (OrderState.FILLED, 500.0)
    asked = len(desk.sent(7))
    desk.broker.ask_again()
    assert len(desk.sent(7)) == asked
    desk.broker.ask_again(executions=True)
    assert len(desk.sent(7)) == asked + 1
    desk.execute(order, exec_id="a.b.01.02", price=499.0)
    desk.answer()
    assert order.average_price == 499.0


def test_a_refused_cancellation_proves_nothing_of_an_order_whose_fate_is_unknown(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.broker.ask_again()
    desk.answer()
    assert order.state is OrderState.UNKNOWN
    desk.orders.cancel(order.order_id)
    desk.error(order, 161)
    desk.answer()
    assert order.state is OrderState.UNKNOWN


@pytest.mark.parametrize(("days", "state"), [(0, OrderState.SUBMITTED), (1, OrderState.CANCELLED)])
def test_an_end_does_not_wait_beyond_midnight_for_executions_that_are_told_no_more(
    desk: Any, days: int, state: OrderState
) -> None:
    order = desk.send(100, "LMT", limit_price=500.0, tif=TimeInForce.GTC)
    desk.status(order, "Submitted")
    desk.status(order, "Cancelled", 40)
    order.created_ns = desk.clock.now_ns - days * 24 * 3600 * 10**9
    desk.broker.ask_again()
    desk.answer()
    assert order.state is state


def test_an_order_whose_fate_is_unknown_stays_so_when_its_cancellation_gets_lost(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.broker.ask_again()
    desk.answer()
    desk.orders.cancel(order.order_id)
    assert order.state is OrderState.PENDING_CANCEL
    desk.break_link()
    assert order.state is OrderState.UNKNOWN


@pytest.mark.parametrize(
    ("tif", "state"),
    [(TimeInForce.DAY, OrderState.CANCELLED), (TimeInForce.GTC, OrderState.UNKNOWN)],
)
def test_a_day_order_that_ib_does_not_list_the_next_day_has_ended(
    desk: Any, tif: TimeInForce, state: OrderState
) -> None:
    order = desk.send(100, "LMT", limit_price=500.0, tif=tif)
    desk.status(order, "Submitted")
    order.created_ns = desk.clock.now_ns - 24 * 3600 * 10**9
    told: list[Any] = []
    desk.follower.on_notice = told.append
    for _ in range(3):
        desk.broker.ask_again()
        desk.answer()
    assert order.state is state
    assert len(told) == (state is OrderState.UNKNOWN)


def test_an_adopted_order_that_ib_had_acknowledged_is_not_held_to_be_unknown_to_it(
    desk: Any,
) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.follower.lines.clear()
    desk.broker.adopt(order)
    desk.broker.start()
    desk.answer()
    assert order.state is OrderState.UNKNOWN


@pytest.mark.parametrize("changed", [False, True])
def test_what_was_on_its_way_when_a_session_was_killed_and_was_lost_is_found_to_be(
    desk: Any, changed: bool
) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    before = order.request
    if changed:
        desk.orders.modify(order.order_id, limit_price=501.0)
    else:
        desk.orders.cancel(order.order_id)
    desk.follower.lines.clear()
    desk.broker.adopt(order, (), before if changed else None)
    desk.broker.start()
    desk.open(order, lmtPrice=500.0)
    desk.answer()
    assert (order.state, order.request) == (OrderState.SUBMITTED, before)
    assert not order.cancel_requested


@pytest.mark.parametrize(
    ("then", "state", "quantity"),
    [
        (lambda d, o: d.open(o, totalQuantity=60.0), OrderState.FILLED, 60),
        (lambda d, o: d.open(o, "Submitted", totalQuantity=100.0), OrderState.SUBMITTED, 60),
        (lambda d, o: d.error(o, 105), OrderState.SUBMITTED, 100),
        (lambda d, o: (d.status(o, "Filled", 60), d.answer()), OrderState.FILLED, 60),
        (lambda d, o: (d.execute(o, 40, exec_id="c.01"), d.charge(exec_id="c.01")),
         OrderState.FILLED, 100),
    ],
)  # fmt: skip
def test_what_fills_while_a_reduction_is_on_its_way_does_not_end_the_order_by_itself(
    desk: Any, then: Any, state: OrderState, quantity: int
) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.orders.modify(order.order_id, quantity=60)
    desk.execute(order, 60)
    desk.charge()
    assert (order.state, order.remaining) == (OrderState.SUBMITTED, 0)
    then(desk, order)
    assert (order.state, order.quantity) == (state, quantity)
    assert (order.order_id in desk.follower.lines) is not order.is_done


@pytest.mark.parametrize(
    ("executions", "filled", "state"),
    [
        ([(60, "01"), (0, "02")], 0, OrderState.SUBMITTED),
        ([(60, "01"), (50, "02"), (40, "03")], 40, OrderState.SUBMITTED),
        ([(60, "01"), (100, "02")], 100, OrderState.FILLED),
        ([(60, "01"), (0, "02"), (60, "03")], 60, OrderState.SUBMITTED),
        ([(100, "01"), (0, "02")], 0, OrderState.FILLED),
    ],
)
def test_an_order_counts_its_fills_as_they_should_have_been(
    desk: Any, executions: list[tuple[int, str]], filled: int, state: OrderState
) -> None:
    order = desk.send()
    desk.status(order, "Submitted")
    for shares, revision in executions:
        desk.execute(order, shares, exec_id=f"a.b.01.{revision}")
        desk.charge(exec_id=f"a.b.01.{revision}")
    assert (order.filled, order.state) == (filled, state)
    assert len(desk.fills) == 1
    assert [fill.quantity for fill in desk.amended] == [shares for shares, _ in executions[1:]]


def test_what_was_taken_back_is_not_filled_once_more(desk: Any) -> None:
    order = desk.send()
    desk.execute(order, 60)
    desk.charge()
    desk.execute(order, 20, exec_id="a.b.01.02")
    assert (order.filled, order.undone, order.remaining) == (20, 40, 40)
    desk.execute(order, 40, exec_id="a.b.02.01")
    desk.charge(exec_id="a.b.02.01")
    assert (order.state, order.filled) == (OrderState.FILLED, 60)
    assert desk.follower.lines == {}


def test_a_corrected_execution_is_charged_by_its_own_report(desk: Any) -> None:
    order = desk.send()
    desk.execute(order)
    desk.charge(3.0)
    desk.execute(order, 0, exec_id="a.b.01.02")
    desk.charge(9.0, exec_id="a.b.01.01")
    desk.charge(0.0, exec_id="a.b.01.02")
    [booked] = desk.orders.fills.values()
    assert (booked.quantity, booked.commission_micro) == (0, 0)
    assert [fill.commission_micro for fill in desk.amended] == [3_000_000, 0]


@pytest.mark.parametrize(("shares", "filled"), [(100, 100), (70, 70), (0, 0)])
def test_what_became_of_a_fill_meanwhile_is_found_after_a_restart(
    desk: Any, shares: int, filled: int
) -> None:
    order = desk.send(200, "LMT", limit_price=500.0)
    desk.execute(order)
    desk.charge()
    desk.follower.lines.clear()
    desk.follower.executions.__init__(
        desk.clock, desk.follower._book, desk.follower._amend,
        estimate=lambda *_: 0, wait_ns=2_000_000_000, on_odd=lambda *_: None,
    )  # fmt: skip
    desk.broker.adopt(order, desk.fills)
    desk.broker.start()
    desk.execute(order, shares, exec_id="a.b.01.02")
    desk.charge(2.0, exec_id="a.b.01.02")
    assert len(desk.fills) == 1
    assert (order.filled, order.undone, order.is_done) == (filled, 100 - filled, False)
    assert desk.orders.fills[desk.fills[0].exec_id].commission == 2.0


@pytest.mark.parametrize(("shares", "filled"), [(100, 100), (70, 70), (0, 0)])
def test_a_correction_of_a_forgotten_execution_is_no_second_fill(
    desk: Any, shares: int, filled: int
) -> None:
    order = desk.send()
    desk.execute(order)
    desk.charge()
    desk.follower.executions._told.__init__()
    desk.execute(order, shares, exec_id="a.b.01.02")
    desk.charge(exec_id="a.b.01.02")
    assert (order.filled, len(desk.orders.fills)) == (filled, 1)


def test_a_late_commission_in_another_currency_is_not_booked(desk: Any) -> None:
    order = desk.send()
    desk.execute(order)
    desk.later(2)
    desk.charge(5.0, currency="EUR")
    assert desk.amended == []
    assert "is in EUR" in desk.notices[0].words


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"side": "SLD"}, "on the other side"), ({"price": 500.00005}, "between price units")],
)
def test_an_odd_execution_is_booked_and_noticed(
    desk: Any, fields: dict[str, Any], words: str
) -> None:
    order = desk.send()
    desk.execute(order, **fields)
    desk.charge()
    assert len(desk.fills) == 1
    assert words in desk.notices[0].words


def test_an_execution_of_nobody_is_foreign(desk: Any) -> None:
    order = desk.send()
    desk.execute(order, client=CLIENT_OF_ANOTHER, exec_id="x.1.01")
    desk.status(order, "Filled", 100, client=CLIENT_OF_ANOTHER)
    assert desk.foreign == ["x.1.01"]
    assert (desk.fills, desk.updates) == ([], [])


def test_a_fill_after_the_end_is_real(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Submitted")
    desk.status(order, "Cancelled")
    desk.execute(order, 40)
    desk.charge()
    assert [fill.quantity for fill in desk.fills] == [40]
    assert desk.orders.anomalies == {"fill after Cancelled": 1}


def test_an_end_waits_for_the_fills_it_speaks_of(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Cancelled", 40)
    assert order.state is OrderState.PENDING_SUBMIT
    desk.execute(order, 40)
    assert order.state is OrderState.PENDING_SUBMIT
    desk.charge()
    assert order.state is OrderState.CANCELLED
    assert order.filled == 40
    assert desk.orders.anomalies == {}


def test_fills_that_a_status_speaks_of_are_asked_for(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Filled", 100)
    assert desk.sent(7) == []
    desk.later(2.5)
    [request] = desk.sent(7)
    desk.execute(order, request_id=int(request[2]))
    desk.charge()
    desk.answer()
    assert order.state is OrderState.FILLED


@pytest.mark.parametrize(
    ("ib_s", "ours_s", "dated_s"),
    [(10, 10.25, 10.25), (10, 9.75, 10), (10, 11.25, 10.999999999), (-60, 0, -59.000000001)],
)
def test_a_fill_is_dated_by_our_clock_within_the_second_that_ib_gives(
    desk: Any, ib_s: float, ours_s: float, dated_s: float
) -> None:
    order = desk.send()
    start = desk.clock.now_ns
    desk.later(ours_s)
    desk.execute(order, at_s=ib_s)
    desk.charge()
    assert desk.fills[0].ts_ns - start == round(dated_s * 1e9)


FILLED_IN_TWO: list[tuple[str, tuple[Any, ...]]] = [
    ("status", ("PreSubmitted",)),
    ("status", ("Submitted",)),
    ("execute", (40, 500.0, "a.b.01.01")),
    ("charge", (0.4, "a.b.01.01")),
    ("status", ("Submitted", 40)),
    ("execute", (60, 501.0, "a.c.01.01")),
    ("charge", (0.6, "a.c.01.01")),
    ("status", ("Filled", 100)),
]


# The fixture gives a class, from which every example makes its own desk.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.permutations(FILLED_IN_TWO * 2))
def test_whatever_the_order_of_its_messages_an_order_is_filled_once(
    open_desk: Any, said: list[tuple[str, tuple[Any, ...]]]
) -> None:
    desk = open_desk()
    order = desk.send()
    for verb, words in said:
        if verb == "charge":
            desk.charge(*words)
        else:
            getattr(desk, verb)(order, *words)
    assert order.state is OrderState.FILLED
    assert sorted((f.quantity, f.price, f.commission) for f in desk.fills) == [
        (40, 500.0, 0.4),
        (60, 501.0, 0.6),
    ]
    assert desk.orders.anomalies == {}
    assert desk.faults == []


# --- ends, refusals, doubts ---------------------------------------------------------------------


def test_a_cancellation_is_reported_with_its_reason(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Submitted")
    desk.orders.cancel(order.order_id)
    assert desk.sent(4) == [["4", "1", str(order.order_id), ""]]
    desk.status(order, "PendingCancel")
    desk.status(order, "Cancelled")
    desk.error(order, 202, "Order Canceled - reason:")
    assert desk.events == [("ack", 0), ("cancel", 0), ("cancel", 202)]
    assert order.state is OrderState.CANCELLED
    assert order.message == "Order Canceled - reason:"


def test_a_person_may_cancel_elsewhere(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "PendingCancel")
    assert order.state is OrderState.PENDING_CANCEL
    desk.error(order, 202, "by hand")
    desk.status(order, "Cancelled")
    assert desk.events[-1] == ("cancel", 202)


@pytest.mark.parametrize("status_first", [True, False])
def test_a_rejection_needs_the_code_and_the_status(desk: Any, status_first: bool) -> None:
    order = desk.send()
    if status_first:
        desk.status(order, "Inactive")
        assert order.state is OrderState.INACTIVE
        desk.error(order, 201, "no margin")
    else:
        desk.error(order, 201, "no margin")
        assert order.state is OrderState.PENDING_SUBMIT
        desk.status(order, "Inactive")
    assert order.state is OrderState.REJECTED
    assert desk.updates[-1].code == 201
    assert order.message == "no margin"


def test_inactive_alone_is_no_end(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Inactive")
    desk.status(order, "Submitted")
    assert order.state is OrderState.SUBMITTED


@pytest.mark.parametrize("code", [110, 200, 321, 434])
def test_a_refused_order_ends_when_ib_does_not_list_it(desk: Any, code: int) -> None:
    order = desk.send()
    desk.error(order, code, "no")
    assert order.state is OrderState.PENDING_SUBMIT
    assert [len(desk.sent(message)) for message in (5, 7, 99)] == [1, 1, 1]
    desk.answer()
    assert order.state is OrderState.REJECTED
    assert desk.events == [("reject", code)]


@pytest.mark.parametrize("code", [110, 201, 202, 77_777])
def test_an_order_that_ib_lists_works_whatever_code_came(desk: Any, code: int) -> None:
    order = desk.send()
    desk.error(order, code)
    desk.open(order, "Submitted")
    desk.answer()
    assert order.state is OrderState.SUBMITTED
    desk.execute(order)
    desk.charge()
    assert order.state is OrderState.FILLED


@pytest.mark.parametrize("code", [399, 10349, 2109, 2150])
def test_advice_changes_nothing_but_is_kept(desk: Any, code: int) -> None:
    order = desk.send()
    desk.error(order, code, "before")
    assert order.state is OrderState.PENDING_SUBMIT
    desk.status(order, "Submitted")
    desk.error(order, code, "kept")
    assert order.state is OrderState.SUBMITTED
    assert order.message == "kept"
    desk.status(order, "Inactive")
    desk.error(order, code, "to a person")
    assert order.state is OrderState.INACTIVE
    assert desk.notices[-1].words == f"code {code}: to a person"
    assert desk.sent(5) == []


def test_an_unknown_code_puts_an_order_in_doubt_until_ib_has_answered(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Submitted")
    desk.error(order, 77_777, "?")
    assert order.state is OrderState.UNKNOWN
    desk.error(order, 77_777, "?")
    desk.open(order, "PreSubmitted")
    assert order.state is OrderState.PRE_SUBMITTED
    assert desk.events.count(("lose", 77_777)) == 1


def test_an_unknown_status_puts_an_order_in_doubt(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Pondering")
    assert order.state is OrderState.UNKNOWN
    assert len(desk.sent(5)) == 1


def test_an_order_is_unknown_when_ib_does_not_answer(desk: Any) -> None:
    order = desk.send()
    desk.error(order, 110)
    desk.later(4.9)
    assert order.state is OrderState.PENDING_SUBMIT
    desk.later(0.1)
    assert order.state is OrderState.UNKNOWN


def test_doubts_that_arise_during_an_inquiry_get_the_next_one(desk: Any) -> None:
    first, second = desk.send(), desk.send()
    desk.error(first, 110)
    desk.error(second, 110)
    assert len(desk.sent(5)) == 1
    desk.answer()
    assert (first.state, second.state) == (OrderState.REJECTED, OrderState.PENDING_SUBMIT)
    desk.answer()
    assert second.state is OrderState.REJECTED


def test_an_acknowledged_order_without_a_trace_stays_unknown(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Submitted")
    desk.error(order, 77_777)
    desk.answer()
    assert order.state is OrderState.UNKNOWN
    assert "look at the account" in desk.notices[-1].words


def test_a_completed_order_is_known_by_its_note(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Submitted")
    desk.error(order, 77_777)
    desk.complete(order, "Cancelled")
    desk.answer()
    assert order.state is OrderState.CANCELLED


def test_nothing_can_fall_between_the_lists(desk: Any) -> None:
    order = desk.send()
    desk.error(order, 110)
    asked = [fields[0] for fields in desk.connection.sent if fields[0] in {"5", "7", "99"}]
    assert asked == ["5", "99", "7"]


@pytest.mark.parametrize(
    ("opened", "completed", "state"),
    [
        ("Submitted", "Cancelled", OrderState.CANCELLED),
        ("PendingCancel", "Cancelled", OrderState.CANCELLED),
        ("Submitted", "Inactive", OrderState.REJECTED),
        ("Inactive", "Inactive", OrderState.INACTIVE),
    ],
)
def test_an_order_that_ended_between_the_lists_has_ended(
    desk: Any, opened: str, completed: str, state: OrderState
) -> None:
    order = desk.send()
    desk.status(order, "Inactive")
    desk.follower.inquiry.ask(order.order_id)
    desk.open(order, opened)
    desk.complete(order, completed)
    desk.answer()
    assert order.state is state


def test_an_order_that_filled_between_the_lists_has_filled(desk: Any) -> None:
    order = desk.send()
    desk.error(order, 77_777)
    desk.open(order, "Submitted")
    desk.complete(order, "Filled")
    desk.execute(order, request_id=int(desk.sent(7)[-1][2]))
    desk.charge()
    desk.answer()
    assert order.state is OrderState.FILLED
    assert desk.notices == []


def test_a_day_order_of_yesterday_is_over_though_ib_was_never_heard_to_have_it(desk: Any) -> None:
    order, lasting = desk.send(), desk.send(tif=TimeInForce.GTC)
    desk.later(86_400)
    desk.broker.start()
    desk.answer()
    desk.answer()
    assert order.state is OrderState.CANCELLED
    assert "its day is over" in order.message
    assert lasting.state is OrderState.REJECTED


# --- changes ------------------------------------------------------------------------------------


def test_a_change_is_done_when_ib_has_the_order_so(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.orders.modify(order.order_id, limit_price=501.0)
    desk.open(order, lmtPrice=500.0)
    assert ("modify", 0) not in desk.events
    desk.open(order)
    assert desk.events[-1] == ("modify", 0)
    assert [fields[19] for fields in desk.sent(3)] == ["500.0", "501.0"]


@pytest.mark.parametrize("code", [104, 105, 110, 329, 10326])
def test_a_refused_change_is_taken_back(desk: Any, code: int) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.orders.modify(order.order_id, limit_price=501.0)
    desk.error(order, code)
    assert desk.events[-1] == ("cancel-refused", code)
    assert order.request.limit_price == 500.0
    assert order.state is OrderState.SUBMITTED


def test_a_rejected_change_leaves_an_order_that_ib_lists(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.orders.modify(order.order_id, quantity=1000)
    desk.error(order, 201, "no margin")
    desk.open(order, totalQuantity=100.0)
    desk.answer()
    assert desk.events[-1] == ("cancel-refused", 201)
    assert (order.quantity, order.state) == (100, OrderState.SUBMITTED)


def test_what_is_asked_during_an_inquiry_is_not_judged_by_its_answer(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    desk.error(order, 77_777)
    desk.orders.modify(order.order_id, limit_price=501.0)
    desk.orders.cancel(order.order_id)
    desk.open(order, lmtPrice=500.0)
    desk.answer()
    assert ("cancel-refused", 0) not in desk.events
    assert order.cancel_requested
    # The next answer knows.
    desk.error(order, 77_777)
    desk.open(order, "PendingCancel")
    desk.answer()
    assert order.cancel_requested
    assert order.request.limit_price == 501.0


def test_a_refused_cancellation_leaves_the_order_at_work(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Submitted")
    desk.orders.cancel(order.order_id)
    desk.error(order, 161)
    assert order.state is OrderState.SUBMITTED
    assert not order.cancel_requested
    assert len(desk.sent(5)) == 1


def test_changes_repeat_what_ib_calls_the_group_and_the_parent(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0, oca_group="pair")
    assert desk.sent(3)[0][22] == "ikbr-5-100-pair"
    desk.open(order, ocaGroup="another", parentId=77)
    desk.orders.modify(order.order_id, limit_price=501.0)
    assert (desk.sent(3)[1][22], desk.sent(3)[1][28]) == ("another", "77")


def test_an_order_that_has_ended_is_neither_changed_nor_cancelled(desk: Any) -> None:
    order = desk.send()
    desk.execute(order)
    desk.charge()
    desk.broker.modify(order, order.request)
    desk.broker.cancel(order)
    assert desk.events == [("cancel-refused", 104), ("cancel-refused", 161)]
    assert (len(desk.sent(3)), len(desk.sent(4))) == (1, 0)


# --- the link -----------------------------------------------------------------------------------


def test_a_lost_link_puts_in_doubt_only_what_was_on_its_way(desk: Any) -> None:
    quiet, fresh = desk.send(), desk.send()
    desk.status(quiet, "Submitted")
    desk.break_link()
    assert (quiet.state, fresh.state) == (OrderState.SUBMITTED, OrderState.UNKNOWN)


def test_a_fill_does_not_wait_for_a_link(desk: Any) -> None:
    order = desk.send()
    desk.execute(order)
    desk.break_link()
    assert order.state is OrderState.FILLED


def test_a_new_link_begins_with_questions(desk: Any) -> None:
    working, gone, done, never = desk.send(), desk.send(), desk.send(), desk.send()
    for order in (working, gone, done):
        desk.status(order, "Submitted")
    desk.break_link()
    desk.connect()
    assert desk.broker.start() == 100
    for _ in range(2):
        desk.open(working)
        desk.execute(done, exec_id="d.1.01", request_id=int(desk.sent(7)[-1][2]))
        desk.charge(exec_id="d.1.01")
        desk.complete(gone, "Cancelled")
        desk.complete(done, "Filled")
        desk.answer()
    assert [order.state for order in (working, gone, done, never)] == [
        OrderState.SUBMITTED,
        OrderState.CANCELLED,
        OrderState.FILLED,
        OrderState.REJECTED,
    ]
    assert len(desk.fills) == 1


def test_a_new_link_judges_what_the_old_one_did_not_settle(desk: Any) -> None:
    order = desk.send(100, "LMT", limit_price=500.0)
    desk.status(order, "Submitted")
    for _ in range(3):
        desk.error(order, 77_777)
        desk.open(order)
        desk.answer()
    desk.orders.cancel(order.order_id)
    desk.break_link()
    desk.connect()
    desk.broker.start()
    desk.open(order)
    desk.answer()
    assert (order.state, order.cancel_requested) == (OrderState.SUBMITTED, False)


def test_an_order_of_an_earlier_session_is_adopted(desk: Any) -> None:
    order = desk.send()
    desk.follower.lines.clear()
    order.filled = 40
    desk.broker.adopt(order)
    desk.broker.start()
    desk.status(order, "Cancelled", 40)
    assert order.state is OrderState.CANCELLED


def test_an_order_that_had_ended_is_asked_about_only_for_what_it_fills(desk: Any) -> None:
    order = desk.send()
    desk.break_link()
    desk.connect()
    desk.broker.start()
    desk.answer()
    assert order.state is OrderState.REJECTED
    told = len(desk.updates)
    restarted = desk.again()
    restarted.broker.adopt(order)
    restarted.broker.start()
    restarted.answer()
    restarted.broker.ask_again()
    assert (len(desk.updates), restarted.updates, restarted.notices) == (told, [], [])
    restarted.orders.orders[order.order_id] = order
    restarted.execute(order, 40)
    restarted.charge()
    assert order.filled == 40


def test_an_error_inside_is_told_and_ib_async_goes_on(desk: Any) -> None:
    order = desk.send()
    desk.broker.attach(desk._update, lambda _fill: 1 / 0, desk._amend)
    desk.execute(order)
    desk.charge()
    assert [type(fault) for fault in desk.faults] == [ZeroDivisionError]
    assert len(desk.ib.fills()) == 1


def test_nothing_is_sent_that_hangs_on_an_order_which_ib_cannot_take(desk: Any) -> None:
    entry = desk.send(100, "MOO", tif=TimeInForce.GTC, stop_loss=490.0)
    [stop] = desk.orders.children[entry.order_id]
    assert [entry.state, stop.state] == [OrderState.REJECTED] * 2
    assert desk.sent(3) == []


def test_a_preview_is_no_order(desk: Any) -> None:
    order = desk.send()
    desk.open(order, whatIf=True)
    assert desk.updates == []


def test_an_inactive_order_that_ib_lists_as_completed_has_ended(desk: Any) -> None:
    order = desk.send()
    desk.status(order, "Inactive")
    desk.broker.start()
    desk.complete(order, "Inactive")
    desk.answer()
    assert order.state is OrderState.REJECTED


def test_nothing_is_asked_while_a_connection_is_being_made(desk: Any) -> None:
    desk.send()
    desk.ib.client._apiReady = False
    desk.later(6)
    desk.ib.client._apiReady = True
    assert (desk.faults, desk.sent(7)) == ([], [])
