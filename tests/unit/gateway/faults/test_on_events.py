"""Faults that happen by themselves, and what a client feels of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.gateway.faults.fault_rig import LIMIT, STOCK, a_market, let, pass_s
from tests.unit.gateway.rig import Client, a_world, codes, names, only

from ikbr.gateway.messages import requests
from ikbr.gateway.session import Session


def ticks(heard: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name in names(heard) if name.startswith("tick") and name != "tickReqParams"]


def test_drop_closes_the_connection_of_whom_it_is_about() -> None:
    world = a_world()
    first, second = Client(world, 1), Client(world, 2)
    let(world, "drop", client=2)
    assert second.session.closed
    assert not first.session.closed
    assert set(world.links) == {1}


def test_drop_can_lose_what_was_not_sent_while_the_order_works() -> None:
    world, client = a_market()
    let(world, "drop", after_orders=1, lost=True)
    assert client.place(**LIMIT) == []
    assert client.session.closed
    assert [wo.order_id for wo in world.desk.orders.of(1)] == [1]


def test_half_open_stays_connected_and_neither_hears_nor_speaks() -> None:
    world, client = a_market()
    let(world, "half_open", seconds=10)
    assert client.ask(requests.REQ_CURRENT_TIME) == []
    client.place()
    assert not client.session.closed
    assert list(world.desk.orders.of()) == []
    late = Session(world)
    late.receive(b"API\0\0\0\0\x09v157..178")
    assert (late.take_output(), late.closed) == (b"", "")
    pass_s(world, 11)
    assert Client(world, 2).greeting


def test_restart_closes_all_and_takes_nobody_until_it_is_over() -> None:
    world, client = a_market()
    let(world, "restart", seconds=3)
    assert client.session.closed
    assert Session(world).closed
    pass_s(world, 3)
    assert codes(Client(world).greeting) == [2104, 2106, 2158]


@pytest.mark.parametrize(("data", "code", "told"), [("kept", 1102, True), ("lost", 1101, False)])
def test_link_down_stops_data_and_holds_orders_until_it_is_back(
    data: str, code: int, told: bool
) -> None:
    world, client = a_market()
    client.ask(requests.REQ_MKT_DATA, reqId=1, **STOCK)
    let(world, "link_down", seconds=4.5, data=data)
    assert codes(client.heard()) == [1100, 2103, 2105, 2157]
    assert client.place() == []
    assert list(world.desk.orders.of()) == []
    assert codes(Client(world, 2).greeting) == [2110, 2103, 2105, 2157]
    world.step(2)
    assert client.heard() == []
    pass_s(world, 4)
    heard = client.heard()
    assert codes(heard) == [code, 2104, 2106, 2158]
    assert len(only(heard, "execDetails")) == 1
    assert bool(ticks(heard)) is told
    world.step(1)
    assert bool(ticks(client.heard())) is told


def test_fills_while_the_link_is_down_are_told_when_it_is_back() -> None:
    world, client = a_market()
    client.place(orderType="LMT", lmtPrice=99.95)
    let(world, "link_down")
    client.heard()
    world.step(4)
    assert client.heard() == []
    assert only(client.ask(requests.REQ_POSITIONS), "position")[0]["position"] == 100
    let(world, "link_up")
    heard = client.heard()
    assert codes(heard)[0] == 1102
    assert names(heard).count("execDetails") == names(heard).count("commissionReport") == 1


@pytest.mark.parametrize(
    ("farm", "broken", "works"),
    [("market", 2103, 2104), ("history", 2105, 2106), ("contracts", 2157, 2158)],
)
def test_a_farm_goes_and_comes_back(farm: str, broken: int, works: int) -> None:
    world, client = a_market()
    let(world, "farm_down", farm=farm, seconds=2)
    assert codes(client.heard()) == [broken]
    pass_s(world, 2)
    assert codes(client.heard()) == [works]
    let(world, "farm_down", farm=farm)
    let(world, "farm_up", farm=farm)
    assert codes(client.heard()) == [broken, works]


def test_a_broken_farm_serves_nothing() -> None:
    world, client = a_market()
    client.ask(requests.REQ_MKT_DATA, reqId=1, **STOCK)
    let(world, "farm_down", farm="market")
    let(world, "farm_down", farm="history")
    client.heard()
    world.step(3)
    assert ticks(client.heard()) == []
    heard = client.ask(requests.REQ_HEAD_TIMESTAMP, reqId=2, **STOCK, whatToShow="TRADES")
    assert codes(heard) == [162]
    let(world, "farm_up", farm="market")
    assert ticks(client.heard())


def test_competing_tells_10197_and_silences_the_lines_for_a_while() -> None:
    world, client = a_market()
    client.ask(requests.REQ_MKT_DATA, reqId=1, **STOCK)
    let(world, "competing", seconds=3)
    ((name, error),) = client.heard()
    assert (name, error["id"], error["code"]) == ("error", 1, 10197)
    pass_s(world, 2)
    assert client.heard() == []
    pass_s(world, 1)
    assert ticks(client.heard())


def test_notice_tells_any_code() -> None:
    world, client = a_market()
    let(world, "notice", code=2119, text="Market data farm is connecting:usfarm")
    ((_, error),) = client.heard()
    assert (error["id"], error["code"]) == (-1, 2119)
    assert error["text"] == "Market data farm is connecting:usfarm"


def test_halt_tells_tick_49_and_fills_nothing_until_it_ends() -> None:
    world, client = a_market()
    client.ask(requests.REQ_MKT_DATA, reqId=1, **STOCK)
    let(world, "halt", symbol="SPY", seconds=3)
    assert [one["value"] for one in only(client.heard(), "tickGeneric")] == [1.0]
    assert only(client.place(), "execDetails") == []
    pass_s(world, 3)
    heard = client.heard()
    assert [one["value"] for one in only(heard, "tickGeneric")] == [0.0]
    assert len(only(heard, "execDetails")) == 1
