"""What clients feel of the nights."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.unit.gateway.rig import HOUR, OPEN, ROWS, Client, World, codes, only, source_of

from ikbr.data.memory_source import MemorySource
from ikbr.domain.session import Session as TradingDay
from ikbr.gateway.messages import requests
from ikbr.gateway.options import GatewayOptions

DAY = 24 * HOUR
MIDNIGHT = OPEN + 14 * HOUR + HOUR // 2
"""The first one in New York."""
STOCK = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}


def a_week(**options: Any) -> World:
    """Give a market from Monday to the Monday after."""
    days = [TradingDay(dt.date(2026, 3, 2 + n), OPEN + n * DAY, OPEN + n * DAY + 6 * HOUR)
            for n in (0, 1, 2, 3, 4, 7)]  # fmt: skip
    (tape,) = source_of(ROWS).chunks()
    world = World(MemorySource(tape, days, synthetic=True), GatewayOptions(**options))
    world.step(2)
    return world


def told(world: World, client: Client, until_ns: int, step_ns: int = HOUR // 12) -> list[Any]:
    """List the codes that come and the New York time to five minutes."""
    found = []
    while world.now_ns < until_ns:
        world.advance_to(world.now_ns // step_ns * step_ns + step_ns)
        clock = (world.now_ns - MIDNIGHT) % DAY // (HOUR // 60)
        found += [(f"{clock // 60:02}:{clock % 60:02}", code) for code in codes(client.heard())]
    return found


def test_a_night_is_1100_and_the_farms_and_then_1102_with_data_kept() -> None:
    world = a_week()
    client = Client(world)
    client.ask(requests.REQ_MKT_DATA, reqId=1, **STOCK)
    assert told(world, client, MIDNIGHT + HOUR) == [
        ("00:15", 1100), ("00:15", 2103), ("00:15", 2105), ("00:15", 2157),
        ("00:20", 1102), ("00:20", 2104), ("00:20", 2106), ("00:20", 2158),
    ]  # fmt: skip
    assert client.session.state["lines"]


def test_the_weekend_takes_four_hours_and_market_data_with_it() -> None:
    world = a_week()
    client = Client(world)
    client.ask(requests.REQ_MKT_DATA, reqId=1, **STOCK)
    world.advance_to(MIDNIGHT + 3 * DAY + 22 * HOUR)
    client.heard()
    found = told(world, client, MIDNIGHT + 5 * DAY)
    assert [one for one in found if one[1] < 2000] == [("23:00", 1100), ("03:00", 1101)]
    assert not client.session.state["lines"]


def test_whoever_connects_in_a_night_is_told_2110() -> None:
    world = a_week()
    world.advance_to(MIDNIGHT + HOUR // 4)
    assert codes(Client(world).greeting) == [2110, 2103, 2105, 2157]


def test_a_day_order_ends_at_the_close_and_one_that_is_good_till_cancelled_outlives_the_night() -> (
    None
):
    world = a_week()
    client = Client(world)
    client.place(orderType="LMT", lmtPrice=90.0)
    client.place(orderType="LMT", lmtPrice=90.0, tif="GTC")
    world.advance_to(MIDNIGHT + HOUR)
    ended = [
        s["orderId"] for s in only(client.heard(), "orderStatus") if s["status"] == "Cancelled"
    ]
    assert ended == [1]
    assert [wo.order_id for wo in world.desk.orders.of()] == [2]


def test_nights_can_be_left_out() -> None:
    world = a_week(nightly=False)
    client = Client(world)
    assert told(world, client, MIDNIGHT + 6 * DAY, HOUR) == []


@pytest.mark.parametrize("nightly", [True, False])
def test_the_gateway_restarts_itself_every_day_when_told_to(nightly: bool) -> None:
    world = a_week(auto_restart="23:45", nightly=nightly)
    for day in range(2):
        client = Client(world)
        world.advance_to(MIDNIGHT + day * DAY - HOUR // 4 - 1)
        assert not client.session.closed
        world.advance_to(MIDNIGHT + day * DAY - HOUR // 4)
        assert "restarts" in client.session.closed
        assert world.upstream.is_down
        world.advance_to(MIDNIGHT + day * DAY - HOUR // 4 + HOUR // 60)
        assert not world.upstream.is_down
