"""The order manager: what it sends, what it believes, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.core.rig import Puppet, Rig, buy, sell, signal

from ikbr.domain.errors import InvariantError, OrderError, TransitionError
from ikbr.domain.events import EventType
from ikbr.domain.lifecycle import OrderEvent, OrderState
from ikbr.domain.order import Fill, Order, OrderType, Side
from ikbr.journal.replay import replay

E, S = OrderEvent, OrderState


def limit(quantity: int = 100, price: float = 99.0, **more: Any) -> Any:
    return buy(quantity, order_type=OrderType.LIMIT, limit_price=price, **more)


def submit(rig: Rig, request: Any = None) -> Order:
    instrument = rig.data.instruments["SPY"]
    return rig.orders.submit(request or limit(), instrument, "s0", 100.0, 100.01)


def test_the_intent_is_recorded_and_counted_before_the_order_is_sent() -> None:
    rig = Rig()
    counted: list[int] = []
    rig.broker.at_once = lambda order: counted.append(rig.slot().in_flight)
    order = submit(rig)
    kind, ts, body = rig.journal.records[0]
    assert (kind, ts, body) == ("intent", rig.clock.now_ns, (1, "s0", order.request, 0))
    assert rig.broker.sent == [("submit", 1, 1)]
    assert counted == [100]
    assert order.state is S.PENDING_SUBMIT
    assert (order.decision_mid, order.decision_price) == (100.0, 100.01)


def test_an_order_may_be_filled_within_the_call() -> None:
    rig = Rig()
    rig.broker.at_once = lambda order: rig.broker.fill(order.order_id, order.quantity)
    order = submit(rig)
    assert order.state is S.FILLED
    assert order.done_ns == rig.clock.now_ns
    assert rig.orders.working == {}
    assert rig.slot().position == 100


def test_too_many_working_orders_are_refused_by_name() -> None:
    rig = Rig()
    rig.orders.max_working = 1
    submit(rig)
    with pytest.raises(OrderError, match="1 orders already work"):
        submit(rig)
    assert len(rig.records("intent")) == 1


def test_children_are_recorded_before_their_parent_is_sent_and_follow_it() -> None:
    rig = Rig()
    order = submit(rig, limit(take_profit=110.0, stop_loss=90.0))
    assert rig.broker.sent == [("submit", 1, 3), ("submit", 2, 3), ("submit", 3, 3)]
    profit, stop = rig.orders.children[order.order_id]
    assert (profit.request.limit_price, stop.request.stop_price) == (110.0, 90.0)
    assert {c.parent_id for c in (profit, stop)} == {1}
    assert profit.request.oca_group == stop.request.oca_group != ""
    assert profit.request.side is stop.request.side is Side.SELL


def test_a_child_that_ended_before_its_turn_is_never_sent() -> None:
    rig = Rig()

    def reject(order: Order) -> None:
        if order.order_id == 1:
            rig.orders.cancel(2)
            rig.broker.tell(1, E.REJECT, 201, "no")

    rig.broker.at_once = reject
    submit(rig, limit(stop_loss=90.0))
    assert rig.broker.did("submit") == [1]
    assert rig.broker.did("cancel") == []
    assert rig.orders.orders[2].state is S.CANCELLED
    assert rig.orders.orders[2].message == "never sent"
    assert rig.orders.orders[1].message == "no"


def test_a_child_that_was_changed_before_its_turn_is_sent_as_it_is_then() -> None:
    rig = Rig()

    def change(order: Order) -> None:
        if order.order_id == 1:
            rig.orders.modify(2, stop_price=91.0)

    rig.broker.at_once = change
    submit(rig, limit(stop_loss=90.0))
    assert rig.broker.did("modify") == []
    assert rig.broker.orders[2].request.stop_price == 91.0


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([E.HOLD, E.ACK_PENDING, E.ACK_PRE, E.ACK], S.SUBMITTED),
        ([E.ACK, E.ACK_PRE, E.HOLD], S.SUBMITTED),
        ([E.ACK, E.ACK], S.SUBMITTED),
        ([E.PARK, E.ACK], S.SUBMITTED),
        ([E.LOSE, E.CANCEL], S.CANCELLED),
        ([E.REJECT, E.ACK], S.REJECTED),
        ([E.API_CANCEL, E.CANCEL], S.API_CANCELLED),
    ],
)
def test_the_brokers_words_move_an_order(events: list[OrderEvent], state: OrderState) -> None:
    rig = Rig()
    order = submit(rig)
    for event in events:
        rig.broker.tell(1, event)
    assert order.state is state
    assert order.is_done is (1 not in rig.orders.working)
    assert [u.event for u in rig.records("update")] == events


def test_strategy_and_observers_hear_of_changes_and_not_of_repetitions() -> None:
    rig = Rig(listen=[EventType.ORDER])
    submit(rig)
    for event in (E.ACK, E.ACK, E.ACK_PRE, E.CANCEL, E.CANCEL):
        rig.broker.tell(1, event)
    assert rig.puppet.count("on_order_update") == 2
    assert len(rig.heard) == 2


@pytest.mark.parametrize("late", [40, 100])
def test_a_fill_after_the_cancellation_is_real_and_alarming(late: int) -> None:
    rig = Rig()
    order = submit(rig)
    rig.broker.tell(1, E.CANCEL)
    rig.broker.fill(1, late)
    assert rig.slot().position == late == rig.portfolio.quantity("SPY")
    assert order.state is (S.FILLED if late == 100 else S.CANCELLED)
    assert rig.orders.anomalies == {"fill after Cancelled": 1}
    assert rig.orders.working == {}
    assert rig.slot().entries == []


def test_more_than_was_asked_is_booked_and_alarming() -> None:
    rig = Rig()
    order = submit(rig)
    rig.broker.fill(1, 130)
    assert (order.filled, order.state, rig.slot().position) == (130, S.FILLED, 130)
    assert rig.orders.anomalies == {"overfill": 1}


def test_a_fill_of_nobodys_order_breaks_an_invariant() -> None:
    rig = Rig()
    stray = Fill(1, 77, "s0", "SPY", Side.BUY, 1, 1_000_000, 0, 0, 100.0)
    with pytest.raises(InvariantError, match=r"fill 1 belongs to no order \(77\)"):
        rig.broker.on_fill(stray)
    assert rig.records("fill") == []


def test_words_that_the_lifecycle_does_not_know_are_counted_and_change_nothing() -> None:
    rig = Rig()
    order = submit(rig)
    rig.broker.tell(99, E.ACK)
    rig.broker.tell(1, E.SEND)
    assert order.state is S.PENDING_SUBMIT
    assert rig.orders.anomalies == {
        "update of an unknown order": 1, "send in PendingSubmit": 1,
    }  # fmt: skip


# --- cancelling ---------------------------------------------------------------------------------


def test_cancelling_is_asked_once_and_counts_until_it_is_confirmed() -> None:
    rig = Rig()
    order = submit(rig)
    assert rig.orders.cancel(1) is True
    assert rig.orders.cancel(1) is False
    assert rig.orders.cancel(99) is False
    assert rig.broker.did("cancel") == [1]
    assert order.state is S.PENDING_CANCEL
    assert rig.slot().in_flight == 100
    rig.broker.tell(1, E.CANCEL)
    assert rig.slot().in_flight == 0
    assert rig.orders.cancel(1) is False


@pytest.mark.parametrize("code", [0, 135, 136, 161, 10147, 10148])
def test_a_refused_cancellation_may_be_asked_again(code: int) -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.cancel(1)
    rig.broker.tell(1, E.CANCEL_REFUSED, code)
    assert order.state is S.SUBMITTED
    assert rig.orders.cancel(1) is True


def test_a_refused_modification_does_not_end_a_cancellation_that_is_under_way() -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.modify(1, quantity=50)
    rig.orders.cancel(1)
    rig.broker.tell(1, E.CANCEL_REFUSED, 105)
    assert order.state is S.PENDING_CANCEL
    assert order.quantity == 100
    assert rig.orders.cancel(1) is False


def test_a_fill_may_meet_a_cancellation() -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.cancel(1)
    rig.broker.fill(1, 30)
    assert order.state is S.PENDING_CANCEL
    rig.broker.tell(1, E.CANCEL)
    assert (order.state, order.filled, rig.slot().position) == (S.CANCELLED, 30, 30)


# --- modifying ----------------------------------------------------------------------------------


def test_what_is_not_given_stays() -> None:
    rig = Rig()
    order = submit(rig, limit(100, 99.0, reason="why"))
    rig.orders.modify(1, limit_price=98.5)
    r = order.request
    assert (r.limit_price, r.quantity, r.stop_price, r.reason) == (98.5, 100, None, "why")
    assert rig.records("modify") == [(1, r)]
    assert rig.broker.did("modify") == [1]


def test_a_modification_that_is_confirmed_cannot_be_taken_back() -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.modify(1, quantity=60)
    rig.broker.tell(1, E.MODIFY)
    rig.broker.tell(1, E.CANCEL_REFUSED, 105)
    assert order.quantity == 60


def test_a_modification_that_is_refused_is_taken_back_everywhere() -> None:
    rig = Rig()
    order = submit(rig)
    rig.puppet.modify(1, quantity=60, limit_price=98.0)
    assert rig.risk.ledger.orders[1].remaining == 60
    heard = rig.puppet.count("on_order_update")
    rig.broker.tell(1, E.CANCEL_REFUSED, 105, "too late")
    assert (order.quantity, order.request.limit_price) == (100, 99.0)
    assert rig.risk.ledger.orders[1].remaining == 100
    assert rig.puppet.count("on_order_update") == heard + 1
    assert rig.records("modify")[-1] == (1, order.request)


def test_an_order_that_was_filled_whole_before_its_modification_came_is_over() -> None:
    rig = Rig()
    order = submit(rig, limit(50))
    rig.orders.modify(1, quantity=100)
    rig.broker.fill(1, 50)
    assert order.state is S.SUBMITTED
    rig.broker.tell(1, E.CANCEL_REFUSED, 104)
    assert (order.state, order.quantity, order.remaining) == (S.FILLED, 50, 0)
    assert not rig.orders.working
    assert rig.risk.ledger.orders == {}
    assert not rig.slot().entries
    assert replay(rig.journal.records, rig.data.instruments).orders[1].state is S.FILLED


def test_fills_that_prove_a_modification_outweigh_its_refusal() -> None:
    rig = Rig()
    order = submit(rig, limit(50))
    rig.orders.modify(1, quantity=100)
    rig.broker.fill(1, 70)
    rig.broker.tell(1, E.CANCEL_REFUSED, 105)
    assert (order.quantity, order.remaining) == (100, 30)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"quantity": 40}, "quantity 40 is not above the 40 already filled"),
        ({"quantity": 0}, "quantity 0 is not above"),
        ({"limit_price": 99.005}, "off the price grid"),
        ({"limit_price": float("nan")}, "is not a price"),
    ],
)
def test_a_modification_that_makes_no_sense_changes_nothing(changes: Any, why: str) -> None:
    rig = Rig()
    order = submit(rig)
    rig.broker.fill(1, 40)
    before = order.request
    with pytest.raises(OrderError, match=why):
        rig.orders.modify(1, **changes)
    assert order.request is before
    assert rig.broker.did("modify") == []


def test_of_an_order_one_change_is_under_way_at_a_time() -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.modify(1, limit_price=98.0)
    with pytest.raises(OrderError, match="order 1: an earlier change is on its way"):
        rig.orders.modify(1, limit_price=97.0)
    rig.puppet.modify(1, limit_price=97.0)
    assert rig.refused == {"invalid": 1}
    rig.broker.tell(1, E.CANCEL_REFUSED, 105)
    assert order.request.limit_price == 99.0
    rig.orders.modify(1, limit_price=97.0)
    rig.broker.tell(1, E.MODIFY)
    assert (order.request.limit_price, rig.broker.did("modify")) == (97.0, [1, 1])


@pytest.mark.parametrize("answer", [(E.MODIFY, 0), (E.CANCEL_REFUSED, 105)])
def test_shrinking_waits_for_the_answer_to_a_change(answer: tuple[OrderEvent, int]) -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.modify(1, limit_price=98.0)
    rig.orders.shrink(order, 50)
    rig.orders.shrink(order, 70)
    assert (order.quantity, rig.broker.did("modify")) == (100, [1])
    rig.broker.tell(1, *answer)
    assert (order.quantity, rig.broker.did("modify")) == (50, [1, 1])
    assert rig.risk.ledger.orders[1].remaining == 50
    rig.broker.tell(1, E.MODIFY)
    assert rig.broker.did("modify") == [1, 1]


def test_what_has_filled_beyond_what_was_to_be_left_is_cancelled() -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.modify(1, limit_price=98.0)
    rig.orders.shrink(order, 40)
    rig.broker.fill(1, 40)
    rig.broker.tell(1, E.MODIFY)
    assert order.cancel_requested


def test_shrinking_is_forgotten_with_the_order() -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.modify(1, limit_price=98.0)
    rig.orders.shrink(order, 40)
    rig.broker.tell(1, E.CANCEL)
    rig.broker.tell(1, E.MODIFY)
    assert (order.state, rig.broker.did("modify")) == (S.CANCELLED, [1])


def test_only_a_working_order_can_be_modified() -> None:
    rig = Rig()
    submit(rig)
    rig.broker.tell(1, E.CANCEL)
    with pytest.raises(OrderError, match="order 1 is Cancelled; only a working"):
        rig.orders.modify(1, quantity=1)
    with pytest.raises(OrderError, match="order 9 does not exist"):
        rig.orders.modify(9, quantity=1)


def test_filling_up_to_a_smaller_quantity_ends_the_order_once_the_change_has_arrived() -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.modify(1, quantity=60)
    rig.broker.fill(1, 60)
    assert (order.state, order.remaining) == (S.SUBMITTED, 0)
    rig.broker.tell(1, E.MODIFY)
    assert order.state is S.FILLED
    assert rig.risk.ledger.orders == {}
    assert replay(rig.journal.records, rig.data.instruments).orders[1].state is S.FILLED


def test_a_fill_of_more_than_a_reduction_leaves_takes_it_back() -> None:
    rig = Rig()
    order = submit(rig)
    rig.orders.modify(1, quantity=60)
    rig.broker.fill(1, 70)
    assert (order.state, order.quantity, order.remaining) == (S.SUBMITTED, 100, 30)
    assert rig.risk.ledger.orders[1].remaining == 30
    kept = replay(rig.journal.records, rig.data.instruments).orders[1]
    assert (kept.state, kept.quantity, kept.filled) == (S.SUBMITTED, 100, 70)
    rig.broker.fill(1, 30)
    assert order.state is S.FILLED
    assert rig.orders.anomalies == {}


def test_without_listeners_a_manager_works_alone() -> None:
    rig = Rig()
    from ikbr.core.order_manager import OrderManager

    alone = OrderManager(rig.broker, rig.clock, rig.journal)
    instrument = rig.data.instruments["SPY"]
    alone.submit(limit(), instrument, "x", 1.0, 1.0)
    alone.modify(1, quantity=50)
    rig.broker.tell(1, E.CANCEL_REFUSED, 105)
    rig.broker.fill(1, 100)
    assert alone.orders[1].state is S.FILLED


def test_a_sent_order_cannot_be_sent_again() -> None:
    from ikbr.domain.lifecycle import next_state

    with pytest.raises(TransitionError):
        next_state(S.SUBMITTED, E.SEND)


def test_selling_short_is_followed_like_buying() -> None:
    rig = Rig(Puppet(short=True))
    rig.say(signal("SELL"))
    rig.broker.fill(1, 100)
    assert rig.slot().position == -100
    rig.say(sell(10))
    assert rig.slot().in_flight == -10
