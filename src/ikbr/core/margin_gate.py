"""The margin gate: a large order leaves only after the broker said what it does to margin.

The order is intended, recorded and counted as open by then; it waits here for the broker's answer,
which is a callback like any other. Nothing blocks, and nothing is sent if no answer comes.
"""

from __future__ import annotations

from collections.abc import Callable

from ikbr.core.ports import Clock, PreviewingBroker
from ikbr.core.risk_manager import RiskManager
from ikbr.domain.errors import InvariantError
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Fill, Order, OrderRequest
from ikbr.domain.timers import Timer

WAIT_NS = 5_000_000_000
"""How long an answer may take. Source: reports of users of the API: some previews are never
answered."""

_E = OrderEvent


class _Held:
    """Keep an order and what hangs on it until the broker has answered."""

    __slots__ = ("family", "round", "timer")

    def __init__(self, order: Order) -> None:
        self.family = [order]
        self.round = 0
        self.timer: Timer | None = None


class MarginGate:
    """Hold large orders until their preview shows enough excess (a `core.ports.Broker` itself).

    Orders that only shrink a position, and exits that hang on an order that went out, pass at once.
    """

    def __init__(self, broker: PreviewingBroker, risk: RiskManager, clock: Clock) -> None:
        """Pass everything on to a broker.

        Args:
            broker: Where orders go, and who previews them.
            risk: Whose limits bind.
            clock: Tells the time.
        """
        self._broker = broker
        self._risk = risk
        self._clock = clock
        self._held: dict[int, _Held] = {}
        self._on_update: Callable[[OrderUpdate], None] = _not_attached

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
        """Send an order, or hold it until its preview has come."""
        parent = self._held.get(order.parent_id)
        if parent is not None:
            parent.family.append(order)
        elif order.parent_id in self._risk.withheld:
            self._tell(order, _E.CANCEL, "never sent")
        elif self._is_large(order):
            self._held[order.order_id] = _Held(order)
            self._ask(order)
        else:
            self._broker.submit(order)

    def modify(self, order: Order, request: OrderRequest) -> None:
        """Change an order; one that is held is previewed anew as it is now."""
        if self._family_of(order) is None:
            self._broker.modify(order, request)
            return
        self._tell(order, _E.MODIFY)
        if order.order_id in self._held:
            self._ask(order)

    def cancel(self, order: Order) -> None:
        """Ask for a cancellation; an order that is held never leaves."""
        held = self._family_of(order)
        if held is None:
            self._broker.cancel(order)
        elif order.order_id in self._held:
            self._drop(order, _E.CANCEL, "it was cancelled before its margin was known")
        else:
            held.family.remove(order)
            self._tell(order, _E.CANCEL, "never sent")

    # --- asking and answering -------------------------------------------------------------------

    def _is_large(self, order: Order) -> bool:
        risk, request = self._risk, order.request
        limit = risk.limits.preview_notional
        if not limit or order.parent_id or risk.judge.only_reduces(order):
            return False
        return not request.quantity * risk.judge.unit_micro(request) < limit * MICRO

    def _ask(self, order: Order) -> None:
        held, now = self._held[order.order_id], self._clock.now_ns
        held.round += 1
        number = held.round
        if held.timer is not None:
            held.timer.cancel()
        held.timer = self._clock.call_at(now + WAIT_NS, self._lapse, order)
        self._risk.traffic.messages.add(now)
        self._broker.preview(order, lambda answer: self._answer(order, number, answer))

    def _lapse(self, order: Order) -> None:
        held = self._held.get(order.order_id)
        if held is not None:
            words = f"the broker did not say within {WAIT_NS // 10**9} s"
            self._answer(order, held.round, words)

    def _answer(self, order: Order, number: int, answer: MarginPreview | str) -> None:
        held = self._held.get(order.order_id)
        if held is None or held.round != number:
            return
        words = answer if isinstance(answer, str) else self._lacks(answer)
        if words:
            self._drop(order, _E.REJECT, f"margin of the order is not known to suffice: {words}")
            return
        if self._risk.halted is not None:
            self._drop(order, _E.REJECT, f"trading was halted: {self._risk.halted.reason}")
            return
        self._release(order)

    def _lacks(self, preview: MarginPreview) -> str:
        excess, equity = preview.excess_after_micro, preview.equity_after_micro
        needed = self._risk.limits.min_excess_pct * equity
        if preview.frees_margin or (equity > 0 and excess >= needed):
            return ""
        return f"{excess / MICRO:,.2f} would be left over it, {needed / MICRO:,.2f} must be"

    def _release(self, order: Order) -> None:
        for each in self._take(order).family:
            # What came of one may have ended the next before its turn.
            if not each.is_done:
                self._broker.submit(each)

    def _drop(self, order: Order, event: OrderEvent, words: str) -> None:
        first, *exits = self._take(order).family
        if event is _E.REJECT:
            self._risk.withheld.add(first.order_id)
        for exit_order in exits:
            if not exit_order.is_done:
                self._tell(exit_order, _E.CANCEL, "never sent")
        self._tell(first, event, words)

    def _take(self, order: Order) -> _Held:
        held = self._held.pop(order.order_id)
        if held.timer is not None:
            held.timer.cancel()
        return held

    def _family_of(self, order: Order) -> _Held | None:
        held = self._held.get(order.parent_id or order.order_id)
        return held if held is not None and order in held.family else None

    def _tell(self, order: Order, event: OrderEvent, words: str = "") -> None:
        self._on_update(OrderUpdate(order.order_id, event, self._clock.now_ns, 0, words))


def _not_attached(_update: OrderUpdate) -> None:
    raise InvariantError("the margin gate was used before anyone was attached to it.")
