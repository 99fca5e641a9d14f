"""The trader: the pipeline as one picture.

    ticker ─► strategy ─► signal ─► sizing ─► risk ─► order manager ─► broker
    books  ◄─ fill ◄──────── order update (lifecycle table) ◄───────── callbacks

Backtest, paper and live run this same object; only the broker and the clock differ.
Observers hear of everything through the event bus, after the order is out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ikbr.core.event_bus import EventBus
from ikbr.core.market_data import MarketData
from ikbr.core.order_manager import OrderManager
from ikbr.core.order_rules import protective_group
from ikbr.core.ports import Clock, Journal
from ikbr.core.risk_manager import RiskManager
from ikbr.core.running_context import RunningContext
from ikbr.core.slot import Slot
from ikbr.domain.errors import OrderError, StrategyError, nearest
from ikbr.domain.events import Alert, Bar, Decision, EventType, Refusal, Refused
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.domain.timers import NEVER
from ikbr.strategies.answers import decisions
from ikbr.strategies.manager import Running, StrategyManager

_BUY, _SELL = Side.BUY, Side.SELL
Item = Signal | OrderRequest


class Trader:
    """Wire the stages: what happens from a tick to an order, and from a fill to the books.

    Attributes:
        slots: The strategies in each symbol, in the order they run.
        refused: Refusals counted by rule.
        refresh: Brings market data and marks up to the present; a replay that fills them
            lazily sets it, otherwise it does nothing.
        before_action: Called before a strategy acts through its context.
        on_books: Told the symbol after a fill was booked.
        end_ns: The last moment of the run; nothing periodic is scheduled beyond it.
    """

    def __init__(
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
        self.fixed_quantity = fixed_quantity
        self.outside_rth = outside_rth
        self.refused: Counter[str] = Counter()
        self.refresh: Callable[[], None] = _nothing
        self.before_action: Callable[[], None] = _nothing
        self.on_books: Callable[[str], None] = _ignore
        self.present_ns: Callable[[], int] = lambda: clock.now_ns
        self.end_ns = NEVER
        self.slots: dict[str, list[Slot]] = {symbol: [] for symbol in market_data.tickers}
        self._slot_of: dict[tuple[str, str], Slot] = {}
        self.contexts: dict[str, RunningContext] = {}
        for running in manager.running:
            self._adopt(running)
        orders.on_intent = self._on_intent
        orders.on_change = self._on_change
        orders.on_booked = self._on_booked

    def _adopt(self, running: Running) -> None:
        for symbol in running.symbols:
            slot = Slot(running, self.market_data.ticker(symbol))
            self.slots[symbol].append(slot)
            self._slot_of[running.name, symbol] = slot
        self.contexts[running.name] = RunningContext(self, running)

    def slot(self, running: Running, symbol: str) -> Slot:
        """Give a strategy's slot in a symbol.

        Raises:
            StrategyError: When the strategy does not run on it.
        """
        slot = self._slot_of.get((running.name, symbol))
        if slot is None:
            raise StrategyError(
                f"{running.name} does not run on {symbol!r}; {nearest(symbol, running.symbols)}."
            )
        return slot

    def start(self) -> None:
        """Connect the strategies and tell them that the run begins."""
        self.manager.start(lambda running: self.contexts[running.name])
        for running in self.manager.running:
            try:
                answer = running.on_start()
            except StrategyError:
                raise
            except Exception as error:  # a person's code may raise anything
                self.disable(running, error)
                continue
            if answer is not None:
                self.decide(self.slot(running, running.symbols[0]), answer)

    def stop(self) -> None:
        """Cancel what works, then tell the strategies that the run ends."""
        for order in list(self.orders.working.values()):
            self.orders.cancel(order.order_id)
        for running in self.manager.running:
            if running.enabled:
                try:
                    running.on_stop()
                except Exception as error:  # a person's code may raise anything
                    self.disable(running, error)

    # --- from the tick to the order ------------------------------------------------------------

    def process(self, ticker: Ticker) -> None:
        """Take a changed ticker through strategy, risk and order manager."""
        self.show(self.slots[ticker.symbol], ticker)

    def show(self, slots: Iterable[Slot], ticker: Ticker) -> None:
        """Let some of the strategies in a symbol see its ticker."""
        for slot in slots:
            running = slot.running
            if not running.enabled:
                continue
            try:
                answer = running.on_market_data(ticker)
            except Exception as error:  # a person's code may raise anything
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
        except Exception as error:  # a person's code may raise anything
            self.disable(running, error)
            return
        if answer is not None:
            self.decide(self.slot(running, running.symbols[0]), answer)

    def decide(self, slot: Slot, answer: Any) -> None:
        """Carry out what a strategy answered: a signal, an order request, or several."""
        kind = type(answer)
        if kind is Signal:
            if answer.symbol != slot.ticker.symbol:
                slot = self._slot_for(slot.running, answer)
            if not slot.is_idle(answer, self.clock.now_ns):
                self._take(slot, [answer])
        elif kind is OrderRequest:
            self._take(slot, [answer])
        else:
            try:
                items = list(decisions(answer, type(slot.running.strategy).__name__))
            except StrategyError as error:
                self.disable(slot.running, error)
                return
            for group in _grouped(items):
                self._take_group(slot.running, group)

    def _slot_for(self, running: Running, item: Item) -> Slot:
        return self.slot(running, item.symbol)

    def _take_group(self, running: Running, items: list[Item]) -> None:
        try:
            slots = [self._slot_for(running, item) for item in items]
        except (StrategyError, AttributeError) as error:
            self.disable(running, error)
            return
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
        wanted = [item for item, is_idle in zip(items, idle, strict=True) if not is_idle]
        if wanted:
            self._take(None, wanted, running)

    def _take(self, slot: Slot | None, items: list[Item], running: Running | None = None) -> None:
        """Size, check and submit items that stand or fall together."""
        self.refresh()
        ready: list[tuple[Slot, Item, OrderRequest]] = []
        refused = False
        for item in items:
            own = slot if slot is not None else self._slot_for(running, item)  # type: ignore[arg-type]
            wanted = self._request(own, item) if isinstance(item, Signal) else item
            if isinstance(wanted, Refused):
                self._refuse(own, _unsized(own, item), wanted)
                refused = True
                continue
            verdict = self._check(own, wanted)
            if verdict is not None:
                self._refuse(own, wanted, verdict)
                refused = True
            else:
                ready.append((own, item, wanted))
        if refused:
            self._refuse_partners(ready)
            return
        for own, item, request in ready:
            self._submit(own, item, request)

    def _request(self, slot: Slot, signal: Signal) -> OrderRequest | Refused:
        """Turn a signal into an order request of the right size."""
        held = slot.position + slot.in_flight
        if signal.target is not None:
            change = signal.target - held
        elif signal.action == "FLAT" or (signal.action == "SELL" and not slot.allow_short):
            change = -held
        else:
            size = self._size(slot, signal)
            if size < 1:
                return Refused(
                    "size", 1.0, float(size), f"{signal.symbol}: the size of the entry came to 0.",
                    self.clock.now_ns + round(self.risk.limits.refusal_retry_s * 1e9),
                )  # fmt: skip
            change = (size if signal.action == "BUY" else -size) - held
        side = _BUY if change > 0 else _SELL
        entry = abs(held + change) > abs(held)
        if entry and not _touch(slot.ticker, side) > 0:
            return Refused(
                "no-price", 0.0, 0.0, f"{signal.symbol}: no price is known to enter at.",
                self.clock.now_ns + round(self.risk.limits.refusal_retry_s * 1e9),
            )  # fmt: skip
        return OrderRequest(
            signal.symbol,
            side,
            abs(change),
            outside_rth=self.outside_rth,
            oca_group="" if entry else self._exit_group(slot, abs(change)),
            stop_loss=self._stop_loss(slot, side) if entry and not held else None,
            reason=signal.reason,
            group=signal.group,
        )

    def _size(self, slot: Slot, signal: Signal) -> int:
        running = slot.running
        if self.fixed_quantity:
            return self.fixed_quantity
        try:
            own = running.calculate_position_size(signal)
        except Exception as error:  # a person's code may raise anything
            self.disable(running, error)
            return 0
        if own is not None:
            return int(own)
        return self.risk.calculate_position_size(
            signal, slot.ticker, self.portfolio.equity_micro(), running.share
        )

    def _stop_loss(self, slot: Slot, side: Side) -> float | None:
        pct = slot.running.strategy.stop_loss_pct
        if not pct:
            return None
        instrument = slot.instrument
        price = _touch(slot.ticker, side)
        units = instrument.to_units(price * (1 - pct if side is _BUY else 1 + pct))
        return instrument.to_price(instrument.on_grid(units, "up" if side is _BUY else "down"))

    def _exit_group(self, slot: Slot, quantity: int) -> str:
        # An exit that takes the whole position must take the attached exits with it.
        if slot.exits and quantity == slot.exits[0].remaining:
            return protective_group(slot.exits[0].parent_id)
        return ""

    def _check(self, slot: Slot, request: OrderRequest) -> Refused | None:
        now = self.clock.now_ns
        if not slot.entry_from_ns <= now < slot.entry_until_ns and _adds(slot, request):
            return Refused(
                "schedule", slot.entry_until_ns / 1e9, now / 1e9,
                f"{request.symbol}: {slot.running.name} may not enter at this time.",
                slot.entry_from_ns if now < slot.entry_from_ns else NEVER,
            )  # fmt: skip
        return self.risk.check(request, slot.running.name, slot.ticker, now)

    def _refuse(self, slot: Slot, request: OrderRequest, refused: Refused) -> None:
        now = self.clock.now_ns
        self.refused[refused.rule] += 1
        slot.mute(request.side is _BUY, refused.retry_ns)
        refusal = Refusal(now, slot.running.name, request, refused, self._freshness(slot))
        self.journal.append("refusal", now, refusal)
        if self.bus.wants(EventType.REFUSED):
            self.bus.emit(EventType.REFUSED, refusal)

    def _refuse_partners(self, ready: list[tuple[Slot, Item, OrderRequest]]) -> None:
        retry = self.clock.now_ns + round(self.risk.limits.refusal_retry_s * 1e9)
        for slot, _, request in ready:
            why = f"{request.symbol}: another leg of {request.group!r} was refused."
            self._refuse(slot, request, Refused("group", 0.0, 0.0, why, retry))

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
                _touch(ticker, request.side),
            )
        except OrderError as error:
            retry = now + round(self.risk.limits.refusal_retry_s * 1e9)
            self._refuse(slot, request, Refused("invalid", 0.0, 0.0, str(error), retry))

    def _freshness(self, slot: Slot) -> Any:
        return slot.ticker.freshness(self.clock.now_ns, self.market_data.stale_after_ns)

    def modify(self, order_id: int, **changes: Any) -> None:
        """Change a working order, unless risk refuses what it would become."""
        order = self.orders.working.get(order_id)
        if order is None:
            return
        slot = self._slot_of[order.strategy, order.symbol]
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

    # --- from the broker's word to the books ---------------------------------------------------

    def _on_intent(self, order: Order) -> None:
        slot = self._slot_of[order.strategy, order.symbol]
        (slot.exits if order.parent_id else slot.entries).append(order)
        self.risk.on_sent(order, self.clock.now_ns)

    def _on_change(self, order: Order) -> None:
        slot = self._slot_of[order.strategy, order.symbol]
        if order.is_done:
            self._release(slot, order)
        running = slot.running
        if running.enabled and running.hears_orders:
            self.tell(running, running.on_order_update, order)
        if self.bus.wants(EventType.ORDER):
            self.bus.emit(EventType.ORDER, order)

    def _release(self, slot: Slot, order: Order) -> None:
        working = slot.exits if order.parent_id else slot.entries
        if order in working:
            working.remove(order)
        self.risk.on_done(order)

    def _on_booked(self, fill: Fill, order: Order) -> None:
        slot = self._slot_of[order.strategy, order.symbol]
        running = slot.running
        change = fill.side * fill.quantity
        self.portfolio.apply_fill(fill)
        running.books.apply_fill(fill)
        slot.position += change
        slot.unmute()
        self.risk.on_fill(fill)
        self.on_books(fill.symbol)
        if order.is_done:
            self._release(slot, order)
        if slot.position == 0 and slot.exits:
            for exit_order in list(slot.exits):
                self.orders.cancel(exit_order.order_id)
        if running.enabled and running.hears_fills:
            self.tell(running, running.on_fill, fill)
        if self.bus.wants(EventType.FILL):
            self.bus.emit(EventType.FILL, fill)

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
        for order in list(self.orders.working.values()):
            if order.strategy == running.name and not order.parent_id:
                self.orders.cancel(order.order_id)
        self.alert(alert)

    def flatten(self, running: Running, reason: str) -> None:
        """Cancel what a strategy has working and close what it holds."""
        self.refresh()
        for symbol in running.symbols:
            slot = self._slot_of[running.name, symbol]
            for order in list(self.orders.working.values()):
                if order.strategy == running.name and order.symbol == symbol:
                    self.orders.cancel(order.order_id)
            if slot.position:
                side = _SELL if slot.position > 0 else _BUY
                request = OrderRequest(
                    symbol, side, abs(slot.position), outside_rth=self.outside_rth, reason=reason,
                    reduce_only=True,
                )  # fmt: skip
                refused = self.risk.check(request, running.name, slot.ticker, self.clock.now_ns)
                if refused is not None:
                    self._refuse(slot, request, refused)
                else:
                    self._submit(slot, request, request)

    def force(self, request: OrderRequest) -> None:
        """Carry out the broker's own order (a liquidation), shared among who holds the symbol.

        Nothing is asked of risk: the broker does not ask either.
        """
        left = request.quantity
        holders = [s for s in self.slots[request.symbol] if s.position * request.side < 0]
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


def _ignore(_symbol: str) -> None:
    pass


def _touch(ticker: Ticker, side: Side) -> float:
    price = ticker.ask if side is _BUY else ticker.bid
    return price if price == price else ticker.last


def _adds(slot: Slot, request: OrderRequest) -> bool:
    after = slot.position + request.side * request.quantity
    return abs(after) > abs(slot.position) or after * slot.position < 0


def _unsized(slot: Slot, item: Item) -> OrderRequest:
    side = _SELL if isinstance(item, Signal) and item.action == "SELL" else _BUY
    return OrderRequest(slot.ticker.symbol, side, 0, reason=getattr(item, "reason", ""))


def _grouped(items: list[Any]) -> list[list[Item]]:
    """Keep the items of one named group together, in the order they came."""
    groups: dict[Any, list[Item]] = {}
    for number, item in enumerate(items):
        groups.setdefault(getattr(item, "group", "") or number, []).append(item)
    return list(groups.values())
