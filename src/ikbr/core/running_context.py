"""The context of one running strategy: its questions answered, its wishes carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ikbr.core.tick_buffer import TickBuffer
from ikbr.domain.errors import StrategyError, nearest
from ikbr.domain.order import Order
from ikbr.domain.ticker import Ticker
from ikbr.domain.timers import Timer
from ikbr.strategies.manager import Running

if TYPE_CHECKING:
    from ikbr.core.trader import Trader

LOG_LIMIT = 10_000
"""Lines that one strategy may log in a run; further ones are only counted."""


class RunningContext:
    """Implement `StrategyContext` on the pipeline."""

    def __init__(self, trader: Trader, running: Running) -> None:
        """Connect a strategy with the pipeline."""
        self._trader = trader
        self._running = running
        self._timers: dict[str, Timer] = {}
        self.tickers: Mapping[str, Ticker] = {
            symbol: trader.market_data.ticker(symbol) for symbol in running.symbols
        }
        self.lines: list[tuple[int, str]] = []
        self.lines_dropped = 0

    @property
    def name(self) -> str:
        """Name of the running instance."""
        return self._running.name

    @property
    def symbols(self) -> tuple[str, ...]:
        """What it runs on."""
        return self._running.symbols

    @property
    def now_ns(self) -> int:
        """The present, ns UTC."""
        return self._trader.present_ns()

    @property
    def capital(self) -> float:
        """Its opening capital, in the base currency."""
        return self._running.capital

    @property
    def equity(self) -> float:
        """What its own books are worth now, in the base currency."""
        self._trader.refresh_books(self._running)
        return self._running.books.equity

    @property
    def orders(self) -> Sequence[Order]:
        """Its working orders, oldest first."""
        name = self._running.name
        return [o for o in self._trader.orders.working.values() if o.strategy == name]

    def buffer(self, symbol: str) -> TickBuffer:
        """Give the latest prints of a symbol."""
        return self._trader.market_data.buffer(symbol)

    def position(self, symbol: str) -> int:
        """Give its own signed position."""
        return self._trader.slots.of(self._running.name, symbol).position

    def pending(self, symbol: str) -> int:
        """Give the signed quantity that its orders have still to fill."""
        return self._trader.slots.of(self._running.name, symbol).in_flight

    def cancel(self, order_id: int) -> None:
        """Ask for the cancellation of one of its orders."""
        self._own(order_id)
        self._trader.before_action()
        self._trader.desk.cancel(order_id)

    def modify(
        self,
        order_id: int,
        *,
        limit_price: float | None = None,
        stop_price: float | None = None,
        quantity: int | None = None,
    ) -> None:
        """Change one of its orders; what is None stays as it is."""
        self._own(order_id)
        self._trader.before_action()
        self._trader.desk.modify(
            order_id, limit_price=limit_price, stop_price=stop_price, quantity=quantity
        )

    def _own(self, order_id: int) -> None:
        order = self._trader.orders.orders.get(order_id)
        if order is None or order.strategy != self._running.name:
            mine = [str(o.order_id) for o in self.orders]
            raise StrategyError(
                f"{self._running.name}: order {order_id} is not one of its own; "
                f"{nearest(str(order_id), mine)}."
            )

    def set_timer(
        self, name: str, *, at_ns: int | None = None, every_s: float | None = None
    ) -> None:
        """Have `on_timer(name)` called at a time, or again and again."""
        self.cancel_timer(name)
        self._trader.before_action()
        period = 0 if every_s is None else max(1, round(every_s * 1e9))
        due = at_ns if at_ns is not None else self._trader.clock.now_ns + period
        self._timers[name] = self._trader.clock.call_at(due, self._fire, name, period)

    def _fire(self, name: str, period: int) -> None:
        del self._timers[name]
        if period:
            due = self._trader.clock.now_ns + period
            if due <= self._trader.end_ns:
                self._timers[name] = self._trader.clock.call_at(due, self._fire, name, period)
        self._trader.on_timer(self._running, name)

    def cancel_timer(self, name: str) -> None:
        """Forget a timer; harmless when there is none."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def log(self, message: str) -> None:
        """Write a line into the run's log."""
        if len(self.lines) < LOG_LIMIT:
            self.lines.append((self.now_ns, message))
        else:
            self.lines_dropped += 1
