"""No position without a stop at the broker, where risk wants one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.core.rig import FREE, Puppet, Rig, buy, sell, signal

from ikbr.core.memory import Memory, Own, recall
from ikbr.core.protection import standing_gap
from ikbr.core.winding_down import wind_down
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.order import OrderRequest, OrderType, Side, TimeInForce

GUARDED = msgspec.structs.replace(FREE, require_stop=True)
LIMIT, STOP, TRAIL = OrderType.LIMIT, OrderType.STOP, OrderType.TRAIL
GTC = TimeInForce.GTC


def guarded(*puppets: Puppet, **more: Any) -> Rig:
    rig = Rig(*(puppets or (Puppet(short=True),)), limits=GUARDED, **more)
    rig.quote()
    return rig


def protected(rig: Rig, quantity: int = 100, stop: float = 99.0) -> None:
    """Hold a position with a stop that works."""
    rig.ask(buy(quantity, stop_loss=stop))
    rig.broker.fill_all()


def last_refusal(rig: Rig) -> tuple[str, float, float]:
    refused = rig.refusals[-1].refused
    return refused.rule, refused.limit, refused.actual


@pytest.mark.parametrize(
    ("request_", "needed", "covered"),
    [
        (buy(100), 100, 0),
        (sell(100), 100, 0),
        (buy(100, take_profit=110.0), 100, 0),
        (buy(100, order_type=LIMIT, limit_price=99.0), 100, 0),
        (sell(100, order_type=STOP, stop_price=99.0, tif=GTC), 100, 0),
        (buy(100, stop_loss=99.0, protects=99), 100, 99),
    ],
)
def test_a_request_that_opens_a_position_without_a_stop_is_refused(
    request_: OrderRequest, needed: int, covered: int
) -> None:
    rig = guarded()
    rig.ask(request_)
    assert last_refusal(rig) == ("protection", needed, covered)
    assert "give the order a stop_loss" in rig.refusals[-1].refused.reason
    assert not rig.broker.sent
    rig.ask(msgspec.structs.replace(
        request_, stop_loss=98.0 if request_.side is Side.BUY else 102.0, protects=0
    ))  # fmt: skip
    assert rig.broker.did("submit") == [1, 2] if not request_.take_profit else [1, 2, 3]


def test_a_strategy_with_a_stop_passes_when_it_enters_adds_turns_and_leaves() -> None:
    rig = guarded(Puppet(short=True, stop=0.01))
    for answer in (signal("BUY"), signal("BUY", target=150), signal("SELL"), signal("FLAT")):
        rig.say(answer)
        rig.broker.fill_all()
    assert not rig.refusals
    assert rig.slot().position == 0


def test_a_strategy_without_a_stop_is_refused_but_may_close_what_it_holds() -> None:
    rig = guarded(Puppet())
    rig.ask(signal("BUY"))
    assert last_refusal(rig) == ("protection", 100, 0)
    protected(rig)
    rig.say(signal("FLAT"))
    rig.broker.fill_all()
    assert rig.slot().position == 0


def test_what_is_added_needs_a_stop_of_its_own_and_all_of_it_counts() -> None:
    rig = guarded()
    protected(rig)
    rig.ask(buy(50))
    assert last_refusal(rig) == ("protection", 150, 100)
    rig.ask(buy(50, stop_loss=98.0))
    assert len(rig.refusals) == 1


def test_a_stop_that_works_already_covers_what_is_added() -> None:
    rig = guarded()
    protected(rig)
    rig.ask(sell(100, order_type=TRAIL, trail_amount=1.0, tif=GTC))
    rig.ask(buy(100))
    assert not rig.refusals
    rig.ask(buy(1))
    assert last_refusal(rig) == ("protection", 201, 200)


@pytest.mark.parametrize(
    "stop",
    [
        {"order_type": STOP, "stop_price": 99.0},
        {"order_type": OrderType.STOP_LIMIT, "stop_price": 99.0, "limit_price": 98.0, "tif": GTC},
    ],
)
def test_a_stop_of_the_day_and_one_with_a_limit_cover_nothing(stop: dict[str, Any]) -> None:
    rig = guarded()
    protected(rig)
    rig.ask(sell(100, **stop))
    rig.ask(buy(100))
    assert last_refusal(rig) == ("protection", 200, 100)


@pytest.mark.parametrize("event", [OrderEvent.LOSE, OrderEvent.PARK, OrderEvent.REJECT])
def test_a_stop_that_ended_or_is_in_doubt_covers_nothing(event: OrderEvent) -> None:
    rig = guarded()
    protected(rig)
    rig.broker.tell(2, event)
    rig.ask(buy(10, stop_loss=99.0))
    assert last_refusal(rig) == ("protection", 110, 10)


def test_a_partial_fill_needs_the_stop_of_the_whole_entry() -> None:
    rig = guarded()
    rig.ask(buy(100, order_type=LIMIT, limit_price=99.0, stop_loss=98.0))
    rig.broker.fill(1, 40)
    assert standing_gap(rig.slot()) is None
    rig.ask(buy(10))
    assert last_refusal(rig) == ("protection", 110, 100)
    rig.puppet.context.modify(1, quantity=90)
    rig.puppet.context.modify(1, quantity=110)
    assert last_refusal(rig) == ("protection", 110, 100)


def test_a_strategy_can_neither_cancel_nor_shrink_the_stop_of_what_it_holds() -> None:
    rig = guarded()
    protected(rig)
    rig.puppet.context.cancel(2)
    rig.puppet.context.modify(2, quantity=99)
    assert [r.refused.rule for r in rig.refusals] == ["protection", "protection"]
    assert rig.broker.did("cancel") == rig.broker.did("modify") == []
    rig.puppet.context.modify(2, stop_price=99.5)
    assert rig.broker.did("modify") == [2]


def test_the_stop_of_an_entry_that_was_cancelled_may_go() -> None:
    rig = guarded()
    rig.ask(buy(100, order_type=LIMIT, limit_price=99.0, stop_loss=98.0))
    rig.puppet.context.cancel(2)
    assert rig.broker.did("cancel") == []
    rig.broker.tell(1, OrderEvent.CANCEL)
    rig.puppet.context.cancel(2)
    assert rig.broker.did("cancel") == [2]


def test_what_another_strategy_protects_covers_nothing_of_ones_own() -> None:
    rig = guarded(Puppet(), Puppet())
    protected(rig)
    rig.say(buy(100), number=1)
    assert last_refusal(rig) == ("protection", 100, 0)


def test_an_own_bracket_is_no_second_position() -> None:
    rig = guarded()
    protected(rig)
    rig.ask(sell(100, order_type=LIMIT, limit_price=110.0, oca_group="mine"))
    rig.ask(sell(100, order_type=STOP, stop_price=98.0, oca_group="mine", tif=GTC))
    assert not rig.refusals


def test_the_last_hop_stops_what_risk_was_not_asked_about() -> None:
    rig = guarded()
    slot = rig.slot()
    rig.trader.desk.submit(slot, buy(100), buy(100))
    assert not rig.broker.sent
    (alert,) = rig.alerts
    assert "100 would be held and stops at the broker close 0 of it" in alert.message
    rig.trader.desk.submit(slot, buy(100), buy(100, stop_loss=99.0))
    assert rig.broker.did("submit") == [2, 3]
    rig.orders.modify(2, quantity=101)
    assert rig.broker.did("modify") == []


def test_what_stands_without_a_stop_is_known() -> None:
    rig = guarded()
    protected(rig)
    assert standing_gap(rig.slot()) is None
    rig.broker.tell(2, OrderEvent.REJECT)
    assert standing_gap(rig.slot()) == (100, 0)
    rig.say(sell(100))
    assert standing_gap(rig.slot()) is None
    rig.broker.fill_all()
    assert standing_gap(rig.slot()) is None


def test_a_stop_of_ones_own_outlives_the_strategy_and_the_session() -> None:
    rig = guarded()
    protected(rig)
    rig.ask(sell(100, order_type=STOP, stop_price=98.0, tif=GTC))
    rig.ask(buy(10, order_type=LIMIT, limit_price=98.5, stop_loss=98.0))
    rig.trader.cancel_orders(rig.running)
    assert rig.broker.did("cancel") == [4]
    wind_down(rig.trader, "over", flatten=False)
    assert rig.broker.did("cancel") == [4]


def test_after_a_restart_the_stops_that_still_work_count_and_the_others_do_not() -> None:
    before = guarded()
    protected(before)
    for event, passes in ((None, True), (OrderEvent.CANCEL, False)):
        rig = guarded(start=False)
        held = {("s0", "SPY"): Own(100, 10_000 * MICRO)}
        recall(rig.trader, Memory(orders=before.orders.orders, next_order_id=3, held=held))
        rig.trader.start()
        rig.broker.orders.update(before.orders.orders)
        if event is not None:
            rig.broker.tell(2, event)
        rig.ask(buy(10, stop_loss=99.0))
        assert (not rig.refusals) is passes
    assert last_refusal(rig) == ("protection", 110, 10)
