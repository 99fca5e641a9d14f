"""The trader: the pipeline as one picture.

    ticker ─► strategy ─► signal ─► sizing ─► risk ─► order manager ─► broker
    books  ◄─ fill ◄──────── order update (lifecycle table) ◄───────── callbacks

Backtest, paper and live run this same object; only the broker and the clock differ.
Observers hear of everything through the event bus, after the order is out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from ikbr.core.bookkeeper import Bookkeeper
from ikbr.core.event_bus import EventBus
from ikbr.core.flattening import Flattener
from ikbr.core.market_data import MarketData
from ikbr.core.order_manager import OrderManager
from ikbr.core.ports import Clock, Journal
from ikbr.core.request_maker import RequestMaker
from ikbr.core.risk_manager import RiskManager
from ikbr.core.running_context import RunningContext
from ikbr.core.sizing import touch_price
from ikbr.core.slot import Slot, SlotTable
from ikbr.domain.errors import OrderError, StrategyError
from ikbr.domain.events import Alert, Bar, Decision, EventType, Refusal, Refused
from ikbr.domain.order import OrderRequest, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.domain.timers import NEVER
from ikbr.strategies.answers import decisions
from ikbr.strategies.manager import Running, StrategyManager

Item = Signal | OrderRequest


class Trader:
    """Wire the stages: what happens from a tick to an order, and from a fill to the books.

    Attributes:
        slots: The strategies in each symbol.
        requests: Turns signals into order requests.
        books: Follows what becomes of orders.
        refused: Refusals counted by rule.
        refresh: Brings market data and marks up to the present; a replay that fills them
            lazily sets it, otherwise it does nothing.
        before_action: Called before a strategy acts through its context.
        end_ns: The last moment of the run; nothing periodic is scheduled beyond it.
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
        """
        self.clock = clock
        self.market_data = market_data
        self.manager = manager
        self.risk = risk
        self.orders = orders
        self.portfolio = portfolio
        self.journal = journal
        self.bus = bus
        self.refused: Counter[str] = Counter()
        self.refresh: Callable[[], None] = _nothing
        self.before_action: Callable[[], None] = _nothing
        self.present_ns: Callable[[], int] = lambda: clock.now_ns
        self.end_ns = NEVER
        self.slots = SlotTable(manager.running, market_data.tickers)
        self.contexts = {one.name: RunningContext(self, one) for one in manager.running}
        self.requests = RequestMaker(
            risk,
            portfolio,
            clock,
            self.disable,
            fixed_quantity=fixed_quantity,
            outside_rth=outside_rth,
        )
        self.flattener = Flattener(orders, self._send, outside_rth=outside_rth)
        self.books = Bookkeeper(orders, self.slots, portfolio, risk, clock, bus, self.tell)
        self.books.on_late = self.flattener.close

    def start(self) -> None:
        """Connect the strategies and tell them that the run begins."""
        self.manager.start(lambda running: self.contexts[running.name])
        for running in self.manager.running:
            try:
                answer = running.on_start()
            except StrategyError:
                raise
            except Exception as error:  # noqa: BLE001 - a person's code may raise anything
                self.disable(running, error)
                continue
            if answer is not None:
                self.decide(self.slots.of(running.name, running.symbols[0]), answer)

    def stop(self) -> None:
        """Cancel what works, then tell the strategies that the run ends."""
        for order in list(self.orders.working.values()):
            self.orders.cancel(order.order_id)
        for running in self.manager.running:
            if running.enabled:
                try:
                    running.on_stop()
                except Exception as error:  # noqa: BLE001 - a person's code may raise anything
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
            except Exception as error:  # noqa: BLE001 - a person's code may raise anything
                self.disable(running, error)
                continue
            if answer is not None:
                self.decide(slot, answer)

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
        except Exception as error:  # noqa: BLE001 - a person's code may raise anything
            self.disable(running, error)
            return
        if answer is not None:
            self.decide(self.slots.of(running.name, running.symbols[0]), answer)

    def decide(self, slot: Slot, answer: Any) -> None:
        """Carry out what a strategy answered: a signal, an order request, or several.

        An answer that cannot be meant disables the strategy.
        """
        try:
            self._decide(slot, answer)
        except StrategyError as error:
            self.disable(slot.running, error)

    def _decide(self, slot: Slot, answer: Any) -> None:
        kind = type(answer)
        if kind is Signal or kind is OrderRequest:
            if answer.symbol != slot.ticker.symbol:
                slot = self.slots.of(slot.running.name, answer.symbol)
            if kind is OrderRequest or not slot.is_idle(answer, self.clock.now_ns):
                self._take([(slot, answer)])
        else:
            try:
                items = list(decisions(answer, type(slot.running.strategy).__name__))
            except Exception as error:  # noqa: BLE001 - a generator is a person's code too
                self.disable(slot.running, error)
                return
            groups = [
                [(self.slots.of(slot.running.name, item.symbol), item) for item in group]
                for group in _grouped(items)
            ]
            for group in groups:
                self._take_group(group)

    def _take_group(self, group: list[tuple[Slot, Item]]) -> None:
        slots, items = zip(*group, strict=True)
        now = self.clock.now_ns
        idle = [
            isinstance(item, Signal) and slot.is_idle(item, now)
            for slot, item in zip(slots, items, strict=True)
        ]
        if items[0].group and any(idle) and not all(idle):
            # One leg cannot move now, so none does, unless that leg stands where it should.
            muted = [s for s, item, i in zip(slots, items, idle, strict=True) if i]
            if any(now < max(s.mute_buy_ns, s.mute_sell_ns) for s in muted):
                return
        wanted = [
            (slot, item)
            for slot, item, is_idle in zip(slots, items, idle, strict=True)
            if not is_idle
        ]
        if wanted:
            self._take(wanted)

    def _take(self, wanted: Sequence[tuple[Slot, Item]]) -> None:
        """Size, check and submit items that stand or fall together."""
        self.refresh()
        ready: list[tuple[Slot, Item, OrderRequest]] = []
        refused = False
        for slot, item in wanted:
            request = self.requests.make(slot, item) if isinstance(item, Signal) else item
            if isinstance(request, Refused):
                self._refuse(slot, _unsized(item), request)
                refused = True
                continue
            verdict = self.requests.check_schedule(slot, request) or self.risk.check(
                request, slot.running.name, slot.ticker, self.clock.now_ns
            )
            if verdict is not None:
                self._refuse(slot, request, verdict)
                refused = True
            else:
                ready.append((slot, item, request))
        for slot, item, request in ready:
            if refused:
                why = f"{request.symbol}: another leg of {request.group!r} was refused."
                self._refuse(
                    slot, request, Refused("group", 0.0, 0.0, why, self.requests.retry_ns())
                )
            else:
                self._submit(slot, item, request)

    def _refuse(self, slot: Slot, request: OrderRequest, refused: Refused) -> None:
        now = self.clock.now_ns
        self.refused[refused.rule] += 1
        slot.mute(request.side is Side.BUY, refused.retry_ns)
        refusal = Refusal(now, slot.running.name, request, refused, self._freshness(slot))
        self.journal.append("refusal", now, refusal)
        if self.bus.wants(EventType.REFUSED):
            self.bus.emit(EventType.REFUSED, refusal)

    def _submit(self, slot: Slot, item: Item, request: OrderRequest) -> None:
        now = self.clock.now_ns
        ticker = slot.ticker
        self.journal.append(
            "decision",
            now,
            Decision(
                now,
                slot.running.name,
                request.symbol,
                request.side.name,
                item.price if isinstance(item, Signal) else ticker.market_price(),
                request.reason,
                request.side * request.quantity,
                self._freshness(slot),
            ),
        )
        try:
            self.orders.submit(
                request,
                slot.instrument,
                slot.running.name,
                ticker.midpoint(),
                touch_price(request.side, ticker),
            )
        except OrderError as error:
            retry = self.requests.retry_ns()
            self._refuse(slot, request, Refused("invalid", 0.0, 0.0, str(error), retry))

    def _freshness(self, slot: Slot) -> Any:
        return slot.ticker.freshness(self.clock.now_ns, self.market_data.stale_after_ns)

    def modify(self, order_id: int, **changes: Any) -> None:
        """Change a working order, unless risk refuses what it would become."""
        order = self.orders.working.get(order_id)
        if order is None:
            return
        slot = self.slots.of(order.strategy, order.symbol)
        given = {name: value for name, value in changes.items() if value is not None}
        request = msgspec.structs.replace(order.request, **given)
        try:
            refused = self.risk.check(
                request, order.strategy, slot.ticker, self.clock.now_ns, replaces=order
            )
            if refused is not None:
                self._refuse(slot, request, refused)
                return
            self.orders.modify(order_id, **changes)
            if not order.is_done:
                self.risk.on_sent(order, self.clock.now_ns)
        except OrderError as error:
            self._refuse(slot, request, Refused("invalid", 0.0, 0.0, str(error)))

    def refresh_books(self, running: Running) -> None:
        """Value a strategy's own books at the account's marks."""
        self.refresh()
        for symbol, position in self.portfolio.positions.items():
            running.books.mark(symbol, position.mark_units)

    # --- when something goes wrong -------------------------------------------------------------

    def disable(self, running: Running, error: Exception) -> None:
        """Take a strategy out of service; its working orders are cancelled, others go on."""
        if not running.enabled:
            return
        alert = self.manager.disable(running, error, self.clock.now_ns)
        self.cancel_orders(running)
        self.alert(alert)

    def cancel_orders(self, running: Running) -> None:
        """Cancel what a strategy has working, except the exits that protect what it holds."""
        for order in list(self.orders.working.values()):
            if order.strategy == running.name and not order.parent_id:
                self.orders.cancel(order.order_id)

    def flatten(self, running: Running, reason: str) -> None:
        """Cancel what a strategy has working and close what it holds."""
        self.refresh()
        for symbol in running.symbols:
            self.flattener.flatten(self.slots.of(running.name, symbol), reason)

    def _send(self, slot: Slot, request: OrderRequest) -> None:
        name, now = slot.running.name, self.clock.now_ns
        refused = self.risk.check(request, name, slot.ticker, now)
        if refused is not None:
            self._refuse(slot, request, refused)
        else:
            self._submit(slot, request, request)

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
                self._submit(slot, request, msgspec.structs.replace(request, quantity=quantity))

    def alert(self, alert: Alert) -> None:
        """Record something that needs a person's eyes, and tell the observers."""
        self.journal.append("alert", alert.ts_ns, alert)
        if self.bus.wants(EventType.ALERT):
            self.bus.emit(EventType.ALERT, alert)

    def on_equity(self, equity_micro: int) -> None:
        """Let risk look at the equity: high-water mark, drawdown, daily loss."""
        now = self.clock.now_ns
        halt = self.risk.on_equity(equity_micro, now)
        if halt is not None:
            self.alert(Alert(now, "critical", "risk", halt.reason))
            if self.bus.wants(EventType.HALT):
                self.bus.emit(EventType.HALT, halt)


def _nothing() -> None:
    pass


def _unsized(item: Item) -> OrderRequest:
    """Stand for an order that found no size, in the record of its refusal."""
    side = Side.SELL if isinstance(item, Signal) and item.action == "SELL" else Side.BUY
    return OrderRequest(item.symbol, side, 0, reason=item.reason)


def _grouped(items: list[Any]) -> list[list[Item]]:
    """Keep the items of one named group together, in the order they came."""
    groups: dict[Any, list[Item]] = {}
    for number, item in enumerate(items):
        groups.setdefault(getattr(item, "group", "") or number, []).append(item)
    return list(groups.values())
