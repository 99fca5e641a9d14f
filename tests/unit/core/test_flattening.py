"""Flattening closes what is held once, and what late fills still bring."""

from __future__ import annotations

import pytest
from tests.unit.core.rig import Puppet, Rig, buy, sell, signal

from ikbr.core.winding_down import wind_down
from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.order import OrderType


def held(rig: Rig, quantity: int = 100) -> None:
    rig.say(buy(quantity))
    rig.broker.fill_all()


def flatten(rig: Rig) -> list[tuple[int, int]]:
    """Flatten; show what was sent as signed quantity and id."""
    before = set(rig.broker.orders)
    rig.trader.flatten(rig.running, "enough")
    return [(int(o.side) * o.quantity, n) for n, o in rig.broker.orders.items() if n not in before]


def test_a_position_is_closed_by_one_order_that_only_reduces() -> None:
    rig = Rig()
    held(rig)
    assert flatten(rig) == [(-100, 2)]
    request = rig.broker.orders[2].request
    assert (request.reduce_only, request.reason) == (True, "enough")
    assert flatten(rig) == []


def test_a_market_order_that_closes_already_is_not_sent_twice() -> None:
    rig = Rig()
    held(rig)
    rig.say(sell(60))
    assert flatten(rig) == [(-40, 3)]
    assert rig.broker.did("cancel") == []


def test_a_resting_exit_is_replaced() -> None:
    rig = Rig()
    held(rig)
    rig.say(sell(100, order_type=OrderType.LIMIT, limit_price=120.0))
    assert flatten(rig) == [(-100, 3)]
    assert rig.broker.did("cancel") == [2]


@pytest.mark.parametrize("closes", [False, True])
def test_a_session_that_ends_goes_on_flattening_only_if_it_is_to_close(closes: bool) -> None:
    rig = Rig()
    rig.say(buy(100, order_type=OrderType.LIMIT, limit_price=99.0))
    assert flatten(rig) == []
    wind_down(rig.trader, "killed", flatten=closes)
    rig.broker.fill(1, 30)
    assert len(rig.broker.orders) == 1 + closes


@pytest.mark.parametrize("late", [30, 100])
def test_a_fill_that_beats_its_cancellation_is_closed_as_it_comes(late: int) -> None:
    rig = Rig()
    rig.say(buy(100, order_type=OrderType.LIMIT, limit_price=99.0))
    assert flatten(rig) == []
    rig.broker.fill(1, late)
    assert [(o.side, o.quantity) for o in list(rig.broker.orders.values())[1:]] == [(-1, late)]
    rig.broker.fill(2, late)
    assert rig.slot().position == 0
    assert len(rig.broker.orders) == 2


def test_orders_sent_after_a_flattening_are_left_alone() -> None:
    rig = Rig()
    held(rig)
    flatten(rig)
    rig.broker.fill(2, 100)
    rig.say(buy(10))
    rig.broker.fill(3, 10)
    assert rig.slot().position == 10
    assert len(rig.broker.orders) == 3


def test_the_protecting_stop_and_the_closing_order_cancel_each_other() -> None:
    rig = Rig(Puppet(stop=0.01))
    rig.say(signal("BUY"))
    rig.broker.fill(1, 100)
    assert flatten(rig) == [(-100, 3)]
    assert rig.broker.did("cancel") == []
    assert rig.broker.orders[3].request.oca_group == rig.broker.orders[2].request.oca_group
    rig.broker.fill(3, 100)
    rig.broker.tell(2, OrderEvent.CANCEL)
    assert rig.orders.working == {}


def test_a_closing_order_without_a_common_group_ends_the_exits_first() -> None:
    rig = Rig(Puppet(stop=0.01))
    rig.say(signal("BUY"))
    rig.broker.fill(1, 100)
    rig.say(sell(40))
    assert flatten(rig) == [(-60, 4)]
    assert 2 in rig.broker.did("cancel")


def test_what_risk_forbids_even_to_close_is_refused_as_a_value() -> None:
    from ikbr.domain.limits import RiskLimits

    rig = Rig(limits=RiskLimits(max_order_quantity=60, min_order_interval_s=0))
    held(rig, 60)
    held(rig, 60)
    assert flatten(rig) == []
    assert rig.refused == {"order-quantity": 1}


def test_a_part_that_is_sold_after_a_flattening_sells_no_more_than_that_part() -> None:
    rig = Rig()
    held(rig)
    flatten(rig)
    rig.broker.fill(2, 100)
    held(rig)
    rig.say(sell(40, reduce_only=True))
    rig.broker.fill(4, 40)
    assert rig.slot().position == 60
    assert len(rig.broker.orders) == 4


def test_what_a_closing_order_leaves_when_it_ends_too_early_is_closed_with_its_next_fill() -> None:
    rig = Rig()
    held(rig)
    flatten(rig)
    rig.broker.tell(2, OrderEvent.CANCEL)
    rig.broker.fill(2, 40)
    assert [(o.side, o.quantity) for o in list(rig.broker.orders.values())[2:]] == [(-1, 60)]
