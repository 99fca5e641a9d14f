"""IBKR's own Python client over TCP against the simulated gateway, the market in step mode."""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from tapes import random_tape

from ikbr.data.memory_source import MemorySource
from ikbr.domain.execution import ExecutionModel
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.server import LOCALHOST, GatewayServer
from ikbr.gateway.world import World

ibapi_client = pytest.importorskip("ibapi.client")
ibapi_wrapper = pytest.importorskip("ibapi.wrapper")

from ibapi.contract import Contract  # noqa: E402 - only where it is installed
from ibapi.execution import ExecutionFilter  # noqa: E402
from ibapi.order import Order  # noqa: E402
from ibapi.order_cancel import OrderCancel  # noqa: E402

PATIENCE_S = 5.0


class Running:
    """Run a gateway in a thread of its own, in step mode."""

    def __init__(self, **options: Any) -> None:
        tape, days = random_tape(11, 1000, 3)
        model = ExecutionModel(queue="none")
        self.world = World(
            MemorySource(tape, days, synthetic=True),
            GatewayOptions(model=model, accounts={"DU1": 1e7}, **options),
        )
        self._loop = asyncio.new_event_loop()
        self.server = GatewayServer(self.world, speed=0.0)
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._do(self.server.start())
        address = (LOCALHOST, self.server.control_port)
        self._control = socket.create_connection(address, timeout=PATIENCE_S)

    def step(self, rows: int) -> None:
        self._control.sendall(json.dumps({"do": "step", "rows": rows}).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self._control.recv(4096)
        assert json.loads(answer)["ok"]

    def stop(self) -> None:
        self._control.close()
        self._do(self.server.stop())
        self._do(asyncio.sleep(0.02))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE_S)


class App(ibapi_wrapper.EWrapper, ibapi_client.EClient):  # type: ignore[misc, name-defined]
    """Put every callback into a queue, as (name, arguments)."""

    def __init__(self) -> None:
        ibapi_client.EClient.__init__(self, self)
        self.heard: queue.Queue[tuple[str, tuple[Any, ...]]] = queue.Queue()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in _CALLBACKS:
            return lambda *values, **named: self.heard.put((name, (*values, *named.values())))
        return found

    def until(self, last: str, *, request_id: int | None = None) -> list[tuple[str, Any]]:
        """Give what comes until a callback is heard."""
        found = []
        while True:
            name, values = self.heard.get(timeout=PATIENCE_S)
            found.append((name, values))
            if name == last and (request_id is None or values[0] == request_id):
                return found

    def settle(self) -> list[tuple[str, Any]]:
        """Give what comes until the gateway has answered everything so far."""
        self.reqCurrentTime()
        return self.until("currentTime")[:-1]


_CALLBACKS = {
    name
    for name, what in vars(ibapi_wrapper.EWrapper).items()
    if callable(what) and not name.startswith("_") and not name.endswith("ProtoBuf")
} - {"logAnswer"}


def named(heard: list[tuple[str, Any]], name: str) -> list[Any]:
    return [values for found, values in heard if found == name]


def stock(symbol: str = "SPY") -> Any:
    contract = Contract()
    contract.symbol, contract.secType = symbol, "STK"
    contract.exchange, contract.currency = "SMART", "USD"
    return contract


def order(action: str, quantity: int, kind: str = "MKT", **fields: Any) -> Any:
    found = Order()
    found.action, found.totalQuantity, found.orderType = action, Decimal(quantity), kind
    for name, value in fields.items():
        setattr(found, name, value)
    return found


@pytest.fixture(name="gateway")
def _gateway() -> Iterator[Running]:
    running = Running()
    yield running
    running.stop()


@pytest.fixture(name="app")
def _app(gateway: Running) -> Iterator[App]:
    app = App()
    app.connect(LOCALHOST, gateway.server.port, 1)
    thread = threading.Thread(target=app.run)
    thread.start()
    heard = app.until("nextValidId")
    assert ("managedAccounts", ("DU1",)) in heard
    app.settle()
    yield app
    app.disconnect()
    thread.join(PATIENCE_S)


def test_it_speaks_version_178(app: App) -> None:
    assert app.serverVersion() == 178


def test_contracts_and_rules(gateway: Running, app: App) -> None:
    app.reqContractDetails(1, stock())
    heard = app.until("contractDetailsEnd")
    ((_, details),) = named(heard, "contractDetails")
    assert details.contract.symbol == "SPY"
    assert details.contract.conId == gateway.world.contracts.wire[0]["conId"]
    assert details.timeZoneId == "US/Eastern"
    assert details.minTick == 0.0001
    assert details.stockType == "COMMON"
    assert details.sizeIncrement == Decimal(1)
    app.reqMarketRule(int(details.marketRuleIds.split(",")[0]))
    ((_, increments),) = named(app.until("marketRule"), "marketRule")
    assert [(i.lowEdge, i.increment) for i in increments] == [(0.0, 0.0001), (1.0, 0.01)]
    app.reqMatchingSymbols(2, "I")
    ((_, samples),) = named(app.until("symbolSamples"), "symbolSamples")
    assert [s.contract.symbol for s in samples] == ["IBM"]
    app.reqContractDetails(3, stock("NONE"))
    assert 200 in _codes(app.settle())


def test_account_positions_and_profit(gateway: Running, app: App) -> None:
    gateway.step(200)
    app.placeOrder(1, stock(), order("BUY", 100))
    app.settle()
    app.reqAccountUpdates(True, "DU1")
    heard = app.until("accountDownloadEnd")
    values = {key: value for key, value, *_ in named(heard, "updateAccountValue")}
    assert float(values["GrossPositionValue"]) > 0
    ((contract, position, *_),) = named(heard, "updatePortfolio")
    assert (contract.symbol, position) == ("SPY", Decimal(100))
    app.reqPositions()
    ((account, contract, position, cost),) = named(app.until("positionEnd"), "position")
    assert (account, contract.symbol, position) == ("DU1", "SPY", Decimal(100))
    assert cost > 0
    app.reqAccountSummary(5, "All", "NetLiquidation,BuyingPower")
    heard = app.until("accountSummaryEnd")
    assert [tag for _, _, tag, _, _ in named(heard, "accountSummary")] == [
        "NetLiquidation",
        "BuyingPower",
    ]
    app.reqPnL(6, "DU1", "")
    ((_, daily, unrealised, realised),) = named(app.until("pnl"), "pnl")
    assert daily == pytest.approx(unrealised + realised)
    app.reqPnLSingle(7, "DU1", "", contract.conId)
    ((_, held, *_),) = named(app.until("pnlSingle"), "pnlSingle")
    assert held == Decimal(100)
    app.reqAccountUpdatesMulti(8, "DU1", "", False)
    assert named(app.until("accountUpdateMultiEnd"), "accountUpdateMulti")
    app.reqPositionsMulti(9, "DU1", "")
    assert named(app.until("positionMultiEnd"), "positionMulti")


def test_orders_and_executions(gateway: Running, app: App) -> None:
    gateway.step(200)
    app.placeOrder(1, stock(), order("BUY", 100, orderRef="mine"))
    heard = app.settle()
    assert [s[1] for s in named(heard, "orderStatus")] == ["PreSubmitted", "Filled"]
    ((_, contract, execution),) = named(heard, "execDetails")
    assert (contract.symbol, execution.side, execution.shares) == ("SPY", "BOT", Decimal(100))
    assert (execution.orderRef, execution.clientId, execution.orderId) == ("mine", 1, 1)
    (reports,) = [named(heard, n) for n in ("commissionReport", "commissionAndFeesReport")
                  if named(heard, n)]  # fmt: skip
    assert reports[0][0].execId == execution.execId
    states = [state for _, _, _, state in named(heard, "openOrder")]
    assert [state.status for state in states] == ["PreSubmitted", "Filled", "Filled"]

    app.placeOrder(2, stock(), order("BUY", 10, "LMT", lmtPrice=1.0, tif="GTC"))
    heard = app.settle()
    assert [s[1] for s in named(heard, "orderStatus")] == ["PreSubmitted", "Submitted"]
    opened = named(heard, "openOrder")[-1][2]
    assert (opened.lmtPrice, opened.tif, opened.totalQuantity) == (1.0, "GTC", Decimal(10))
    app.placeOrder(2, stock(), order("BUY", 20, "LMT", lmtPrice=1.1, tif="GTC"))
    assert named(app.settle(), "openOrder")[-1][2].lmtPrice == 1.1
    app.cancelOrder(2, OrderCancel())
    heard = app.settle()
    assert named(heard, "orderStatus")[-1][1] == "Cancelled"
    assert 202 in _codes(heard)
    app.placeOrder(2, stock(), order("BUY", 20, "LMT", lmtPrice=1.1))
    assert _codes(app.settle()) == [103]

    app.reqExecutions(9, ExecutionFilter())
    heard = app.until("execDetailsEnd")
    assert len(named(heard, "execDetails")) == 1
    app.reqCompletedOrders(False)
    heard = app.until("completedOrdersEnd")
    assert [state.status for _, _, state in named(heard, "completedOrder")] == [
        "Filled",
        "Cancelled",
    ]
    app.reqOpenOrders()
    assert named(app.until("openOrderEnd"), "openOrder") == []


def test_what_if_and_brackets(gateway: Running, app: App) -> None:
    gateway.step(200)
    app.placeOrder(1, stock(), order("BUY", 100, whatIf=True))
    ((_, _, _, state),) = named(app.settle(), "openOrder")
    assert float(state.initMarginChange) > 0
    app.placeOrder(2, stock(), order("BUY", 10, "LMT", lmtPrice=500.0, transmit=False))
    sell = {"parentId": 2, "transmit": False}
    app.placeOrder(3, stock(), order("SELL", 10, "LMT", lmtPrice=900.0, **sell))
    assert app.settle() == []
    app.placeOrder(4, stock(), order("SELL", 10, "STP", auxPrice=1.0, parentId=2))
    last = {s[0]: s[1] for s in named(app.settle(), "orderStatus")}
    assert last == {2: "Filled", 3: "Submitted", 4: "PreSubmitted"}
    app.reqGlobalCancel(OrderCancel())
    last = {s[0]: s[1] for s in named(app.settle(), "orderStatus")}
    assert last == {3: "Cancelled", 4: "Cancelled"}


def test_market_data_and_history(gateway: Running, app: App) -> None:
    gateway.step(100)
    app.reqMktData(1, stock(), "233", False, False, [])
    app.reqTickByTickData(2, stock(), "BidAsk", 0, False)
    app.reqRealTimeBars(3, stock(), 5, "TRADES", False, [])
    heard = app.settle()
    gateway.step(100)
    heard += app.settle()
    market = gateway.world.market
    prices = {kind: price for _, kind, price, _ in named(heard, "tickPrice")}
    assert prices[4] == market.last[0] / 10_000
    assert named(heard, "tickByTickBidAsk")[-1][2] > 0
    assert named(heard, "realtimeBar")
    assert named(heard, "tickReqParams") == [(1, 0.0001, "9c0001", 3)]
    assert any(text.count(";") == 5 for _, kind, text in named(heard, "tickString") if kind == 48)
    app.cancelMktData(1)
    app.cancelTickByTickData(2)
    app.cancelRealTimeBars(3)
    app.settle()
    gateway.step(50)
    assert app.settle() == []
    app.reqHistoricalData(4, stock(), "", "1 D", "1 min", "TRADES", 1, 1, False, [])
    bars = [bar for _, bar in named(app.until("historicalDataEnd"), "historicalData")]
    assert bars[-1].close == market.last[0] / 10_000
    app.reqHistoricalTicks(
        5, stock(), "20260302 09:30:00 US/Eastern", "", 10, "TRADES", 1, False, []
    )
    ((_, ticks, done),) = named(app.until("historicalTicksLast"), "historicalTicksLast")
    assert (len(ticks), done) == (10, True)
    app.reqHeadTimeStamp(6, stock(), "TRADES", 1, 1)
    assert app.until("headTimestamp")[-1][1] == (6, "20260302-14:30:00")
    app.reqMktData(7, stock(), "", True, False, [])
    assert app.until("tickSnapshotEnd")[-1][1] == (7,)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda app: app.reqScannerParameters(), 162),
        (lambda app: app.reqFundamentalData(1, stock(), "ReportSnapshot", []), 430),
        (lambda app: app.cancelMktDepth(1, False), 310),
        (lambda app: app.reqHistoricalNews(1, 8, "BRFG", "", "", 5, []), 10276),
        (lambda app: app.reqWshMetaData(1), 10279),
        (lambda app: app.requestFA(1), 321),
        (lambda app: app.cancelMktData(77), 300),
        (lambda app: app.cancelOrder(77, OrderCancel()), 10147),
        (lambda app: app.reqAutoOpenOrders(True), 327),
        (lambda app: app.reqMarketRule(1), 321),
        (lambda app: app.reqHistoricalData(
            1, stock(), "", "1 D", "7 min", "TRADES", 1, 1, False, []), 321),
    ],
)  # fmt: skip
def test_errors_come_with_the_real_codes(app: App, ask: Callable[[App], None], code: int) -> None:
    ask(app)
    assert _codes(app.settle()) == [code]


def _codes(heard: list[tuple[str, Any]]) -> list[int]:
    """Give the codes of errors; the time of an error came to its signature later."""
    return [values[2] if len(values) > 4 else values[1] for values in named(heard, "error")]
