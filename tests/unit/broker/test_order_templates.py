"""An order from a template is, byte for byte, the one that ib_async would have sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async.client import Client as IbClient

from ikbr.broker.contracts import ContractTable
from ikbr.broker.order_templates import OrderTemplates
from ikbr.broker.orders import FIELDS, to_ib_order
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import OrderError
from ikbr.domain.order import Order, OrderRequest, OrderType, Side, TimeInForce
from ikbr.domain.routing import ADAPTIVE

INSTRUMENTS = [parse_contract(text) for text in ("SPY", "EUR.USD", "ES 202612 CME")]
PRICES = st.sampled_from([0.01, 100.0, 99.95, 1e-7, 12345.678, 250])
NAMES = st.sampled_from(["momentum", "a b", "ünder 100%", "{x}"])
IDS = st.integers(1, 2_147_483_646)


class Written(IbClient):
    """Keep what ib_async writes."""

    def __init__(self, version: int) -> None:
        self._serverVersion = version
        self.message = ""

    def isConnected(self) -> bool:
        return True

    def sendMsg(self, msg: str) -> None:
        self.message = msg


@st.composite
def orders(draw: st.DrawFn) -> tuple[Order, dict[str, Any]]:
    """Any order of ours: as an entry, a member of a bracket or of an OCA group."""
    kind = draw(st.sampled_from(sorted(FIELDS)))
    prices = {name: draw(PRICES) for name in FIELDS[kind].values()}
    if kind is OrderType.TRAIL:
        prices |= draw(st.sampled_from([{"trail_amount": None}, {"trail_percent": None}]))
    if kind is OrderType.MIDPRICE:
        prices["limit_price"] = draw(st.none() | PRICES)
    instrument = draw(st.sampled_from(INSTRUMENTS))
    moo = kind is OrderType.MARKET_ON_OPEN
    request = OrderRequest(
        instrument.symbol,
        draw(st.sampled_from(list(Side))),
        draw(st.integers(1, 3_000_000_000)),
        kind,
        tif=TimeInForce.DAY if moo else draw(st.sampled_from(list(TimeInForce))),
        outside_rth=draw(st.booleans()),
        algo=draw(st.sampled_from(["", *map(str, ADAPTIVE)])),
        **prices,
    )
    parent_id = draw(st.just(0) | IDS)
    order = Order(draw(IDS), request, instrument, draw(NAMES), 0, parent_id)
    group = draw(st.sampled_from(["", "", "ikbr-1-exit"]))
    more = {"transmit": draw(st.booleans()), "oca_group": group,
            "parent_id": draw(st.sampled_from([0, parent_id]))}  # fmt: skip
    return order, more


def by_ib_async(table: ContractTable, version: int, order: Order, more: dict[str, Any]) -> str:
    client = Written(version)
    ib = to_ib_order(order, order.request, account="DU1", **more)
    client.placeOrder(order.order_id, table.contract(order.instrument), ib)
    return client.message


@given(some=st.lists(orders(), min_size=2, max_size=12), version=st.sampled_from([176, 177, 178]))
def test_orders_of_every_type_are_those_of_ib_async(
    some: list[tuple[Order, dict[str, Any]]], version: int
) -> None:
    table = ContractTable(INSTRUMENTS)
    table.learn("SPY", 756733)
    templates = OrderTemplates(table, "DU1")
    # Twice: from a template that another order made, and from its own.
    for order, more in [*some, *reversed(some)]:
        message = templates.message(version, order, order.request, **more)
        assert message == by_ib_async(table, version, order, more)


@pytest.mark.parametrize("kind", [OrderType.MARKET, OrderType.LIMIT])
def test_the_usual_orders_are_encoded_before_the_first_tick(kind: OrderType) -> None:
    table = ContractTable(INSTRUMENTS)
    templates = OrderTemplates(table, "DU1")
    templates.warm(178, table.instruments)
    before = set(templates._templates)
    price = 5.0 if kind is OrderType.LIMIT else None
    request = OrderRequest("SPY", Side.SELL, 7, kind, limit_price=price)
    templates.message(178, Order(12, request, INSTRUMENTS[0], "m", 0), request)
    assert set(templates._templates) == before


def test_a_contract_that_is_known_better_is_encoded_anew() -> None:
    table = ContractTable(INSTRUMENTS)
    templates = OrderTemplates(table, "DU1")
    request = OrderRequest("SPY", Side.BUY, 7)
    order = Order(12, request, INSTRUMENTS[0], "m", 0)
    assert "\x00756733\0" not in templates.message(178, order, request)
    table.learn("SPY", 756733)
    assert "\x00756733\0" in templates.message(178, order, request)


def test_what_ib_does_not_have_is_refused() -> None:
    request = OrderRequest("SPY", Side.BUY, 7, OrderType.MARKET_ON_OPEN, tif=TimeInForce.GTC)
    templates = OrderTemplates(ContractTable(INSTRUMENTS), "DU1")
    with pytest.raises(OrderError, match="use DAY"):
        templates.message(178, Order(12, request, INSTRUMENTS[0], "m", 0), request)
