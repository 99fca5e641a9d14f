"""Faults in requests, orders and executions, and what a client feels of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.gateway.faults.fault_rig import LIMIT, STOCK, a_market, let, pass_s
from tests.unit.gateway.rig import ACCOUNT, Client, codes, names, only

from ikbr.gateway.messages import requests

EVERYTHING = {"clientId": 0, "acctCode": "", "time": "", "symbol": "", "secType": "",
              "exchange": "", "side": ""}  # fmt: skip


def executions(client: Client) -> list[dict[str, Any]]:
    return only(client.ask(requests.REQ_EXECUTIONS, reqId=5, **EVERYTHING), "execDetails")


def test_mute_never_answers_a_request_by_its_name_or_its_id() -> None:
    world, client = a_market()
    let(world, "mute", message="reqCurrentTime")
    let(world, "mute", request=7)
    assert client.ask(requests.REQ_CURRENT_TIME) == []
    assert names(client.ask(requests.REQ_CURRENT_TIME)) == ["currentTime"]
    assert client.ask(requests.REQ_CONTRACT_DETAILS, reqId=7, **STOCK) == []
    assert client.ask(requests.REQ_CONTRACT_DETAILS, reqId=8, **STOCK)


@pytest.mark.parametrize("works", [True, False])
def test_a_silent_order_is_never_acknowledged_and_works_or_not(works: bool) -> None:
    world, client = a_market()
    let(world, "silent_order", works=works)
    assert client.place() == []
    assert len(executions(client)) == works
    assert world.books[ACCOUNT].quantity(0) == (100 if works else 0)
    assert only(client.place(), "execDetails")


def test_a_cancelled_order_can_be_filled_all_the_same() -> None:
    world, client = a_market()
    client.place(orderType="LMT", lmtPrice=99.95)
    let(world, "fill_after_cancel", seconds=60)
    heard = client.ask(requests.CANCEL_ORDER, orderId=1)
    assert (heard[1][1]["status"], codes(heard)) == ("Cancelled", [202])
    assert only(client.ask(requests.REQ_OPEN_ORDERS), "openOrder") == []
    world.step(4)
    assert names(client.heard()) == ["execDetails", "commissionReport"]
    assert world.books[ACCOUNT].quantity(0) == 100


def test_an_order_that_only_seems_cancelled_is_cancelled_when_the_fault_ends() -> None:
    world, client = a_market()
    client.place(**LIMIT)
    let(world, "fill_after_cancel", seconds=1)
    client.ask(requests.CANCEL_ORDER, orderId=1)
    pass_s(world, 1)
    assert client.heard() == []
    assert list(world.desk.orders.of()) == []


def test_reject_refuses_the_next_orders_with_any_code() -> None:
    world, client = a_market()
    let(world, "reject", code=201, text="Order rejected - reason: no.", times=2, symbol="SPY")
    assert only(client.place(symbol="KO"), "execDetails")
    for _ in range(2):
        heard = client.place()
        assert (codes(heard), only(heard, "orderStatus")[0]["status"]) == ([201], "Inactive")
    assert only(client.place(), "execDetails")


def test_reject_with_works_says_a_code_about_an_order_that_is_filled() -> None:
    world, client = a_market()
    let(world, "reject", code=10349, text="Order TIF was set to DAY.", works=True)
    heard = client.place()
    assert codes(heard) == [10349]
    assert len(only(heard, "execDetails")) == 1


def test_a_correction_has_the_next_id_and_moves_cash_and_cost() -> None:
    world, client = a_market()
    let(world, "correct", by=0.5, seconds=2)
    (first,) = only(client.place(), "execDetails")
    books = world.books[ACCOUNT]
    cash = books.account.portfolio.cash
    pass_s(world, 2)
    heard = client.heard()
    (second,) = only(heard, "execDetails")
    (commission,) = only(heard, "commissionReport")
    assert first["execId"].endswith(".01")
    assert second["execId"] == commission["execId"] == first["execId"][:-1] + "2"
    assert (second["price"], second["shares"]) == (first["price"] + 0.5, 100)
    assert second["avgPrice"] == second["price"]
    assert books.account.portfolio.cash == pytest.approx(cash - 50.0)
    assert books.position_of(0)["avgCost"] == pytest.approx(second["price"])
    assert len(executions(client)) == 2


def test_a_bust_takes_shares_cash_and_fees_back() -> None:
    world, client = a_market()
    books = world.books[ACCOUNT]
    let(world, "bust")
    (first,) = only(client.place(), "execDetails")
    pass_s(world, 0)
    (second,) = only(client.heard(), "execDetails")
    assert (second["shares"], second["cumQty"]) == (0, 0)
    assert second["execId"] == first["execId"][:-1] + "2"
    assert books.quantity(0) == 0
    assert books.account.portfolio.cash == 1_000_000
    assert books.pnl()["realizedPnL"] == 0


def test_a_corrected_sale_changes_what_was_realised() -> None:
    world, client = a_market()
    client.place()
    let(world, "correct", by=-1.0)
    client.place(action="SELL")
    before = world.books[ACCOUNT].pnl()["realizedPnL"]
    pass_s(world, 0)
    assert world.books[ACCOUNT].pnl()["realizedPnL"] == pytest.approx(before - 100)
    assert world.books[ACCOUNT].quantity(0) == 0


def test_an_execution_is_taken_back_once_however_often_that_is_ordered() -> None:
    world, client = a_market()
    let(world, "bust", seconds=1)
    let(world, "bust", seconds=2)
    let(world, "correct", by=0.5, seconds=3)
    client.place()
    pass_s(world, 5)
    assert [one["shares"] for one in only(client.heard(), "execDetails")] == [0]
    assert world.books[ACCOUNT].account.portfolio.cash == 1_000_000
