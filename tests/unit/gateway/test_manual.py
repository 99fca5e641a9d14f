"""Orders placed by hand, and how client 0 gets hold of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.gateway.rig import ACCOUNT, Client, World, a_world, codes, names, only

from ikbr.domain.errors import OrderError
from ikbr.gateway.control import Control
from ikbr.gateway.manual import ManualOrder, place_by_hand
from ikbr.gateway.messages import requests
from ikbr.gateway.runner import STEP, Runner

BUY = {"symbol": "SPY", "action": "BUY", "quantity": 100, "type": "LMT", "limit": 99.95}


def by_hand(world: World, **changes: Any) -> int:
    return place_by_hand(world, ManualOrder(**(BUY | changes)))


def a_market(client_id: int) -> tuple[World, Client]:
    world = a_world()
    world.step(2)
    return world, Client(world, client_id)


def test_an_order_by_hand_has_no_ids_and_is_only_seen_among_all_orders() -> None:
    world, client = a_market(1)
    perm_id = by_hand(world)
    assert client.heard() == []
    assert names(client.ask(requests.REQ_OPEN_ORDERS)) == ["openOrderEnd"]
    (order,) = only(client.ask(requests.REQ_ALL_OPEN_ORDERS), "openOrder")
    assert (order["orderId"], order["clientId"], order["permId"]) == (0, 0, perm_id)
    assert codes(client.ask(requests.CANCEL_ORDER, orderId=0)) == [10147]


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_client_0_binds_orders_that_were_and_that_will_be_placed_by_hand(first: bool) -> None:
    world, client = a_market(0)
    perm_id = by_hand(world) if first else 0
    heard = client.ask(requests.REQ_AUTO_OPEN_ORDERS, bind=True)
    if not first:
        assert heard == []
        perm_id = by_hand(world)
        heard = client.heard()
    assert heard[0] == ("orderBound", {"permId": perm_id, "clientId": 0, "orderId": -2})
    assert [one["orderId"] for one in only(heard, "openOrder")][-1:] == [-2]
    assert only(heard, "orderStatus")[-1]["status"] == "Submitted"
    assert only(heard, "openOrder")[-1]["exemptCode"] == -1  # as of any order that says nothing
    heard = client.ask(requests.CANCEL_ORDER, orderId=-2)
    assert codes(heard) == [202]


def test_without_auto_binding_client_0_binds_when_it_asks_for_open_orders() -> None:
    world, client = a_market(0)
    client.ask(requests.REQ_AUTO_OPEN_ORDERS, bind=False)
    by_hand(world)
    assert client.heard() == []
    heard = client.ask(requests.REQ_ALL_OPEN_ORDERS)
    assert only(heard, "openOrder")[0]["orderId"] == 0
    assert "orderBound" not in names(heard)
    heard = client.ask(requests.REQ_OPEN_ORDERS)
    assert names(heard)[0] == "orderBound"
    assert only(heard, "openOrder")[-1]["orderId"] == -2
    heard = client.place(orderId=-2, orderType="LMT", lmtPrice=99.0)
    assert (codes(heard), only(heard, "openOrder")[-1]["lmtPrice"]) == ([], 99.0)


def test_binding_ends_with_the_connection_that_asked_for_it() -> None:
    world, client = a_market(0)
    client.ask(requests.REQ_AUTO_OPEN_ORDERS, bind=True)
    client.session.close()
    by_hand(world)
    again = Client(world, 0)
    assert only(again.ask(requests.REQ_ALL_OPEN_ORDERS), "openOrder")[0]["orderId"] == 0


def test_the_fill_of_an_order_by_hand_is_found_among_the_executions() -> None:
    world, client = a_market(3)
    by_hand(world, type="MKT", limit=None)
    everything = dict.fromkeys(("acctCode", "time", "symbol", "secType", "exchange", "side"), "")
    heard = client.ask(requests.REQ_EXECUTIONS, reqId=1, clientId=0, **everything)
    (execution,) = only(heard, "execDetails")
    assert (execution["orderId"], execution["clientId"], execution["shares"]) == (0, 0, 100)
    assert world.books[ACCOUNT].quantity(0) == 100
    assert client.ask(requests.REQ_IDS, count=1) == [("nextValidId", {"orderId": 1})]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"symbol": "SPX"}, "symbol 'SPX' is not there; did you mean 'SPY'"),
        ({"action": "HOLD"}, "neither BUY nor SELL"),
        ({"account": "DU2"}, "account 'DU2' is not there"),
        ({"type": "XXX"}, "Unsupported order type"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(OrderError, match=words):
        by_hand(a_world(), **changes)


def test_the_control_port_places_orders_by_hand() -> None:
    world, _ = a_market(1)
    control = Control(Runner(world, STEP))

    def ask(**fields: Any) -> Any:
        return json.loads(control.answer(json.dumps(fields).encode(), 0))

    answer = ask(do="order", **BUY)
    assert (answer["ok"], len(list(world.desk.orders.of()))) == (True, 1)
    assert answer["perm_id"] == next(world.desk.orders.of()).perm_id
    assert "quantity" in ask(do="order", symbol="SPY", action="BUY")["error"]
    assert ask(do="order", **BUY | {"symbol": "X"})["ok"] is False
