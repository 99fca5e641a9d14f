"""A small market around one strategy: signals fill at once, limit orders when they are reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ikbr.core.tick_buffer import TickBuffer
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Bar
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Fill, Order, OrderRequest, OrderType, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.strategies.answers import decisions
from ikbr.strategies.base_strategy import BaseStrategy


class FakeContext:
    """Answer a strategy and carry out what it wants, at the ticker's own prices.

    A BUY signal makes the position `size`, a SELL `-size` (0 unless the strategy may short), a
    FLAT 0; a `target` itself. Market orders fill at ask or bid, without quotes at last.
    """

    def __init__(
        self, strategy: BaseStrategy, *symbols: str, capital: float = 100_000.0, size: int = 100
    ) -> None:
        instruments = {symbol: parse_contract(symbol) for symbol in symbols}
        self.strategy = strategy
        self.name = "fake"
        self.symbols = symbols
        self.now_ns = 0
        self.capital = capital
        self.size = size
        self.books = Portfolio(instruments, round(capital * MICRO))
        self.tickers: Mapping[str, Ticker] = {s: Ticker(i) for s, i in instruments.items()}
        self.buffers = {symbol: TickBuffer(100) for symbol in symbols}
        self.working: list[Order] = []
        self.held_back: set[str] = set()
        self.signals: list[Signal] = []
        self.fills: list[tuple[str, int]] = []
        self.modified: list[tuple[int, dict[str, Any]]] = []
        self.timers: dict[str, tuple[int | None, float | None]] = {}
        self.lines: list[str] = []
        self._ids = 0
        strategy.bind(self)
        self.carry_out(strategy.on_start())

    # --- what a strategy asks ------------------------------------------------------------------

    @property
    def orders(self) -> list[Order]:
        return list(self.working)

    @property
    def equity(self) -> float:
        return self.books.equity

    def buffer(self, symbol: str) -> TickBuffer:
        return self.buffers[symbol]

    def position(self, symbol: str) -> int:
        return self.books.quantity(symbol)

    def pending(self, symbol: str) -> int:
        return sum(o.side * o.remaining for o in self.orders if o.symbol == symbol)

    def cancel(self, order_id: int) -> None:
        (order,) = [o for o in self.orders if o.order_id == order_id]
        order.cancel_requested = True
        self._end(order, OrderState.CANCELLED)

    def modify(self, order_id: int, **changes: Any) -> None:
        (order,) = [o for o in self.orders if o.order_id == order_id]
        given = {name: value for name, value in changes.items() if value is not None}
        order.request = msgspec.structs.replace(order.request, **given)
        self.modified.append((order_id, given))

    def set_timer(
        self, name: str, *, at_ns: int | None = None, every_s: float | None = None
    ) -> None:
        self.timers[name] = (at_ns, every_s)

    def cancel_timer(self, name: str) -> None:
        self.timers.pop(name, None)

    def log(self, message: str) -> None:
        self.lines.append(message)

    # --- what a test does ----------------------------------------------------------------------

    def tick(self, symbol: str, **fields: Any) -> None:
        """Change a ticker, fill the resting orders that it reaches, tell the strategy."""
        ticker = self.tickers[symbol]
        self.now_ns += 1_000_000
        ticker.ts_ns = self.now_ns
        for name, value in fields.items():
            setattr(ticker, name, value)
        for order in [o for o in self.orders if o.symbol == symbol]:
            limit = order.request.limit_price
            if limit is None:
                continue
            if (order.side is Side.BUY and ticker.ask <= limit) or (
                order.side is Side.SELL and ticker.bid >= limit
            ):
                self.fill(order, limit)
        self.carry_out(self.strategy.on_market_data(ticker))

    def prints(self, symbol: str, prices: Iterable[float]) -> None:
        """Print one price after the other."""
        for price in prices:
            self.tick(symbol, last=price)

    def bar(self, symbol: str, start_ns: int, low: float, high: float, close: float) -> None:
        """Close a one-minute bar; orders that follow fill at its close."""
        self.now_ns = start_ns + 60 * 10**9
        self.tickers[symbol].last = close
        bar = Bar(symbol, start_ns, self.now_ns, low, high, low, close, 100)
        self.carry_out(self.strategy.on_bar(bar))

    def fill(self, order: Order, price: float, quantity: int | None = None) -> None:
        """Fill an order and tell the strategy."""
        many = order.remaining if quantity is None else quantity
        order.filled += many
        units = order.instrument.to_units(price)
        fill = Fill(
            1, order.order_id, self.name, order.symbol, order.side, many, units, self.now_ns, 0,
            price,
        )  # fmt: skip
        self.books.apply_fill(fill)
        self.books.mark(order.symbol, units)
        self.fills.append((order.symbol, order.side * many))
        if not order.remaining:
            self._end(order, OrderState.FILLED)
        self.carry_out(self.strategy.on_fill(fill))

    def carry_out(self, answer: Any) -> None:
        """Do what a hook answered."""
        for item in decisions(answer, "the strategy"):
            if isinstance(item, Signal):
                self.signals.append(item)
            request = self._request(item) if isinstance(item, Signal) else item
            if request is not None:
                self._submit(request)

    def _request(self, signal: Signal) -> OrderRequest | None:
        wanted = signal.target
        if wanted is None:
            short = -self.size if self.strategy.allow_short else 0
            wanted = {"BUY": self.size, "SELL": short, "FLAT": 0}[signal.action]
        change = wanted - self.position(signal.symbol) - self.pending(signal.symbol)
        if not change:
            return None
        return OrderRequest(signal.symbol, Side.BUY if change > 0 else Side.SELL, abs(change))

    def _submit(self, request: OrderRequest) -> None:
        ticker = self.tickers[request.symbol]
        self._ids += 1
        order = Order(self._ids, request, ticker.instrument, self.name, self.now_ns)
        order.state = OrderState.SUBMITTED
        self.working.append(order)
        if request.order_type is OrderType.MARKET and request.symbol not in self.held_back:
            touch = ticker.ask if request.side is Side.BUY else ticker.bid
            self.fill(order, touch if touch == touch else ticker.last)

    def _end(self, order: Order, state: OrderState) -> None:
        order.state = state
        self.working.remove(order)
        self.carry_out(self.strategy.on_order_update(order))
