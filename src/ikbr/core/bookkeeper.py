"""The bookkeeper: brings every word of the broker into slots, books and risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ikbr.core.event_bus import EventBus
from ikbr.core.exits import trim_exits
from ikbr.core.order_manager import OrderManager
from ikbr.core.ports import Clock
from ikbr.core.risk_manager import RiskManager
from ikbr.core.slot import Slot, SlotTable
from ikbr.domain.amendment import Amendment, AmendmentKind
from ikbr.domain.events import Alert, EventType
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Fill, Order
from ikbr.domain.portfolio import Portfolio
from ikbr.strategies.manager import Running

Tell = Callable[..., Any]

_FILLED = OrderState.FILLED
_ORDER, _FILL, _AMENDED = EventType.ORDER, EventType.FILL, EventType.AMENDED

_SEVERITY = {
    AmendmentKind.COMMISSION: "info",
    AmendmentKind.CORRECTION: "warning",
    AmendmentKind.BUST: "critical",
}


class Bookkeeper:
    """Follow orders from their intent to their last fill.

    Attributes:
        on_books: Told of a fill that was booked, before anyone else hears of it.
        on_amended: Told that a booked fill was something else, once the books are amended.
        on_alert: Told of what needs a person's eyes.
        on_late: Told the slot when a flattening hears of a fill and something is held still.
    """

    __slots__ = (
        "_bus",
        "_clock",
        "_count",
        "_orders",
        "_portfolio",
        "_risk",
        "_slots",
        "_tell",
        "_wanted",
        "on_alert",
        "on_amended",
        "on_books",
        "on_late",
        "on_rejected",
    )

    def __init__(
        self,
        orders: OrderManager,
        slots: SlotTable,
        portfolio: Portfolio,
        risk: RiskManager,
        clock: Clock,
        bus: EventBus,
        tell: Callable[[Running, Tell, Any], None],
    ) -> None:
        """Listen to the order manager.

        Args:
            orders: Whose orders are followed.
            slots: The strategies in each symbol.
            portfolio: The account's books.
            risk: Counts open orders.
            clock: Tells the time.
            bus: Tells the observers, last.
            tell: Calls a hook of a strategy and carries out what it answers.
        """
        self._orders = orders
        self._slots = slots
        self._portfolio = portfolio
        self._risk = risk
        self._clock = clock
        self._bus = bus
        self._count = risk.on_sent
        self._wanted = bus.wanted
        self._tell = tell
        self.on_books: Callable[[Fill], None] = _ignore
        self.on_amended: Callable[[Amendment], None] = _ignore
        self.on_alert: Callable[[Alert], None] = _ignore
        self.on_late: Callable[[Slot], None] = _ignore
        self.on_rejected: Callable[[Slot, Order], None] = _ignore_order
        orders.on_intent = self.on_intent
        orders.on_change = self.on_change
        orders.on_booked = self.on_booked
        orders.on_amended = self.on_amendment
        orders.on_restored = self._recount

    def on_intent(self, order: Order) -> None:
        """Count an order as open, before it is sent."""
        slot: Slot = order.owner or self._place(order)
        (slot.exits if order.parent_id else slot.entries).append(order)
        self._count(order, order.created_ns)

    def on_change(self, order: Order) -> None:
        """Follow an order that stands elsewhere in its lifecycle; its fills are booked by now."""
        slot: Slot = order.owner or self._place(order)
        state = order.state
        # What was filled whole was usually released when its last fill was booked.
        if state.is_final and (slot.entries or slot.exits or state is not _FILLED):
            if self._release(slot, order) and slot.exits and order.filled:
                trim_exits(slot, order, 0, self._orders, self._recount)
            if state is OrderState.REJECTED:
                self.on_rejected(slot, order)
        running = slot.running
        if running.hears_orders and running.enabled:
            self._tell(running, running.on_order_update, order)
        if _ORDER in self._wanted:
            self._bus.emit(_ORDER, order)

    def on_booked(self, fill: Fill, order: Order) -> None:
        """Book a fill, then tell the strategy and the observers."""
        slot: Slot = order.owner or self._place(order)
        running = slot.running
        self._portfolio.apply_fill(fill)
        running.books.apply_fill(fill)
        slot.position += fill.side * fill.quantity
        # A fill changes what is possible, so both directions may be asked again.
        slot.mute_buy_ns = slot.mute_sell_ns = 0
        if order.state.is_final:
            self._release(slot, order)
        else:
            self._risk.on_fill(fill)
        self.on_books(fill)
        if slot.exits:
            trim_exits(slot, order, fill.quantity, self._orders, self._recount)
        if slot.flat_below and slot.position and _is_late(slot, order):
            self.on_late(slot)
        if running.hears_fills and running.enabled:
            self._tell(running, running.on_fill, fill)
        if _FILL in self._wanted:
            self._bus.emit(_FILL, fill)

    def on_amendment(self, amendment: Amendment, order: Order) -> None:
        """Book that a fill was something else; strategies see it in what they hold."""
        slot: Slot = order.owner or self._place(order)
        self._amend_books(slot, amendment)
        slot.position += amendment.change
        slot.unmute()
        if order.is_done:
            self._release(slot, order)
        elif amendment.change:
            self._recount(order)
        self.on_amended(amendment)
        if amendment.change:
            if slot.exits:
                trim_exits(slot, order, 0, self._orders, self._recount)
            if slot.flat_below and slot.position and _is_late(slot, order):
                self.on_late(slot)
        alert = Alert(amendment.ts_ns, _SEVERITY[amendment.kind], "fills", amendment.describe())
        self.on_alert(alert)
        if _AMENDED in self._wanted:
            self._bus.emit(_AMENDED, amendment)

    def _amend_books(self, slot: Slot, amendment: Amendment) -> None:
        symbol, strategy = amendment.before.symbol, amendment.before.strategy
        history = [fill for fill in self._orders.fills.values() if fill.symbol == symbol]
        self._portfolio.amend(amendment, history)
        own = [fill for fill in history if fill.strategy == strategy]
        slot.running.books.amend(amendment, own)

    def _place(self, order: Order) -> Slot:
        """Find the slot of an order that somebody else made."""
        slot = order.owner = self._slots.of(order.strategy, order.request.symbol)
        return slot

    def _recount(self, order: Order) -> None:
        if not order.is_done:
            self._risk.on_sent(order, self._clock.now_ns)

    def _release(self, slot: Slot, order: Order) -> bool:
        """Count an order as open no longer; say whether it still did."""
        working = slot.exits if order.parent_id else slot.entries
        if order not in working:
            return False
        working.remove(order)
        self._risk.on_done(order)
        return True


def _is_late(slot: Slot, order: Order) -> bool:
    """Say whether an order was to be over when a flattening began, or belongs to one."""
    if order.parent_id:
        return False
    return order.order_id < slot.flat_below or order.order_id in slot.flat_closers


def _ignore(_what: object) -> None:
    pass


def _ignore_order(_slot: Slot, _order: Order) -> None:
    pass
