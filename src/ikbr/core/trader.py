"""The trader: the pipeline as one picture.

    ticker ─► strategy ─► signal ─► sizing ─► risk ─► order manager ─► broker
    books  ◄─ fill ◄──────── order update (lifecycle table) ◄───────── callbacks

Backtest, paper and live run this same object; only the broker and the clock differ.
Observers hear of everything through the event bus, after the order is out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ikbr.core.bookkeeper import Bookkeeper
from ikbr.core.desk import Desk
from ikbr.core.event_bus import EventBus
from ikbr.core.flattening import Flattener
from ikbr.core.market_data import MarketData
from ikbr.core.order_manager import OrderManager
from ikbr.core.ports import Clock, Journal
from ikbr.core.protection import is_protective
from ikbr.core.request_maker import RequestMaker
from ikbr.core.risk_manager import RiskManager
from ikbr.core.risk_memory import risk_state
from ikbr.core.routing.chaser import Chaser
from ikbr.core.routing.router import Router
from ikbr.core.running_context import RunningContext
from ikbr.core.slot import Slot, SlotTable
from ikbr.domain.errors import StrategyError
from ikbr.domain.events import Alert, Bar, EventType, Refused
from ikbr.domain.order import Order, OrderRequest
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.routing import MARKET_ORDERS, RoutingRules
from ikbr.domain.session_events import RiskState
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.domain.timers import NEVER
from ikbr.strategies.manager import StrategyManager
from ikbr.strategies.running import FAULTS, Running

Item = Signal | OrderRequest

_PEAK_STEP = 2_000
"""A new high-water mark is recorded at once when it is higher by one part in so many."""


class Trader:
    """Wire the stages: what happens from a tick to an order, and from a fill to the books.

    Attributes:
        slots: The strategies in each symbol.
        desk: Carries out what strategies answer.
        books: Follows what becomes of orders.
        routing: How the orders that signals ask for are worked.
        router: Chooses the type of each order; None where all are market orders.
        before_action: Called before a strategy acts through its context.
        end_ns: The last moment of the run; nothing periodic is scheduled beyond it.
        keeps_risk: Whether the journal is to hold what risk must know after a restart.
    """

    def __init__(  # noqa: PLR0913 - it wires everything
        self,
        *,
        clock: Clock,
        market_data: MarketData,
        manager: StrategyManager,
        risk: RiskManager,
        orders: OrderManager,
        portfolio: Portfolio,
        journal: Journal,
        bus: EventBus,
        fixed_quantity: int = 0,
        outside_rth: bool = False,
        routing: RoutingRules = MARKET_ORDERS,
    ) -> None:
        """Connect the stages.

        Args:
            clock: Tells the time.
            market_data: Tickers, buffers, bars.
            manager: The strategies.
            risk: Sizes and checks.
            orders: Sends orders and follows them.
            portfolio: The account's books as we keep them.
            journal: Keeps the record.
            bus: Tells the observers.
            fixed_quantity: Size of every entry; 0 lets strategy and risk manager size it.
            outside_rth: Whether orders may fill outside regular hours.
            routing: How the orders that signals ask for are worked.
        """
        self.clock = clock
        self.market_data = market_data
        self.manager = manager
        self.risk = risk
        self.orders = orders
        self.portfolio = portfolio
        self.journal = journal
        self.bus = bus
        self.before_action: Callable[[], None] = _nothing
        self.present_ns: Callable[[], int] = lambda: clock.now_ns
        self.end_ns = NEVER
        self.keeps_risk = False
        self._kept: RiskState | None = None
        self._next_peak_micro = 0
        self.slots = SlotTable(manager.running, market_data.tickers)
        self.contexts = {one.name: RunningContext(self, one) for one in manager.running}
        self.routing = routing
        self.router = Router(routing, clock) if routing.is_active else None
        requests = RequestMaker(
            risk,
            portfolio,
            clock,
            self.disable,
            fixed_quantity=fixed_quantity,
            outside_rth=outside_rth,
            router=self.router,
        )
        self.desk = Desk(
            clock=clock,
            market_data=market_data,
            slots=self.slots,
            requests=requests,
            risk=risk,
            orders=orders,
            journal=journal,
            bus=bus,
            disable=self.disable,
        )
        if self.router is not None:
            self.desk.chase = Chaser(routing, clock, self._move, self._refresh).follow
        self.flattener = Flattener(orders, self.desk.send, outside_rth=outside_rth)
        self.desk.flatten = self.flattener.flatten
        self.books = Bookkeeper(orders, self.slots, portfolio, risk, clock, bus, self.tell)
        self.books.on_alert = self.alert
        self.books.on_late = self.flattener.close
        self.books.on_rejected = self._on_rejected
        risk.on_trip = self._on_trip
        risk.slots = self.slots

    def _move(self, order_id: int, limit_price: float) -> None:
        self.desk.modify(order_id, limit_price=limit_price)

    def _refresh(self) -> None:
        self.desk.refresh()

    def start(self) -> None:
        """Connect the strategies and tell them that the run begins."""
        self.manager.start(lambda running: self.contexts[running.name])
        for running in self.manager.running:
            try:
                answer = running.on_start()
            except StrategyError:
                raise
            except FAULTS as error:  # a person's code may raise anything
                self.disable(running, error)
                continue
            if answer is not None:
                self.desk.decide(self.slots.of(running.name, running.symbols[0]), answer)

    def stop(self) -> None:
        """Cancel what works, then tell the strategies that the run ends."""
        for order in list(self.orders.working.values()):
            self.orders.cancel(order.order_id)
        for running in self.manager.running:
            if running.enabled:
                try:
                    running.on_stop()
                except FAULTS as error:  # a person's code may raise anything
                    self.disable(running, error)

    # --- from the tick to the order ------------------------------------------------------------

    def process(self, ticker: Ticker) -> None:
        """Take a changed ticker through strategy, risk and order manager."""
        self.show(self.slots.by_symbol[ticker.symbol], ticker)

    def show(self, slots: Iterable[Slot], ticker: Ticker) -> None:
        """Let some of the strategies in a symbol see its ticker."""
        for slot in slots:
            running = slot.running
            if not running.enabled:
                continue
            try:
                answer = running.on_market_data(ticker)
            except FAULTS as error:  # a person's code may raise anything
                self.disable(running, error)
                continue
            if answer is not None:
                self.desk.decide(slot, answer)

    def on_bar(self, bar: Bar, listeners: Iterable[Running]) -> None:
        """Take a closed bar to the strategies that asked for it."""
        for running in listeners:
            if running.enabled:
                self.tell(running, running.on_bar, bar)
        if self.bus.wants(EventType.BAR):
            self.bus.emit(EventType.BAR, bar)

    def on_timer(self, running: Running, name: str) -> None:
        """Tell a strategy that its timer is due."""
        if running.enabled:
            self.tell(running, running.on_timer, name)

    def tell(self, running: Running, hook: Callable[..., Any], *args: Any) -> None:
        """Call a hook of a strategy and carry out what it answers."""
        try:
            answer = hook(*args)
        except FAULTS as error:  # a person's code may raise anything
            self.disable(running, error)
            return
        if answer is not None:
            self.desk.decide(self.slots.of(running.name, running.symbols[0]), answer)

    def refresh_books(self, running: Running) -> None:
        """Value a strategy's own books at the present prices."""
        self.desk.refresh()
        for symbol in running.symbols:
            ticker = self.market_data.tickers[symbol]
            price = ticker.market_price()
            if price == price:
                running.books.mark(symbol, ticker.instrument.to_units(price))

    # --- when something goes wrong -------------------------------------------------------------

    def disable(self, running: Running, error: BaseException) -> None:
        """Take a strategy out of service; its working orders are cancelled, others go on."""
        if not running.enabled:
            return
        alert = self.manager.disable(running, error, self.clock.now_ns)
        self.cancel_orders(running)
        self.alert(alert)

    def cancel_orders(self, running: Running) -> None:
        """Cancel what a strategy has working, except what protects what it holds."""
        for order in list(self.orders.working.values()):
            if order.strategy == running.name and not is_protective(order):
                self.orders.cancel(order.order_id)

    def flatten(self, running: Running, reason: str) -> None:
        """Cancel what a strategy has working and close what it holds."""
        self.desk.refresh()
        for symbol in running.symbols:
            self.flattener.flatten(self.slots.of(running.name, symbol), reason)

    def force(self, request: OrderRequest) -> None:
        """Carry out the broker's own order (a liquidation), shared among who holds the symbol.

        Nothing is asked of risk: the broker does not ask either.
        """
        left = request.quantity
        holders = [s for s in self.slots.by_symbol[request.symbol] if s.position * request.side < 0]
        for slot in sorted(holders, key=lambda s: -abs(s.position)):
            quantity = min(left, abs(slot.position))
            if quantity:
                left -= quantity
                self.desk.submit(slot, request, msgspec.structs.replace(request, quantity=quantity))

    def alert(self, alert: Alert) -> None:
        """Record something that needs a person's eyes, and tell the observers."""
        self.journal.append("alert", alert.ts_ns, alert)
        if self.bus.wants(EventType.ALERT):
            self.bus.emit(EventType.ALERT, alert)

    def keep_risk(self) -> None:
        """Record what risk must know after a restart, if it has changed."""
        state = risk_state(self.risk)
        if state != self._kept:
            self._kept = state
            self._next_peak_micro = state.peak_micro + state.peak_micro // _PEAK_STEP
            self.journal.append("risk", self.clock.now_ns, state)

    def _on_rejected(self, slot: Slot, order: Order) -> None:
        self.desk.on_rejected(slot, order)
        self.risk.on_rejected(order, self.clock.now_ns)

    def halt(self, reason: str) -> None:
        """Stop entries until a person arms them again; over a restart, too."""
        self._on_trip(self.risk.halt(reason))

    def unmute(self) -> None:
        """Let every direction be asked again: what forbade entries has passed."""
        for slot in self.slots:
            slot.unmute()

    def pause(self, reason: str) -> None:
        """Stop entries until `resume`; over a restart, too."""
        self._on_trip(self.risk.halts.pause(reason))

    def resume(self) -> bool:
        """Take back `pause`, and no other halt; say whether there was anything to take back."""
        resumed = self.risk.halts.resume()
        self.unmute()
        if resumed and self.keeps_risk:
            self.keep_risk()
        return resumed

    def _on_trip(self, halt: Refused) -> None:
        if self.keeps_risk:
            self.keep_risk()
        self.alert(Alert(self.clock.now_ns, "critical", "risk", halt.reason))
        if self.bus.wants(EventType.HALT):
            self.bus.emit(EventType.HALT, halt)

    def on_equity(self, equity_micro: int) -> None:
        """Let risk look at the equity: high-water mark, drawdown, daily loss."""
        halt = self.risk.on_equity(equity_micro, self.clock.now_ns)
        if halt is not None:
            self._on_trip(halt)
        elif self.keeps_risk and self.risk.peak_micro > self._next_peak_micro:
            self.keep_risk()


def _nothing() -> None:
    pass
