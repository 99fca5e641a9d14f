"""Whatever a client may say within the tables, the session answers and goes on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.gateway.rig import Client, a_world, codes
from tests.unit.gateway.test_tables import KINDS, draw_values

from ikbr.gateway.framing import frame
from ikbr.gateway.handlers.every import HANDLERS
from ikbr.gateway.messages import place_order, requests
from ikbr.gateway.tables import Table

WORDS = st.sampled_from([
    "", "SPY", "KO", "STK", "SMART", "USD", "BUY", "SELL", "MKT", "LMT", "STP", "STP LMT", "TRAIL",
    "MIDPRICE", "MOC", "LOC", "DAY", "GTC", "IOC", "FOK", "OPG", "GTD", "TRADES", "BID", "BID_ASK",
    "MIDPOINT", "SCHEDULE", "Last", "BidAsk", "1 min", "1 day", "5 secs", "1 D", "30 S", "All",
    "DU1000001", "20260302 09:30:02", "99999999 99:99:99", "20260302-14:30:00 Mars/Base",
    "20269999", "NetLiquidation,$LEDGER", "233,236", "Adaptive",
])  # fmt: skip
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 100.0, 100.02, 99.95, 0.005, 1e12, 1e300])
INTEGERS = st.sampled_from([0, 1, 2, 3, 5, 100, -1, -7, 10**9, 2**62])
NASTY: dict[str, st.SearchStrategy[Any]] = {
    **KINDS, "s": WORDS, "i": INTEGERS, "i?": st.none() | INTEGERS, "n": NUMBERS, "q": NUMBERS,
    "n?": st.none() | NUMBERS,
}  # fmt: skip
EXAMPLES = 10
TABLES = [table for table, _ in HANDLERS.values()]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@given(st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_every_request_is_survived(table: Table, data: st.DataObject) -> None:
    world = a_world()
    world.step(data.draw(st.integers(0, 9)))
    client = Client(world)
    for _ in range(3):
        values = draw_values(data, table.parts, 178, NASTY)
        if data.draw(st.booleans()):
            values |= {"conId": 0, "symbol": "SPY", "secType": "STK", "exchange": "SMART",
                       "currency": "USD", "localSymbol": "", "tradingClass": "", "right": "",
                       "strike": 0.0, "lastTradeDateOrContractMonth": "", "multiplier": "",
                       "conditions": [], "goodAfterTime": "", "algoStrategy": "", "hedgeType": "",
                       "account": ""}  # fmt: skip
        client.send(table, **values)
        world.step(1)
    client.heard()
    assert client.ask(requests.REQ_CURRENT_TIME)
    assert not client.session.closed


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_orders_of_any_kind_leave_the_books_in_balance(data: st.DataObject) -> None:
    world = a_world()
    world.step(3)
    client = Client(world)
    books = world.books["DU1000001"]
    for order_id in range(1, 8):
        if data.draw(st.booleans()):
            client.send(requests.CANCEL_ORDER, orderId=data.draw(st.integers(0, order_id)))
        client.place(
            orderId=data.draw(st.integers(1, order_id)),
            symbol=data.draw(st.sampled_from(["SPY", "KO"])),
            action=data.draw(st.sampled_from(["BUY", "SELL"])),
            totalQuantity=data.draw(st.sampled_from([1, 100, 250, 60_000])),
            orderType=data.draw(st.sampled_from(["MKT", "LMT", "STP", "TRAIL", "MIDPRICE"])),
            lmtPrice=data.draw(st.none() | st.sampled_from([99.9, 100.0, 100.1, 50.0])),
            auxPrice=data.draw(st.none() | st.sampled_from([0.05, 99.9, 100.1])),
            tif=data.draw(st.sampled_from(["DAY", "GTC", "IOC", "FOK"])),
            parentId=data.draw(st.sampled_from([0, 0, 1])),
            transmit=data.draw(st.sampled_from([True, True, False])),
            ocaGroup=data.draw(st.sampled_from(["", "", "g"])),
            whatIf=data.draw(st.sampled_from([False, False, False, True])),
        )
        world.step(1)
    for wo in world.desk.orders.of():
        assert not wo.done
        assert wo.filled < wo.request.quantity
    client.ask(requests.REQ_GLOBAL_CANCEL)
    assert list(world.desk.orders.of()) == []
    executed = list(world.desk.executed.find(
        {"time": "", "clientId": 0, "account": "", "symbol": "", "secType": "", "exchange": "",
         "side": ""}
    ))  # fmt: skip
    for number, symbol in enumerate(("SPY", "KO")):
        signed = sum(
            e["shares"] * (1 if e["side"] == "BOT" else -1)
            for e, _ in executed
            if e["symbol"] == symbol
        )
        assert books.quantity(number) == signed
    equity = books.account.portfolio.equity_micro()
    value = sum(p.value_micro for p in books.account.portfolio.positions.values())
    assert equity == books.account.portfolio.cash_micro["USD"] + value


def test_a_number_that_is_none_is_refused() -> None:
    client = Client(a_world())
    for word in ("nan", "inf", "-inf", "1e400"):
        values = {"orderId": 1, "totalQuantity": 5, "orderType": "LMT", "lmtPrice": 7.0}
        payload = place_order.PLACE_ORDER.encode(values, 178)
        client.session.receive(frame(payload.replace(b"\x007.0\0", f"\0{word}\0".encode())))
        assert codes(client.heard()) in ([320], [200], [321])
    assert not client.session.closed
