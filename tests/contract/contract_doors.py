"""The doors to the simulated market: what is asked goes in, what became of it comes out."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

import msgspec
from contract_scripts import INSTRUMENTS, OPEN_NS, SECOND, SESSIONS, Ask, contract_source
from ib_async import IB

from ikbr.broker.client import Client
from ikbr.broker.contracts import ContractTable
from ikbr.broker.ib_broker import IBBroker
from ikbr.broker.sim_client import Cable
from ikbr.broker.sim_ib import SimIB
from ikbr.core.order_manager import OrderManager
from ikbr.core.ports import Broker, Clock
from ikbr.domain.errors import OrderError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import NAN, Fill, OrderRequest
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session as TradingDay
from ikbr.domain.timers import NEVER, TimerHeap
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.player import Player
from ikbr.gateway.runner import STEP
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.session import Session
from ikbr.gateway.world import World
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.sim.account import Account
from ikbr.sim.broker import SimBroker
from ikbr.sim.exchange import Exchange
from ikbr.sim.market import StandingMarket

CAPITAL = 1_000_000.0
BY_SYMBOL = {one.symbol: one for one in INSTRUMENTS}


class Door(ABC):
    """Trade through one broker; the market moves a row at a time."""

    def open(self, broker: Broker, clock: Clock, first_id: int = 1) -> None:
        """Put an order manager before the broker."""
        self.clock, self.broker = clock, broker
        self.orders = OrderManager(broker, clock, MemoryJournal())
        self.orders.next_id = self.first_id = first_id
        self.portfolio = Portfolio(BY_SYMBOL, round(CAPITAL * 1_000_000))
        self.fills: list[Fill] = []
        self.codes: dict[int, int] = {}
        broker.attach(self._update, self._fill, self.orders.on_amended_fill)

    def _update(self, update: OrderUpdate) -> None:
        order = self.orders.orders[update.order_id]
        # What is said of a change that came too late is nobody's business.
        if update.code and not (order.is_done and update.event is OrderEvent.CANCEL_REFUSED):
            self.codes[update.order_id] = update.code
        self.orders.on_update(update)

    def _fill(self, fill: Fill) -> None:
        self.fills.append(fill)
        self.portfolio.apply_fill(fill)
        self.orders.on_fill(fill)

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether the tape is over."""

    @abstractmethod
    def step(self) -> None:
        """Play the next row, and let everybody hear of it."""

    @abstractmethod
    def settle(self) -> None:
        """Let everybody hear of what was asked."""

    @abstractmethod
    def close(self) -> None:
        """Leave."""

    def ask(self, what: Ask, names: dict[str, int]) -> None:
        """Send, change or cancel an order."""
        if what.verb == "send":
            exchange = what.what.get("exchange", "")
            fields = {name: value for name, value in what.what.items() if name != "exchange"}
            request = OrderRequest(**fields)
            instrument = BY_SYMBOL[request.symbol]
            if exchange:
                instrument = msgspec.structs.replace(instrument, exchange=exchange)
            order = self.orders.submit(request, instrument, "contract", NAN, NAN)
            names[what.name] = order.order_id
        elif what.verb == "modify" and names[what.name] in self.orders.working:
            # Below what has filled, nothing can be asked for.
            with suppress(OrderError):
                self.orders.modify(names[what.name], **what.what)
        elif what.verb == "cancel":
            self.orders.cancel(names[what.name])
        self.settle()

    def states(self) -> list[tuple[Any, ...]]:
        """Say how all orders stand."""
        return [
            (
                order.order_id - self.first_id,
                order.state.value,
                order.filled,
                order.quantity,
                order.request.limit_price,
                order.request.stop_price,
            )
            for order in self.orders.orders.values()
        ]

    @abstractmethod
    def account(self) -> dict[str, Any]:
        """Say what the broker says it holds: cash, and position and average cost by symbol."""


class DirectDoor(Door):
    """The simulated broker by plain calls, as backtests use it."""

    def __init__(self, model: ExecutionModel) -> None:
        source = contract_source()
        timers = TimerHeap()
        market = StandingMarket(len(INSTRUMENTS))
        self.exchange = Exchange(INSTRUMENTS, model, timers, market)
        self.books = Account(BY_SYMBOL, CAPITAL, model)
        self.player = Player(source)
        timers.now_ns = self.player.next_ns - 1
        self.exchange.hours.regular = False
        for day in SESSIONS:
            timers.call_at(day.open_ns, self._open_day, day)
            timers.call_at(day.close_ns, self._close_day, day)
        self.timers = timers
        self.open(SimBroker(self.exchange, self.books, timers, model), timers)

    def _open_day(self, day: TradingDay) -> None:
        self.books.open_session(day, ())
        self.exchange.open_session(day)

    def _close_day(self, day: TradingDay) -> None:
        self.exchange.close_session(day)
        self.books.close_session(day)

    @property
    def ended(self) -> bool:
        return self.player.ended

    def step(self) -> None:
        self.player.play(self._row, until_ns=NEVER, most=1)

    def settle(self) -> None:
        """Whatever happens without latency has happened inside the call."""

    def close(self) -> None:
        """There is nothing to leave."""

    def _row(self, ts: int, sym: int, *rest: int) -> None:
        self.timers.advance(ts)
        self.exchange.on_row(sym, ts, *rest)  # type: ignore[call-arg]

    def account(self) -> dict[str, Any]:
        portfolio = self.books.portfolio
        held = {
            symbol: (position.quantity, round(position.average_price, 6))
            for symbol, position in portfolio.positions.items()
            if position.quantity
        }
        return {"cash": round(portfolio.cash, 2), **held}


class IbDoor(Door):
    """ib_async's facade over a simulated gateway, with our broker behind it."""

    def __init__(self, model: ExecutionModel) -> None:
        self.world = World(contract_source(), GatewayOptions(model=model))
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.ib = self.connect()
        self.faults: list[Exception] = []
        broker = IBBroker(
            self.ib, self.world.clock, ContractTable(INSTRUMENTS), on_fault=self.faults.append
        )
        self.open(broker, self.world.clock, broker.start())

    @abstractmethod
    def connect(self) -> IB:
        """Connect to the gateway."""

    @property
    def ended(self) -> bool:
        return self.world.ended

    def account(self) -> dict[str, Any]:
        held = {
            p.contract.symbol: (int(p.position), round(p.avgCost, 6)) for p in self.ib.positions()
        }
        [cash] = [v.value for v in self.ib.accountValues() if v.tag == "TotalCashValue"][:1]
        return {"cash": float(cash), **held}

    def close(self) -> None:
        self.ib.disconnect()
        self.loop.run_until_complete(asyncio.sleep(0))
        asyncio.set_event_loop(None)
        self.loop.close()


class InProcessDoor(IbDoor):
    """The gateway is in this process, its bytes are carried by hand."""

    def connect(self) -> IB:
        self.cable = Cable(lambda: Session(self.world))
        ib = SimIB(self.cable)
        ib.connect(clientId=3)
        return ib

    def step(self) -> None:
        self.world.step(1)
        self.settle()

    def settle(self) -> None:
        while self.cable.deliver():
            pass
        assert self.faults == []


class TcpDoor(IbDoor):
    """The gateway is behind a socket, in step mode; its control port moves the market."""

    def connect(self) -> IB:
        self.server = GatewayServer(self.world, speed=STEP)
        return self.loop.run_until_complete(self._connect())

    async def _connect(self) -> IB:
        await self.server.start()
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.server.control_port
        )
        ib = Client()
        # The pace of requests is a matter of wall time, which means nothing here.
        ib.client.MaxRequests = 0
        await ib.connectAsync("127.0.0.1", self.server.port, clientId=3)
        return ib

    def step(self) -> None:
        self.loop.run_until_complete(self._step())

    def settle(self) -> None:
        self.loop.run_until_complete(self._settle())

    async def _step(self) -> None:
        self.writer.write(b'{"do": "step"}\n')
        answer = json.loads(await self.reader.readline())
        assert answer["ok"], answer
        await self._settle()

    async def _settle(self) -> None:
        """Wait for an answer: whatever was said before it has arrived, and what was asked then."""
        connection = self.ib.client.conn
        sent = -1
        while sent != connection.numMsgSent:
            sent = connection.numMsgSent + 1
            await self.ib.reqCurrentTimeAsync()
        assert self.faults == []

    def close(self) -> None:
        self.loop.run_until_complete(self._close())
        super().close()

    async def _close(self) -> None:
        self.ib.disconnect()
        self.writer.close()
        await self.writer.wait_closed()
        await asyncio.sleep(0.01)
        await self.server.stop()


def play(door: Door, script: list[Ask]) -> dict[str, Any]:
    """Play the tape through a door and tell everything that a bot could see."""
    names: dict[str, int] = {}
    rest = sorted(script, key=lambda ask: ask.at)
    history: list[tuple[float, list[tuple[Any, ...]]]] = []
    try:
        while not door.ended:
            door.step()
            second = (door.clock.now_ns - OPEN_NS) / SECOND
            while rest and rest[0].at <= second:
                door.ask(rest.pop(0), names)
            states = door.states()
            if not history or history[-1][1] != states:
                history.append((second, states))
        assert not rest, "the script goes on after the tape"
        return {
            "history": history,
            "fills": sorted(
                (
                    fill.order_id - door.first_id,
                    fill.symbol,
                    fill.side.name,
                    fill.quantity,
                    fill.price_units,
                    fill.commission_micro,
                    # The wire knows who made the price, not whether it was an auction.
                    fill.liquidity == "make",
                    fill.ts_ns // SECOND,
                )
                for fill in door.fills
            ),
            "codes": {number - door.first_id: code for number, code in door.codes.items()},
            "cash": dict(door.portfolio.cash_micro),
            "positions": {s: p.quantity for s, p in door.portfolio.positions.items()},
            "anomalies": door.orders.anomalies,
            "account": door.account(),
        }
    finally:
        door.close()
