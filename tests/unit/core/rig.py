"""A pipeline without a market: the test says what the broker answers and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from ikbr.core.event_bus import EventBus
from ikbr.core.market_data import MarketData
from ikbr.core.order_manager import OrderManager
from ikbr.core.pipeline import guarded
from ikbr.core.risk_manager import RiskManager
from ikbr.core.slot import Slot
from ikbr.core.trader import Trader
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Alert, EventType, Refusal
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.routing import MARKET_ORDERS, RoutingRules
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import NAN
from ikbr.domain.timers import TimerHeap
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.manager import Running, StrategyManager
from ikbr.strategies.schedule import Schedule

SECOND = 1_000_000_000
START = 1_772_461_800_000_000_000
FREE = RiskLimits(
    max_position_pct=0, max_gross_pct=0, max_drawdown_pct=0, max_correlated_pct=0,
    correlation_threshold=0, min_order_interval_s=0,
)  # fmt: skip
HOOKS = (
    "on_start", "on_market_data", "on_bar", "on_fill", "on_order_update", "on_timer", "on_stop",
    "calculate_position_size", "clear_old_data",
)  # fmt: skip


class Puppet(BaseStrategy):
    """Do in every hook what the test says, and remember having been called."""

    def __init__(self, short: bool = False, stop: float = 0.0, bars: tuple[str, ...] = ()) -> None:
        self.allow_short = short
        self.stop_loss_pct = stop
        self.bars = bars
        self.does: dict[str, Callable[..., Any]] = {}
        self.heard: list[tuple[Any, ...]] = []

    def _hear(self, hook: str, *args: Any) -> Any:
        self.heard.append((hook, *args))
        return self.does[hook](*args) if hook in self.does else None

    def count(self, hook: str) -> int:
        return sum(heard[0] == hook for heard in self.heard)

    def on_start(self) -> Any:
        return self._hear("on_start")

    def on_market_data(self, ticker: Any) -> Any:
        return self._hear("on_market_data", ticker)

    def on_bar(self, bar: Any) -> Any:
        return self._hear("on_bar", bar)

    def on_fill(self, fill: Any) -> Any:
        return self._hear("on_fill", fill)

    def on_order_update(self, order: Any) -> Any:
        return self._hear("on_order_update", order)

    def on_timer(self, name: str) -> Any:
        return self._hear("on_timer", name)

    def on_stop(self) -> Any:
        return self._hear("on_stop")

    def calculate_position_size(self, signal: Signal) -> Any:
        return self._hear("calculate_position_size", signal)

    def clear_old_data(self) -> None:
        self._hear("clear_old_data")


class Deaf(BaseStrategy):
    """Hear ticks alone."""

    def on_market_data(self, ticker: Any) -> Any:
        return None


class ScriptedBroker:
    """Take orders and do nothing, until the test says what happened to them.

    Attributes:
        sent: `(what, order id, length of the journal at that moment)`.
        at_once: Called with every submitted order; may fill it within the call.
    """

    def __init__(self, clock: TimerHeap, journal: MemoryJournal) -> None:
        self.clock = clock
        self.journal = journal
        self.sent: list[tuple[str, int, int]] = []
        self.orders: dict[int, Order] = {}
        self.fills: list[Fill] = []
        self.at_once: Callable[[Order], None] | None = None

    def attach(
        self,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_amended: Callable[[Fill], None],
    ) -> None:
        self.on_update, self.on_fill, self.on_amended = on_update, on_fill, on_amended

    def submit(self, order: Order) -> None:
        self._note("submit", order)
        self.orders[order.order_id] = order
        if self.at_once is not None:
            self.at_once(order)

    def modify(self, order: Order, request: OrderRequest) -> None:
        self._note("modify", order)

    def cancel(self, order: Order) -> None:
        self._note("cancel", order)

    def _note(self, what: str, order: Order) -> None:
        self.sent.append((what, order.order_id, len(self.journal)))

    def did(self, what: str) -> list[int]:
        """List the ids of the orders that something was sent about."""
        return [order_id for kind, order_id, _ in self.sent if kind == what]

    def tell(self, order_id: int, event: OrderEvent, code: int = 0, message: str = "") -> None:
        """Say something about an order."""
        self.on_update(OrderUpdate(order_id, event, self.clock.now_ns, code, message))

    def fill(
        self, order_id: int, quantity: int, price: float = 100.0, commission: float = 0.0
    ) -> Fill:
        """Execute some of an order."""
        order = self.orders[order_id]
        fill = Fill(
            len(self.fills) + 1, order_id, order.strategy, order.symbol, order.side, quantity,
            order.instrument.to_units(price), self.clock.now_ns, round(commission * MICRO), price,
        )  # fmt: skip
        self.fills.append(fill)
        self.on_fill(fill)
        return fill

    def amend(self, fill: Fill, **changes: Any) -> Fill:
        """Say that an execution was something else."""
        if "price" in changes:
            instrument = self.orders[fill.order_id].instrument
            changes["price_units"] = instrument.to_units(changes["price"])
        amended = msgspec.structs.replace(fill, **changes)
        self.fills[self.fills.index(fill)] = amended
        self.on_amended(amended)
        return amended

    def fill_all(self, price: float = 100.0) -> None:
        """Execute everything that was sent and works."""
        for order in list(self.orders.values()):
            if not order.is_done and order.remaining > 0 and not order.parent_id:
                self.fill(order.order_id, order.remaining, price)


class Rig:
    """Wire the pipeline to a scripted broker."""

    def __init__(
        self,
        *strategies: BaseStrategy,
        symbols: Sequence[str] = ("SPY",),
        on: Sequence[Sequence[str]] = (),
        limits: RiskLimits = FREE,
        quantity: int = 100,
        capital: float = 1_000_000.0,
        listen: Iterable[EventType] = (),
        start: bool = True,
        gate: bool = False,
        journal: MemoryJournal | None = None,
        routing: RoutingRules = MARKET_ORDERS,
    ) -> None:
        instruments = [parse_contract(s) for s in symbols]
        by_symbol = {i.symbol: i for i in instruments}
        self.clock = TimerHeap(START)
        self.journal = MemoryJournal() if journal is None else journal
        self.broker = ScriptedBroker(self.clock, self.journal)
        self.strategies: Any = strategies or (Puppet(),)
        micro = round(capital * MICRO)
        manager = StrategyManager(by_symbol, micro)
        for n, strategy in enumerate(self.strategies):
            own = tuple(on[n]) if on else tuple(symbols)
            manager.add(strategy, f"s{n}", own, 1 / len(self.strategies))
        self.portfolio = Portfolio(by_symbol, micro)
        self.bus = EventBus()
        self.heard: list[tuple[str, Any]] = []
        for topic in listen:
            self.bus.subscribe(topic, lambda data, t=topic: self.heard.append((t, data)))
        self.bus.start()
        self.data = MarketData(instruments)
        self.risk = RiskManager(limits, self.portfolio, by_symbol)
        if gate:
            self.broker.preview = lambda order, answer: None
        broker = guarded(self.broker, self.risk, self.clock)
        self.orders = OrderManager(broker, self.clock, self.journal)
        self.trader = Trader(
            clock=self.clock, market_data=self.data, manager=manager, risk=self.risk,
            orders=self.orders, portfolio=self.portfolio, journal=self.journal, bus=self.bus,
            fixed_quantity=quantity, routing=routing,
        )  # fmt: skip
        if start:
            self.trader.start()

    @property
    def puppet(self) -> Puppet:
        """The first strategy."""
        strategy: Puppet = self.strategies[0]
        return strategy

    @property
    def running(self) -> Running:
        """The first strategy in service."""
        return self.trader.manager.running[0]

    def slot(self, symbol: str = "SPY", number: int = 0) -> Slot:
        return self.trader.slots.of(f"s{number}", symbol)

    def quote(
        self, symbol: str = "SPY", bid: float = 99.99, ask: float = 100.01, last: float = NAN
    ) -> Any:
        """Set a ticker without telling anyone."""
        ticker = self.data.tickers[symbol]
        ticker.bid, ticker.ask, ticker.ts_ns = bid, ask, self.clock.now_ns
        ticker.last = (bid + ask) / 2 if last != last else last
        return ticker

    def tick(self, symbol: str = "SPY", *, after_s: float = 1.0, **prices: float) -> None:
        """Let time pass, then change a ticker."""
        self.clock.advance(self.clock.now_ns + round(after_s * SECOND))
        self.trader.process(self.quote(symbol, **prices))

    def say(
        self, answer: Any, symbol: str = "SPY", *, after_s: float = 1.0, number: int = 0
    ) -> None:
        """Have a strategy answer the next tick, and nothing to later ones."""
        strategy = self.strategies[number]

        def once(_ticker: Any) -> Any:
            del strategy.does["on_market_data"]
            return answer

        strategy.does["on_market_data"] = once
        self.tick(symbol, after_s=after_s)

    def ask(self, answer: Any, symbol: str = "SPY") -> None:
        """Have the first strategy answer now."""
        self.say(answer, symbol, after_s=0.0)

    def records(self, kind: str) -> list[Any]:
        return [body for name, _, body in self.journal.records if name == kind]

    @property
    def refusals(self) -> list[Refusal]:
        return self.records("refusal")

    @property
    def refused(self) -> Counter[str]:
        """Count the refusals by rule."""
        return Counter(refusal.refused.rule for refusal in self.refusals)

    @property
    def alerts(self) -> list[Alert]:
        return self.records("alert")


def signal(action: Any, symbol: str = "SPY", **more: Any) -> Signal:
    return Signal(action, symbol, 100.0, **more)


def buy(quantity: int = 100, symbol: str = "SPY", **more: Any) -> OrderRequest:
    return OrderRequest(symbol, Side.BUY, quantity, **more)


def sell(quantity: int = 100, symbol: str = "SPY", **more: Any) -> OrderRequest:
    return OrderRequest(symbol, Side.SELL, quantity, **more)


def scheduled(puppet: Puppet, **marks: Any) -> Puppet:
    """Give a puppet a schedule."""
    puppet.schedule = Schedule(**marks)
    return puppet
