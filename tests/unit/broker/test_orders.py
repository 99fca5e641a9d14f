"""Requests become orders of IB field by field, and come back as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async import IB, Contract
from ib_async import Order as IbOrder
from ib_async.util import UNSET_DOUBLE

from ikbr.broker.orders import to_ib_order, to_request, whole
from ikbr.domain.errors import OrderError
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import Order, OrderRequest, OrderType, Side, TimeInForce

SPY = Instrument(symbol="SPY")


def ib_order(parent: int = 0, **request: Any) -> IbOrder:
    asked = OrderRequest("SPY", Side.BUY, 100, **request)
    return to_ib_order(Order(7, asked, SPY, "momentum", parent_id=parent), asked)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, {"orderType": "MKT", "lmtPrice": UNSET_DOUBLE, "auxPrice": UNSET_DOUBLE}),
        (
            {"order_type": OrderType.LIMIT, "limit_price": 1.5},
            {"orderType": "LMT", "lmtPrice": 1.5},
        ),
        ({"order_type": OrderType.STOP, "stop_price": 2.5}, {"orderType": "STP", "auxPrice": 2.5}),
        (
            {"order_type": OrderType.STOP_LIMIT, "stop_price": 2.5, "limit_price": 3.5},
            {"orderType": "STP LMT", "auxPrice": 2.5, "lmtPrice": 3.5},
        ),
        (
            {"order_type": OrderType.TRAIL, "trail_amount": 0.5, "stop_price": 9.0},
            {"orderType": "TRAIL", "auxPrice": 0.5, "trailStopPrice": 9.0},
        ),
        (
            {"order_type": OrderType.TRAIL, "trail_percent": 2.0},
            {"trailingPercent": 2.0, "auxPrice": UNSET_DOUBLE, "trailStopPrice": UNSET_DOUBLE},
        ),
        ({"order_type": OrderType.MIDPRICE}, {"orderType": "MIDPRICE", "lmtPrice": UNSET_DOUBLE}),
        ({"order_type": OrderType.MIDPRICE, "limit_price": 4.0}, {"lmtPrice": 4.0}),
        ({"order_type": OrderType.MARKET_ON_OPEN}, {"orderType": "MKT", "tif": "OPG"}),
        ({"order_type": OrderType.MARKET_ON_CLOSE}, {"orderType": "MOC", "tif": "DAY"}),
        (
            {"order_type": OrderType.LIMIT_ON_CLOSE, "limit_price": 8.0},
            {"orderType": "LOC", "lmtPrice": 8.0},
        ),
        ({"tif": TimeInForce.GTC}, {"tif": "GTC"}),
        ({"outside_rth": True}, {"outsideRth": True}),
        ({"oca_group": "pair"}, {"ocaGroup": "pair", "ocaType": 1}),
        ({"oca_group": "exit-3", "parent": 3}, {"ocaGroup": "exit-3", "ocaType": 2}),
        ({}, {"orderId": 7, "orderRef": "ikbr:7:momentum", "action": "BUY", "totalQuantity": 100}),
    ],
)
def test_each_kind_of_order_has_its_fields(
    request_: dict[str, Any], expected: dict[str, Any]
) -> None:
    ib = ib_order(**request_)
    assert {name: getattr(ib, name) for name in expected} == expected


def test_where_it_goes_is_written_on_the_order() -> None:
    asked = OrderRequest("SPY", Side.SELL, 5, oca_group="pair")
    order = Order(7, asked, SPY, "m")
    ib = to_ib_order(
        order, asked, account="DU1", parent_id=6, transmit=False, oca_group="session 3 pair"
    )
    assert (ib.account, ib.parentId, ib.transmit) == ("DU1", 6, False)
    assert (ib.action, ib.ocaGroup) == ("SELL", "session 3 pair")


def test_a_market_on_open_order_is_for_one_opening() -> None:
    with pytest.raises(OrderError, match="tif = GTC"):
        ib_order(order_type=OrderType.MARKET_ON_OPEN, tif=TimeInForce.GTC)


PRICES = st.integers(1, 10**9).map(lambda units: units / 10_000)


@st.composite
def requests(draw: st.DrawFn) -> OrderRequest:
    kind = draw(st.sampled_from(list(OrderType)))
    needs: dict[str, Any] = {}
    if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE}:
        needs["limit_price"] = draw(PRICES)
    if kind in {OrderType.STOP, OrderType.STOP_LIMIT}:
        needs["stop_price"] = draw(PRICES)
    if kind is OrderType.MIDPRICE:
        needs["limit_price"] = draw(st.none() | PRICES)
    if kind is OrderType.TRAIL:
        needs[draw(st.sampled_from(["trail_amount", "trail_percent"]))] = draw(PRICES)
        needs["stop_price"] = draw(st.none() | PRICES)
    once = kind is OrderType.MARKET_ON_OPEN
    return OrderRequest(
        "SPY",
        draw(st.sampled_from(list(Side))),
        draw(st.integers(1, 2**31 - 2)),
        kind,
        tif=TimeInForce.DAY if once else draw(st.sampled_from(list(TimeInForce))),
        outside_rth=draw(st.booleans()),
        oca_group=draw(st.sampled_from(["", "pair", "exit-3"])),
        **needs,
    )


@given(requests())
def test_a_request_loses_nothing_on_its_way_to_ib(request_: OrderRequest) -> None:
    ib = to_ib_order(Order(7, request_, SPY, "m"), request_)
    assert to_request("SPY", ib) == request_


@pytest.fixture(scope="module")
def event_loop() -> Iterator[None]:
    """Give ib_async the event loop that it looks for when it sends."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


class Wire:
    """Notes what a client sends."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.numBytesSent = self.numMsgSent = 0

    def disconnect(self) -> None:
        pass

    def sendMsg(self, message: bytes) -> None:
        self.sent.append(message)


@pytest.mark.usefixtures("event_loop")
@given(requests())
def test_the_wire_carries_every_field_of_a_request(request_: OrderRequest) -> None:
    client: Any = IB().client
    client.MaxRequests = 0
    wire = client.conn = Wire()
    client.connState, client._serverVersion = client.CONNECTED, 178
    client.placeOrder(7, Contract(), to_ib_order(Order(7, request_, SPY, "m"), request_))
    fields = wire.sent[0][4:].decode().split("\0")
    client.connState = client.DISCONNECTED
    # Positions in placeOrder at server version 178 for an order without conditions.
    ib = IbOrder(
        action=fields[16],
        totalQuantity=float(fields[17]),
        orderType=fields[18],
        lmtPrice=float(fields[19] or UNSET_DOUBLE),
        auxPrice=float(fields[20] or UNSET_DOUBLE),
        tif=fields[21],
        ocaGroup=fields[22],
        outsideRth=fields[33] == "1",
        trailStopPrice=float(fields[68] or UNSET_DOUBLE),
        trailingPercent=float(fields[69] or UNSET_DOUBLE),
    )
    assert fields[26] == "ikbr:7:m"
    assert to_request("SPY", ib) == request_


@pytest.mark.parametrize(
    "ib",
    [
        IbOrder(action="BUY", totalQuantity=1, orderType="REL"),
        IbOrder(action="BUY", totalQuantity=1, orderType="LMT", tif="GTD"),
        IbOrder(action="BUY", totalQuantity=1, orderType="LMT", tif="OPG"),
        IbOrder(action="SSHORT", totalQuantity=1, orderType="MKT"),
    ],
)
def test_an_order_of_another_kind_is_refused(ib: IbOrder) -> None:
    with pytest.raises(OrderError, match="of a kind that ikbr does not use"):
        to_request("SPY", ib)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [("LMT", "limit_price", 0.0), ("MIDPRICE", "limit_price", None), ("TRAIL", "stop_price", None)],
)
def test_a_price_of_zero_is_one_only_where_a_price_must_be(
    kind: str, name: str, expected: float | None
) -> None:
    ib = IbOrder(
        action="BUY",
        totalQuantity=1,
        orderType=kind,
        lmtPrice=0.0,
        auxPrice=0.0,
        trailStopPrice=0.0,
    )
    assert getattr(to_request("SPY", ib), name) == expected


@pytest.mark.parametrize("quantity", [0.5, float("nan"), float("inf")])
def test_a_quantity_that_is_not_whole_is_refused(quantity: float) -> None:
    with pytest.raises(OrderError, match="is not whole"):
        whole(quantity)
