"""A desk between our order manager and a connection whose other end the test plays."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from ib_async import IB, CommissionReport, Contract, Execution
from ib_async import Order as IbOrder
from ib_async import OrderState as IbOrderState

from ikbr.broker.contracts import ContractTable, to_contract
from ikbr.broker.ib_broker import IBBroker
from ikbr.broker.notice import Notice
from ikbr.core.order_manager import OrderManager
from ikbr.domain.contracts import parse_contract
from ikbr.domain.lifecycle import OrderUpdate
from ikbr.domain.order import NAN, Fill, Order, OrderRequest, OrderType, Side
from ikbr.domain.timers import TimerHeap
from ikbr.journal.memory_journal import MemoryJournal

SECOND = 1_000_000_000
START_NS = 1_772_461_800 * SECOND
CLIENT = 5


class Connection:
    """The socket: notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[list[str]] = []
        self.numBytesSent = self.numMsgSent = 0

    def sendMsg(self, message: bytes) -> None:
        self.sent.append(message[4:].decode().split("\0")[:-1])

    def disconnect(self) -> None:
        pass


class Desk:
    """An order manager over an `IBBroker`; the test says what IB says."""

    def __init__(self, **options: Any) -> None:
        self.spy = parse_contract("SPY")
        self.contract = to_contract(self.spy, 756733)
        self.ib = IB()
        client: Any = self.ib.client
        self.connection = client.conn = Connection()
        client.MaxRequests, client.clientId = 0, CLIENT
        self.ib.wrapper.clientId = CLIENT
        self.connect()
        self.clock = TimerHeap(START_NS)
        self.faults: list[Exception] = []
        self.notices: list[Notice] = []
        self.updates: list[OrderUpdate] = []
        self.fills: list[Fill] = []
        self.amended: list[Fill] = []
        self.foreign: list[str] = []
        self.broker = IBBroker(
            self.ib,
            self.clock,
            ContractTable([self.spy]),
            on_fault=self.faults.append,
            account="DU1",
            **options,
        )
        self.follower = self.broker.follower
        self.follower.on_notice = self.notices.append
        self.follower.on_foreign = lambda _c, execution: self.foreign.append(execution.execId)
        self.orders = OrderManager(self.broker, self.clock, MemoryJournal())
        self.broker.attach(self._update, self._fill, self._amend)
        self.orders.next_id = self.broker.start()

    def again(self) -> Desk:
        """Begin anew, as after a restart."""
        return Desk()

    def connect(self) -> None:
        client: Any = self.ib.client
        client.connState, client._apiReady, client._serverVersion = client.CONNECTED, True, 178
        client.decoder.serverVersion = 178
        client._reqIdSeq = 100

    def break_link(self) -> None:
        client: Any = self.ib.client
        client.connState, client._apiReady = client.DISCONNECTED, False
        self.ib.disconnectedEvent.emit()

    def _update(self, update: OrderUpdate) -> None:
        self.updates.append(update)
        self.orders.on_update(update)

    def _fill(self, fill: Fill) -> None:
        self.fills.append(fill)
        self.orders.on_fill(fill)

    def _amend(self, fill: Fill) -> None:
        self.amended.append(fill)
        self.orders.on_amended_fill(fill)

    def send(self, quantity: int = 100, kind: str = "MKT", **more: Any) -> Order:
        side = Side.BUY if quantity > 0 else Side.SELL
        request = OrderRequest("SPY", side, abs(quantity), OrderType(kind), **more)
        return self.orders.submit(request, self.spy, "m", NAN, NAN)

    def later(self, seconds: float) -> None:
        self.clock.advance(self.clock.now_ns + round(seconds * SECOND))

    def sent(self, message_id: int) -> list[list[str]]:
        return [fields for fields in self.connection.sent if fields[0] == str(message_id)]

    @property
    def events(self) -> list[tuple[str, int]]:
        return [(update.event.value, update.code) for update in self.updates]

    # --- what IB says ---

    def status(self, order: Order, status: str, filled: float = 0.0, client: int = CLIENT) -> None:
        remaining = order.quantity - filled
        self.ib.wrapper.orderStatus(
            order.order_id, status, filled, remaining, 0.0, 9, 0, 0.0, client, "", 0.0
        )

    def open(self, order: Order, status: str = "Submitted", **fields: Any) -> None:
        request = order.request
        known: dict[str, Any] = {
            "orderId": order.order_id,
            "clientId": CLIENT,
            "permId": 9,
            "action": request.side.name,
            "totalQuantity": float(request.quantity),
            "orderType": str(request.order_type),
            "lmtPrice": request.limit_price or 0.0,
            "auxPrice": request.stop_price or 0.0,
            "tif": "DAY",
        }
        ib = IbOrder(**{**known, **fields})
        self.ib.wrapper.openOrder(
            order.order_id, self.contract, ib, IbOrderState(status=status, initMarginChange="1")
        )

    def execute(
        self,
        order: Order,
        shares: float = 100,
        price: float = 500.0,
        exec_id: str = "a.b.01.01",
        request_id: int = -1,
        at_s: float = 0.0,
        **fields: Any,
    ) -> None:
        execution = Execution(
            execId=exec_id,
            orderId=order.order_id,
            clientId=fields.pop("client", CLIENT),
            side=fields.pop("side", "BOT" if order.side > 0 else "SLD"),
            shares=shares,
            price=price,
            time=dt.datetime.fromtimestamp(START_NS // SECOND + at_s, dt.UTC),
            **fields,
        )
        self.ib.wrapper.execDetails(request_id, self.contract, execution)

    def charge(
        self, commission: float = 1.0, exec_id: str = "a.b.01.01", currency: str = "USD"
    ) -> None:
        self.ib.wrapper.commissionReport(CommissionReport(exec_id, commission, currency))

    def error(self, order: Order | int, code: int, message: str = "words") -> None:
        number = order if isinstance(order, int) else order.order_id
        self.ib.wrapper.error(number, code, message, "")

    def complete(self, order: Order, status: str) -> None:
        ib = IbOrder(orderRef=f"ikbr:{order.order_id}:m", permId=9)
        self.ib.wrapper.completedOrder(
            Contract(), ib, IbOrderState(status=status, initMarginChange="1")
        )

    def answer(self) -> None:
        """Let IB end the three lists that were asked for last."""
        self.ib.wrapper.openOrderEnd()
        self.ib.wrapper.completedOrdersEnd()
        self.ib.wrapper.execDetailsEnd(int(self.sent(7)[-1][2]))


@pytest.fixture
def loop() -> Iterator[None]:
    """Give ib_async the event loop that it looks for when it sends."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def open_desk(loop: None) -> type[Desk]:
    """Give what makes a desk."""
    return Desk


@pytest.fixture
def desk(loop: None) -> Desk:
    """Give a desk with the usual settings."""
    return Desk()
