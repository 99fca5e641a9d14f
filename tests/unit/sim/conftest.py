"""A small room in which tests trade: one exchange, a tape written by hand, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Fill, Order, OrderRequest, OrderType, Side
from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.domain.timers import TimerHeap
from ikbr.sim.broker import SimBroker
from ikbr.sim.exchange import Exchange
from ikbr.sim.market import StandingMarket

SECOND = 1_000_000_000


class Books:
    """An account that notes what the exchange asks of it."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.checked: list[tuple[Any, ...]] = []
        self.makers: list[bool] = []
        self.booked: list[Fill] = []
        self.released: list[int] = []

    def check(self, instrument: Instrument, side: Side, quantity: int, price_units: int) -> str:
        self.checked.append((instrument.symbol, side, quantity, price_units))
        return self.refusal

    def charge(
        self,
        order_id: int,
        instrument: Instrument,
        side: Side,
        quantity: int,
        price_units: int,
        ts_ns: int,
        maker: bool,
        ends: bool,
        /,
    ) -> int:
        self.makers.append(maker)
        if ends:
            self.released.append(order_id)
        return quantity * 5_000

    def book(self, fill: Fill) -> None:
        self.booked.append(fill)

    def release(self, order_id: int) -> None:
        self.released.append(order_id)


class Trader:
    """One account at the exchange of a room."""

    def __init__(self, room: Room, books: Books) -> None:
        self.room = room
        self.books = books
        self.fills: list[Fill] = []
        self.updates: list[OrderUpdate] = []
        self.log: list[tuple[Any, ...]] = []
        self.on_fill: Callable[[Fill], None] = lambda _fill: None
        self.on_update: Callable[[OrderUpdate], None] = lambda _update: None
        self.broker = SimBroker(room.exchange, books, room.timers, room.model)
        self.broker.attach(self._update, self._fill)

    def _fill(self, fill: Fill) -> None:
        self.fills.append(fill)
        self.log.append((fill.order_id, "fill", fill.quantity, fill.price))
        self.on_fill(fill)

    def _update(self, update: OrderUpdate) -> None:
        self.updates.append(update)
        self.log.append((update.order_id, update.event.value, update.code))
        self.on_update(update)

    def send(
        self,
        quantity: int,
        kind: str = "MKT",
        limit: float | None = None,
        stop: float | None = None,
        *,
        parent: int = 0,
        symbol: str = "SPY",
        **more: Any,
    ) -> Order:
        """Send an order; a negative quantity sells."""
        order = self.make(quantity, kind, limit, stop, parent=parent, symbol=symbol, **more)
        self.broker.submit(order)
        return order

    def make(
        self,
        quantity: int,
        kind: str = "MKT",
        limit: float | None = None,
        stop: float | None = None,
        *,
        parent: int = 0,
        symbol: str = "SPY",
        **more: Any,
    ) -> Order:
        request = OrderRequest(
            symbol=symbol,
            side=Side.BUY if quantity >= 0 else Side.SELL,
            quantity=abs(quantity),
            order_type=OrderType(kind),
            limit_price=limit,
            stop_price=stop,
            **more,
        )
        self.room.ids += 1
        instrument = self.room.instruments.get(symbol, Instrument(symbol=symbol))
        return Order(self.room.ids, request, instrument, "test", parent_id=parent)

    @property
    def got(self) -> list[tuple[int, float]]:
        """The fills as (signed quantity, price)."""
        return [(fill.signed_quantity, fill.price) for fill in self.fills]

    def events(self, order: Order) -> list[tuple[OrderEvent, int]]:
        """The updates of an order as (event, code)."""
        return [(u.event, u.code) for u in self.updates if u.order_id == order.order_id]


class Room:
    """An exchange with one trader, and the means to write the tape."""

    def __init__(self, refusal: str = "", symbols: tuple[str, ...] = ("SPY",), **model: Any):
        self.model = ExecutionModel(**model)
        self.instruments = {name: Instrument(symbol=name) for name in symbols}
        self.timers = TimerHeap(now_ns=SECOND)
        self.market = StandingMarket(len(symbols))
        self.exchange = Exchange(
            tuple(self.instruments.values()), self.model, self.timers, self.market
        )
        self.ids = 0
        self.state = [[NO_PRICE, NO_PRICE, NO_PRICE, 0, 0] for _ in symbols]
        self.me = Trader(self, Books(refusal))

    def another(self) -> Trader:
        return Trader(self, Books())

    def row(self, kind: Kind, sym: int = 0, size: int = 0) -> None:
        self.timers.advance(self.timers.now_ns + 1000)
        bid, ask, last, bid_size, ask_size = self.state[sym]
        self.exchange.on_row(
            sym, self.timers.now_ns, int(kind), bid, ask, last, bid_size, ask_size, size
        )

    def quote(
        self, bid: float | None, ask: float | None, bid_size: int = 500, ask_size: int = 500
    ) -> None:
        state = self.state[0]
        state[0] = NO_PRICE if bid is None else round(bid * 10_000)
        state[1] = NO_PRICE if ask is None else round(ask * 10_000)
        state[3], state[4] = bid_size, ask_size
        self.row(Kind.QUOTE)

    def print(self, price: float, size: int = 100, kind: Kind = Kind.PRINT) -> None:
        self.state[0][2] = round(price * 10_000)
        self.row(kind, size=size)

    def bar(self, opened: float, high: float, low: float, close: float, volume: int = 0) -> None:
        """Write a bar whose low comes after its high."""
        kinds = (Kind.BAR_OPEN, Kind.BAR_HIGH, Kind.BAR_LOW, Kind.BAR_CLOSE)
        for kind, price in zip(kinds, (opened, high, low, close), strict=True):
            self.print(price, volume if kind == Kind.BAR_CLOSE else 0, kind)


@pytest.fixture(scope="session")
def open_room() -> type[Room]:
    """Give what makes a room, so that each test sets its own execution model."""
    return Room
