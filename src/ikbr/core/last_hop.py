"""The last hop before the wire: counts every message, and stops what must never leave.

Whatever asks for an order (a strategy, a flattening, an attached exit, a mistake of our own), it
passes here. Most is refused long before, by `ikbr.core.risk_manager`; this is the net below.
"""

from __future__ import annotations

from collections.abc import Callable

from ikbr.core.ports import Broker, Clock
from ikbr.core.protection import gap_after
from ikbr.core.risk_manager import RiskManager
from ikbr.domain.errors import InvariantError
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Fill, Order, OrderRequest

CHANGE_REFUSED = 104
"""Source: IBKR, TWS API message codes: an order cannot be modified. No code that a cancellation is
refused with, as one may be on its way."""

_KEPT = 1_024
"""Orders that are kept before those that no longer count are dropped."""


class _Sent:
    """Remember an order that went out, and what hangs on it."""

    __slots__ = ("children", "order", "parent", "quantity")

    def __init__(self, order: Order, parent: _Sent | None) -> None:
        self.order = order
        self.parent = parent
        self.quantity = order.request.quantity
        self.children: list[_Sent] = []

    @property
    def is_over(self) -> bool:
        return self.order.is_done and all(child.order.is_done for child in self.children)


class LastHop:
    """Stand between the order manager and a broker (a `core.ports.Broker` itself)."""

    def __init__(self, broker: Broker, risk: RiskManager, clock: Clock) -> None:
        """Pass everything on to a broker.

        Args:
            broker: Where orders go.
            risk: Whose limits bind, and whose traffic is counted.
            clock: Tells the time.
        """
        self._broker = broker
        self._risk = risk
        self._clock = clock
        risk.traffic.is_counted = True
        self._on_update: Callable[[OrderUpdate], None] = _not_attached
        self._sent: dict[int, _Sent] = {}

    def attach(
        self,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_amended: Callable[[Fill], None],
    ) -> None:
        """Say whom to tell; called once before the first order."""
        self._on_update = on_update
        self._broker.attach(on_update, on_fill, on_amended)

    def submit(self, order: Order) -> None:
        """Send an order, unless it must not leave."""
        if order.parent_id in self._risk.withheld:
            self._tell(order, OrderEvent.CANCEL, "never sent")
            return
        sent = _Sent(order, self._parent_of(order))
        words = (
            self._unreconciled()
            or self._too_fast(order)
            or _too_much(sent, sent.quantity)
            or self._unprotected(order, order.request)
        )
        if words:
            self._refuse(order, OrderEvent.REJECT, words)
            return
        risk = self._risk
        risk.traffic.on_submit(order, self._clock.now_ns, risk.judge.unit_micro(order.request))
        self._remember(sent)
        self._broker.submit(order)

    def modify(self, order: Order, request: OrderRequest) -> None:
        """Change a working order, unless the change must not leave."""
        sent = self._sent.get(order.order_id) or _Sent(order, None)
        words = (
            self._unreconciled()
            or _too_much(sent, request.quantity)
            or self._unprotected(order, request)
        )
        if words:
            self._refuse(order, OrderEvent.CANCEL_REFUSED, words)
            return
        risk, more = self._risk, request.quantity - sent.quantity
        sent.quantity = request.quantity
        risk.traffic.on_modify(more, self._clock.now_ns, risk.judge.unit_micro(request))
        self._broker.modify(order, request)

    def cancel(self, order: Order) -> None:
        """Ask for a cancellation; it is counted, and always goes."""
        self._risk.traffic.on_cancel(self._clock.now_ns)
        self._broker.cancel(order)

    # --- what must not leave --------------------------------------------------------------------

    def _unreconciled(self) -> str:
        risk = self._risk
        if risk.limits.refuse_unreconciled and not risk.clearance.reconciled:
            return "our books are not reconciled with the broker's yet"
        return ""

    def _too_fast(self, order: Order) -> str:
        """Say whether the rate is passed; what protects a position is never held up by it."""
        limit, now = self._risk.limits.max_messages_per_s, self._clock.now_ns
        if limit and not order.parent_id and self._risk.traffic.messages.total(now) >= limit:
            return f"{limit} messages were sent within a second"
        return ""

    def _unprotected(self, order: Order, request: OrderRequest) -> str:
        """Say whether an order would leave a position without a stop; its exits are made by now."""
        if not self._risk.limits.require_stop or order.parent_id:
            return ""
        gap = gap_after(self._risk.slots.find(order.strategy, order.symbol), request, order)
        return "" if gap is None else gap.words.rstrip(".")

    def _parent_of(self, order: Order) -> _Sent | None:
        """Find what an order hangs on; what is attached later is bounded by the position."""
        parent = self._sent.get(order.parent_id)
        if parent is None or not self._risk.limits.check_children:
            return None
        ended_before = parent.order.is_done and parent.order.done_ns < self._clock.now_ns
        return None if ended_before else parent

    def _refuse(self, order: Order, event: OrderEvent, words: str) -> None:
        code = CHANGE_REFUSED
        if event is OrderEvent.REJECT:
            self._risk.withheld.add(order.order_id)
            code = 0
        self._risk.on_stopped(order, words)
        self._tell(order, event, words, code)

    def _tell(self, order: Order, event: OrderEvent, words: str, code: int = 0) -> None:
        self._on_update(OrderUpdate(order.order_id, event, self._clock.now_ns, code, words))

    def _remember(self, sent: _Sent) -> None:
        self._sent[sent.order.order_id] = sent
        if sent.parent is not None:
            sent.parent.children.append(sent)
        if len(self._sent) % _KEPT == 0:
            self._sent = {i: one for i, one in self._sent.items() if not one.is_over}


def _too_much(sent: _Sent, quantity: int) -> str:
    """Say whether the orders that hang on an order could trade more than it.

    Those of one OCA group replace each other, so that the largest counts.
    """
    if sent.parent is None:
        return ""
    largest = {_group(sent.order): quantity}
    for child in sent.parent.children:
        if child is not sent:
            group, order = _group(child.order), child.order
            # A reduction that was sent may have been refused.
            working = max(child.quantity, order.quantity)
            own = order.executed if order.is_done else working
            largest[group] = max(largest.get(group, 0), own)
    total, parent = sum(largest.values()), sent.parent.order
    if total <= parent.request.quantity:
        return ""
    return f"{total} would hang on order {parent.order_id}, which is for {parent.request.quantity}"


def _group(order: Order) -> str:
    return order.request.oca_group or f"#{order.order_id}"


def _not_attached(_update: OrderUpdate) -> None:
    raise InvariantError("the last hop was used before anyone was attached to it.")
