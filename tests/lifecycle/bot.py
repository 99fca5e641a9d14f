"""Our side of the line: the pipeline's books over an `IBBroker`; it can be killed and restarted."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from ib_async import IB, CommissionReport, Contract, Execution
from ib_async import Order as IbOrder
from ib_async import OrderState as IbOrderState
from tests.lifecycle.model_broker import ModelBroker, Saying
from tests.unit.core.rig import FREE, Deaf

from ikbr.broker.contracts import ContractTable, to_contract
from ikbr.broker.follower import Notice
from ikbr.broker.ib_broker import IBBroker
from ikbr.core.event_bus import EventBus
from ikbr.core.market_data import MarketData
from ikbr.core.order_manager import OrderManager
from ikbr.core.pipeline import guarded
from ikbr.core.risk_manager import RiskManager
from ikbr.core.trader import Trader
from ikbr.domain.contracts import parse_contract
from ikbr.domain.order import NAN, Order, OrderRequest, OrderType, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.timers import TimerHeap
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.journal.replay import State, replay
from ikbr.live.recovery import take_up
from ikbr.strategies.manager import StrategyManager

SECOND = 1_000_000_000
START_NS = 1_772_461_800 * SECOND
CLIENT = 5
SPY = parse_contract("SPY")
CONTRACT = to_contract(SPY, 756733)
NAME = "m"


class Cable:
    """The socket: what is sent lands in the model's inbox."""

    def __init__(self, model: ModelBroker) -> None:
        self.model = model
        self.numBytesSent = self.numMsgSent = 0

    def sendMsg(self, message: bytes) -> None:
        self.model.inbox.append(message[4:].decode().split("\0")[:-1])

    def disconnect(self) -> None:
        pass


class Bot:
    """Trade for one life; the journal goes on to the next."""

    def __init__(
        self, model: ModelBroker, journal: MemoryJournal, now_ns: int, past: State | None = None
    ) -> None:
        self.model, self.journal, self.past = model, journal, past
        self.ib = IB()
        client: Any = self.ib.client
        client.tells_ib_async = False
        client.conn, client.MaxRequests, client.clientId = Cable(model), 0, CLIENT
        self.ib.wrapper.clientId = CLIENT
        self.clock = TimerHeap(now_ns)
        self.faults: list[Exception] = []
        self.notices: list[Notice] = []
        self.broker = IBBroker(
            self.ib, self.clock, ContractTable([SPY]), on_fault=self.faults.append, account="DU1"
        )
        self.follower = self.broker.follower
        self.follower.on_notice = self.notices.append
        self._wire_pipeline()
        if past is not None:
            take_up(SimpleNamespace(trader=self.trader, clock=self.clock), self.broker, past)  # type: ignore[arg-type]
        self.connect()

    def _wire_pipeline(self) -> None:
        by_symbol = {"SPY": SPY}
        manager = StrategyManager(by_symbol, 0)
        manager.add(Deaf(), NAME, ("SPY",), 1.0)
        self.portfolio = Portfolio(by_symbol, 0)
        if self.past is not None:
            for symbol, held in self.past.portfolio.positions.items():
                self.portfolio.adopt(symbol, held.quantity, held.cost_micro)
        self.risk = RiskManager(FREE, self.portfolio, by_symbol)
        self.orders = OrderManager(
            guarded(self.broker, self.risk, self.clock), self.clock, self.journal
        )
        self.trader = Trader(
            clock=self.clock, market_data=MarketData([SPY]), manager=manager, risk=self.risk,
            orders=self.orders, portfolio=self.portfolio, journal=self.journal, bus=EventBus(),
        )  # fmt: skip
        ticker = self.trader.market_data.tickers["SPY"]
        ticker.bid, ticker.ask, ticker.last, ticker.ts_ns = 499.99, 500.01, 500.0, START_NS

    @property
    def connected(self) -> bool:
        return bool(self.ib.client.isConnected())

    def connect(self) -> None:
        client: Any = self.ib.client
        client.connState, client._apiReady, client._serverVersion = client.CONNECTED, True, 178
        client.decoder.serverVersion = 178
        client._reqIdSeq = self.model.next_id
        past_id = self.orders.next_id if self.past is not None else 1
        self.orders.next_id = max(self.orders.next_id, self.broker.start(past_id))

    def break_link(self) -> None:
        client: Any = self.ib.client
        client.connState, client._apiReady = client.DISCONNECTED, False
        self.ib.disconnectedEvent.emit()

    def die(self) -> None:
        """End as with `kill -9`: nothing of it says or does anything any more.

        An `IB` that is collected while it is connected disconnects, and whoever listens then would
        write to the journal of the next life, at whatever moment the collector runs.
        """
        client: Any = self.ib.client
        client.connState, client._apiReady = client.DISCONNECTED, False

    def reborn(self) -> Bot:
        """Be killed and start again from the journal."""
        self.die()
        past = replay(self.journal.records, {"SPY": SPY})
        return Bot(self.model, self.journal, self.clock.now_ns, past)

    def send(self, quantity: int, limit: float | None, **more: Any) -> Order:
        side = Side.BUY if quantity > 0 else Side.SELL
        kind = OrderType.MARKET if limit is None else OrderType.LIMIT
        request = OrderRequest("SPY", side, abs(quantity), kind, limit_price=limit, **more)
        return self.orders.submit(request, SPY, NAME, NAN, NAN)

    def later(self, seconds: float) -> None:
        self.clock.advance(self.clock.now_ns + round(seconds * SECOND))

    # --- hearing -------------------------------------------------------------------------------

    def hear(self, saying: Saying) -> None:
        """Let what IB says arrive at the wrapper of ib_async."""
        self.model.note_told(saying)
        name, *values = saying
        getattr(self, f"_hear_{name}")(*values)

    def _hear_status(self, order_id: int, word: str, filled: int) -> None:
        self.ib.wrapper.orderStatus(
            order_id, word, float(filled), 0.0, 0.0, 9, 0, 0.0, CLIENT, "", 0.0
        )

    def _hear_error(self, order_id: int, code: int) -> None:
        self.ib.wrapper.error(order_id, code, f"words of {code}", "")

    def _hear_open(self, order_id: int, word: str, side: str, quantity: int, limit: float) -> None:
        ib = IbOrder(
            orderId=order_id, clientId=CLIENT, permId=9, action="BUY" if side == "BUY" else "SELL",
            totalQuantity=float(quantity), orderType="LMT" if limit else "MKT",
            lmtPrice=limit, auxPrice=0.0, tif="DAY",
        )  # fmt: skip
        self.ib.wrapper.openOrder(
            order_id, CONTRACT, ib, IbOrderState(status=word, initMarginChange="1")
        )

    def _hear_execution(
        self, stem: str, revision: int, order_id: int, shares: int, price: float
    ) -> None:
        order = self.orders.orders[order_id]
        execution = Execution(
            execId=f"{stem}.{revision:02d}", orderId=order_id, clientId=CLIENT,
            side="BOT" if order.side > 0 else "SLD", shares=float(shares), price=price,
            time=dt.datetime.fromtimestamp(self.clock.now_ns // SECOND, dt.UTC),
        )  # fmt: skip
        self.ib.wrapper.execDetails(-1, CONTRACT, execution)

    def _hear_commission(self, exec_id: str, commission: float) -> None:
        self.ib.wrapper.commissionReport(CommissionReport(exec_id, commission, "USD"))

    def _hear_completed(self, ref: str, word: str) -> None:
        self.ib.wrapper.completedOrder(
            Contract(), IbOrder(orderRef=ref, permId=9), IbOrderState(status=word)
        )

    def _hear_open_end(self) -> None:
        self.ib.wrapper.openOrderEnd()

    def _hear_completed_end(self) -> None:
        self.ib.wrapper.completedOrdersEnd()

    def _hear_executions_end(self, request_id: int) -> None:
        self.ib.wrapper.execDetailsEnd(request_id)
