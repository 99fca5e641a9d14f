"""What happens when a fill that is booked turns out to have been something else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.core.rig import Puppet, Rig, buy, sell, signal

from ikbr.core.valuation import Valuation
from ikbr.domain.amendment import Amendment
from ikbr.domain.events import EventType
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderEvent, OrderState
from ikbr.journal.replay import replay


def held(rig: Rig) -> tuple[int, int, int, int]:
    """Give the position by everyone who keeps one."""
    return (
        rig.portfolio.quantity("SPY"),
        rig.running.books.quantity("SPY"),
        rig.slot().position,
        rig.puppet.position("SPY"),
    )


def rebuilt(rig: Rig) -> dict[str, Any]:
    """Replay the journal."""
    instruments = list(rig.data.instruments.values())
    begun = ("settings", 0, {"instruments": instruments, "capital_micro": 10**12})
    return replay([begun, *rig.journal.records]).snapshot()


def shown(rig: Rig) -> dict[str, Any]:
    """Show the state in the words of a replayed journal."""
    return {
        "cash_micro": rig.portfolio.cash_micro,
        "positions": {
            s: (p.quantity, p.cost_micro, p.realised_micro, p.fees_micro)
            for s, p in sorted(rig.portfolio.positions.items())
        },
        "orders": {
            i: (o.state.value, o.filled, o.fill_value_units, o.quantity)
            for i, o in sorted(rig.orders.orders.items())
        },
    }


@pytest.mark.parametrize(
    ("changes", "quantity", "cash", "severity"),
    [
        ({"commission_micro": 2 * MICRO}, 100, 989_998.0, "info"),
        ({"price": 99.5}, 100, 990_049.0, "warning"),
        ({"quantity": 70}, 70, 992_999.0, "warning"),
        ({"quantity": 0, "commission_micro": 0}, 0, 1_000_000.0, "critical"),
    ],
)
def test_an_amendment_reaches_every_book_the_journal_the_observers_and_a_person(
    changes: dict[str, Any], quantity: int, cash: float, severity: str
) -> None:
    rig = Rig(listen=[EventType.AMENDED, EventType.ALERT])
    told: list[Amendment] = []
    rig.trader.books.on_amended = told.append
    rig.say(signal("BUY"))
    fill = rig.broker.fill(1, 100, commission=1.0)
    after = rig.broker.amend(fill, **changes)
    [amendment] = rig.records("amendment")
    assert (amendment.before, amendment.after) == (fill, after)
    assert told == [amendment]
    assert held(rig) == (quantity,) * 4
    assert rig.portfolio.cash == rig.running.books.cash == cash
    assert [alert.severity for alert in rig.alerts] == [severity]
    assert rig.heard == [(EventType.ALERT, rig.alerts[0]), (EventType.AMENDED, amendment)]
    assert rig.orders.fills == {1: after}
    assert rebuilt(rig) == shown(rig)


def test_a_repeated_or_unknown_amendment_changes_nothing() -> None:
    rig = Rig()
    rig.say(signal("BUY"))
    fill = rig.broker.fill(1, 100, commission=1.0)
    before = shown(rig)
    rig.broker.on_amended(fill)
    rig.broker.fills.append(fill)
    stranger = rig.broker.amend(fill, exec_id=77)
    assert stranger.exec_id == 77
    assert rig.orders.anomalies == {"repeated amendment": 1, "amendment of an unknown fill": 1}
    assert shown(rig) == before
    assert rig.records("amendment") == []


def test_a_fill_that_is_told_again_with_other_numbers_is_an_amendment() -> None:
    rig = Rig()
    rig.say(signal("BUY"))
    fill = rig.broker.fill(1, 100, commission=1.0)
    rig.orders.on_fill(fill)
    assert rig.orders.anomalies == {"repeated fill": 1}
    rig.broker.fills.clear()
    rig.broker.fill(1, 60, commission=3.0)
    assert held(rig) == (60,) * 4
    assert rig.portfolio.positions["SPY"].fees_micro == MICRO
    assert rebuilt(rig) == shown(rig)


def test_an_open_order_counts_in_risk_what_it_may_still_fill() -> None:
    rig = Rig()
    rig.say(buy(100))
    fill = rig.broker.fill(1, 60)
    book = rig.risk.ledger.book("SPY")
    assert book.highest(60) == 100
    rig.broker.amend(fill, quantity=20)
    assert (rig.orders.orders[1].remaining, book.highest(20)) == (40, 60)
    rig.broker.fill(1, 40)
    assert rig.orders.orders[1].state is OrderState.FILLED
    assert (book.highest(60), rig.slot().entries) == (60, [])
    assert rebuilt(rig) == shown(rig)


def test_a_correction_that_fills_an_order_ends_it() -> None:
    rig = Rig(listen=[EventType.ORDER])
    rig.say(buy(100))
    rig.broker.amend(rig.broker.fill(1, 60), quantity=100)
    order = rig.orders.orders[1]
    assert (order.state, rig.slot().entries, rig.orders.working) == (OrderState.FILLED, [], {})
    assert rig.risk.ledger.orders == {}
    assert rig.heard[-1] == (EventType.ORDER, order)
    rig.broker.amend(rig.broker.fills[0], quantity=120)
    assert (rig.slot().position, rig.orders.anomalies) == (120, {"overfill": 1})
    assert rebuilt(rig) == shown(rig)


def test_a_bust_lets_no_order_that_has_ended_work_again() -> None:
    rig = Rig()
    rig.say(buy(100))
    rig.broker.amend(rig.broker.fill(1, 100), quantity=0)
    assert rig.orders.orders[1].state is OrderState.FILLED
    assert (rig.orders.working, rig.risk.ledger.orders) == ({}, {})


def test_exits_protect_what_is_left_after_a_bust() -> None:
    rig = Rig(Puppet(stop=0.02))
    rig.say(signal("BUY"))
    first, second = rig.broker.fill(1, 60), rig.broker.fill(1, 40)
    stop = rig.slot().exits[0]
    rig.broker.tell(stop.order_id, OrderEvent.ACK_PRE)
    rig.broker.amend(second, quantity=0)
    assert (stop.quantity, held(rig)) == (60, (60,) * 4)
    rig.broker.amend(first, quantity=0)
    assert rig.broker.did("cancel") == [stop.order_id]


def test_a_muted_direction_may_be_asked_again_after_an_amendment() -> None:
    rig = Rig()
    rig.say(buy(100))
    fill = rig.broker.fill(1, 100)
    rig.slot().mute(True, 2**62)
    rig.broker.amend(fill, quantity=0)
    assert rig.slot().mute_buy_ns == 0


def test_a_modification_counts_what_was_executed_and_taken_back() -> None:
    rig = Rig()
    rig.say(buy(100))
    rig.broker.amend(rig.broker.fill(1, 60), quantity=20)
    rig.orders.modify(1, quantity=70)
    assert rig.orders.orders[1].remaining == 10
    rig.broker.tell(1, OrderEvent.MODIFY)
    with pytest.raises(Exception, match="60 already filled"):
        rig.orders.modify(1, quantity=60)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.sampled_from([1, -1]), st.integers(1, 100)),
        st.tuples(st.just("fill"), st.integers(1, 120), st.integers(9_000, 11_000)),
        st.tuples(st.just("mark"), st.integers(9_000, 11_000)),
        st.tuples(
            st.just("amend"), st.integers(0, 20), st.integers(0, 120), st.integers(9_000, 11_000),
            st.integers(-10_000, 5_000_000),
        ),
        st.tuples(st.just("cancel"), st.integers(0, 20)),
    ),
    max_size=25,
)  # fmt: skip


@given(STEPS)
@settings(max_examples=150)
def test_equity_is_cash_and_positions_at_their_marks_after_every_amendment(
    steps: list[tuple[Any, ...]],
) -> None:
    rig = Rig(Puppet(short=True))
    books, own = rig.portfolio, rig.running.books
    valuation = Valuation(books, [own], list(rig.data.instruments.values()), lambda _equity: None)

    def mark() -> int:
        position = books.positions.get("SPY")
        return position.mark_units if position is not None else 0

    rig.trader.books.on_books = lambda fill: valuation.on_fill(0, fill, mark())
    rig.trader.books.on_amended = lambda _amendment: valuation.recount()
    for kind, *values in steps:
        if kind == "order":
            rig.say(buy(values[1]) if values[0] > 0 else sell(values[1]))
        elif kind == "mark":
            valuation.on_mark(0, values[0] * 100)
        elif kind == "fill":
            working = [o for o in rig.orders.working.values() if o.remaining > 0]
            for order in working[:1]:
                rig.broker.fill(order.order_id, min(values[0], order.remaining), values[1] / 100)
        elif kind == "cancel" and rig.orders.orders:
            order_id = 1 + values[0] % len(rig.orders.orders)
            rig.broker.tell(order_id, OrderEvent.CANCEL)
        elif kind == "amend" and rig.broker.fills:
            fill = rig.broker.fills[values[0] % len(rig.broker.fills)]
            quantity, price, fee = values[1], values[2] / 100, values[3]
            rig.broker.amend(fill, quantity=quantity, price=price, commission_micro=fee)
        cash, quantity = 1_000_000 * MICRO, 0
        for fill in rig.orders.fills.values():
            cash -= fill.signed_quantity * fill.price_units * 100 + fill.commission_micro
            quantity += fill.signed_quantity
        assert held(rig) == (quantity,) * 4
        assert books.cash_micro["USD"] == cash
        assert books.equity_micro() == valuation.equity_micro == cash + quantity * mark() * 100
        assert own.equity_micro() == books.equity_micro()
        for order in rig.orders.orders.values():
            fills = [f for f in rig.orders.fills.values() if f.order_id == order.order_id]
            assert order.filled == sum(f.quantity for f in fills)
        working = [o for o in rig.orders.working.values() if o.remaining > 0]
        expected = quantity + sum(o.remaining for o in working if o.side > 0)
        assert rig.risk.ledger.book("SPY").highest(quantity) == expected
        in_flight = sum(o.side * o.remaining for o in rig.orders.working.values())
        assert rig.slot().in_flight == in_flight
        assert rebuilt(rig) == shown(rig)


def test_an_order_that_filled_whole_and_was_taken_back_ends_with_the_refusal_of_its_change() -> (
    None
):
    rig = Rig()
    rig.say(buy(30))
    rig.broker.tell(1, OrderEvent.ACK)
    rig.orders.modify(1, quantity=50)
    fill = rig.broker.fill(1, 30)
    rig.broker.amend(fill, quantity=0)
    rig.broker.tell(1, OrderEvent.CANCEL_REFUSED, 104)
    order = rig.orders.orders[1]
    assert (order.state, order.filled, order.undone) == (OrderState.FILLED, 0, 30)
    assert rebuilt(rig) == shown(rig)


def test_what_was_taken_back_does_not_count_as_open_after_a_restart() -> None:
    rig = Rig()
    rig.say(buy(30))
    rig.broker.tell(1, OrderEvent.ACK)
    rig.broker.amend(rig.broker.fill(1, 20), quantity=0)
    order = rig.orders.orders[1]
    reopened = Rig()
    reopened.risk.ledger.add(order)
    assert reopened.risk.ledger.orders[1].remaining == order.remaining == 10
