from typing import Any

import pytest
from tests.unit.gateway.rig import (
    HOUR,
    OPEN,
    SECOND,
    Client,
    a_world,
    codes,
    only,
    quote,
    source_of,
    trade,
)

from ikbr.gateway.messages import requests
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.world import World

SPY_ID = a_world().contracts.wire[0]["conId"]


def price(limit: float, more: bool = True, **fields: Any) -> dict[str, Any]:
    usual = {"type": 1, "conjunction": "a", "isMore": more, "price": limit, "conId": SPY_ID,
             "exchange": "SMART", "triggerMethod": 0}  # fmt: skip
    return usual | fields


def started(rows: int = 3) -> tuple[World, Client]:
    world = a_world()
    world.step(rows)
    return world, Client(world)


def statuses(heard: list[Any]) -> list[tuple[int, str]]:
    return [(s["orderId"], s["status"]) for s in only(heard, "orderStatus")]


def filled_after(world: World, client: Client) -> int | None:
    """Play to the end and say after how many seconds something was filled."""
    while world.step():
        for execution in only(client.heard(), "execDetails"):
            return int(execution["time"][15:17])
    return None


@pytest.mark.parametrize(
    ("conditions", "second"),
    [
        ([price(100.11)], 4),
        ([price(99.91, more=False)], 6),
        ([price(200.0)], None),
        ([price(100.11), price(99.95, more=False)], None),
        ([price(101.01, conjunction="o"), price(99.95, more=False)], 6),
        ([price(100.5, triggerMethod=4)], 7),
        ([price(100.5, triggerMethod=8)], 7),
        ([{"type": 3, "conjunction": "a", "isMore": True, "time": "20260302 09:30:05 US/Eastern"}],
         5),
        ([{"type": 6, "conjunction": "a", "isMore": True, "volume": 300, "conId": SPY_ID,
           "exchange": "SMART"}], 4),
        ([{"type": 7, "conjunction": "a", "isMore": True, "changePercent": 1.0, "conId": SPY_ID,
           "exchange": "SMART"}], None),
        ([{"type": 4, "conjunction": "a", "isMore": True, "percent": 30}], 2),
        ([{"type": 4, "conjunction": "a", "isMore": False, "percent": 30}], None),
    ],
)  # fmt: skip
def test_an_order_works_once_its_conditions_hold(
    conditions: list[dict[str, Any]], second: int | None
) -> None:
    world, client = started()
    heard = client.place(conditions=conditions, conditionsIgnoreRth=True)
    if second == 2:
        assert only(heard, "execDetails")
        return
    assert statuses(heard) == [(1, "PreSubmitted")]
    assert only(heard, "openOrder")[0]["conditions"] == conditions
    assert filled_after(world, client) == second


def test_a_change_against_the_day_before_is_a_condition() -> None:
    rows = [
        trade(1, 100.0),
        quote(2, 100.0, 100.02),
        trade(24 * 3600, 100.5),
        trade(24 * 3601, 102),
    ]
    world = World(source_of(rows), GatewayOptions())
    world.step(2)
    client = Client(world)
    change = {"type": 7, "conjunction": "a", "isMore": True, "changePercent": 1.0,
              "conId": SPY_ID, "exchange": "SMART"}  # fmt: skip
    client.place(conditions=[change], tif="GTC", conditionsIgnoreRth=True)
    world.step(1)
    assert statuses(client.heard()) == []
    world.step(1)
    assert codes(client.heard()) == [399]


def test_an_execution_in_another_symbol_is_a_condition() -> None:
    _, client = started()
    execution = {"type": 5, "conjunction": "a", "secType": "STK", "exchange": "SMART",
                 "symbol": "KO"}  # fmt: skip
    heard = client.place(conditions=[execution], conditionsIgnoreRth=True)
    assert statuses(heard) == [(1, "PreSubmitted")]
    world = client.session.world
    client.place(symbol="KO")
    world.step(1)
    assert (1, "Filled") in statuses(client.heard())


def test_conditions_can_cancel_an_order_that_works() -> None:
    world, client = started()
    heard = client.place(
        orderType="LMT", lmtPrice=90, conditions=[price(100.11)], conditionsCancelOrder=True,
        conditionsIgnoreRth=True,
    )  # fmt: skip
    assert statuses(heard) == [(1, "PreSubmitted"), (1, "Submitted")]
    world.step(2)
    heard = client.heard()
    assert statuses(heard) == [(1, "Cancelled")]
    assert codes(heard) == [202]


def test_outside_regular_hours_conditions_are_not_looked_at_unless_asked_for() -> None:
    rows = [quote(-60, 99, 100), trade(-50, 100), trade(5, 90)]
    world = World(source_of(rows), GatewayOptions())
    world.step(1)
    client = Client(world)
    client.place(conditions=[price(100.0)], outsideRth=True)
    client.place(conditions=[price(100.0)], outsideRth=True, conditionsIgnoreRth=True)
    world.step(1)
    assert statuses(client.heard()) == [(2, "Filled")]


def test_a_good_after_time_holds_an_order_until_then() -> None:
    world, client = started()
    heard = client.place(goodAfterTime="20260302 09:30:05 US/Eastern")
    assert statuses(heard) == [(1, "PreSubmitted")]
    assert filled_after(world, client) == 5


def test_waiting_orders_can_be_changed_cancelled_and_end_with_the_day() -> None:
    world, client = started()
    never = {"conditions": [price(500.0)], "orderType": "LMT"}
    client.place(orderId=1, lmtPrice=90, **never)
    heard = client.place(orderId=1, lmtPrice=91, **never)
    assert only(heard, "openOrder")[0]["lmtPrice"] == 91.0
    assert codes(client.ask(requests.CANCEL_ORDER, orderId=1)) == [202]
    client.place(orderId=2, lmtPrice=90, **never)
    client.place(orderId=3, lmtPrice=90, tif="GTC", **never)
    world.advance_to(OPEN + 7 * HOUR)
    assert statuses(client.heard()) == [(2, "Cancelled")]


def test_a_bracket_waits_with_its_parent_and_ends_with_it() -> None:
    world, client = started()
    sell = {"action": "SELL", "parentId": 1, "orderType": "LMT", "lmtPrice": 200}
    client.place(orderId=1, conditions=[price(100.11)], conditionsIgnoreRth=True, transmit=False)
    heard = client.place(orderId=2, **sell)
    assert statuses(heard) == [(1, "PreSubmitted"), (2, "PreSubmitted")]
    world.step(2)
    assert set(statuses(client.heard())) >= {(1, "Filled"), (2, "Submitted")}
    client.place(orderId=3, conditions=[price(500.0)], transmit=False)
    client.place(orderId=4, **(sell | {"parentId": 3}))
    client.ask(requests.CANCEL_ORDER, orderId=3)
    world.step(1)
    assert statuses(client.heard()) == [(4, "Cancelled")]


@pytest.mark.parametrize(
    "values",
    [
        {"conditions": [price(1.0, conId=5)]},
        {"conditions": [{"type": 3, "conjunction": "a", "isMore": True, "time": "noon"}]},
        {"goodAfterTime": "noon"},
    ],
)
def test_what_can_never_be_looked_at_is_refused(values: dict[str, Any]) -> None:
    _, client = started()
    assert codes(client.place(**values)) == [321]


def test_time_conditions_need_no_rows() -> None:
    world, client = started(9)
    client.place(goodAfterTime="20260302 10:00:00 US/Eastern")
    world.advance_to(OPEN + 1800 * SECOND)
    assert statuses(client.heard())[-1] == (1, "Filled")
