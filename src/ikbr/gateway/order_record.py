"""The record of a run: every order, fill and refusal at a gateway, kept until it is evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from ikbr.domain.events import Alert, Refusal, Refused
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import NAN, Fill, Order, OrderRequest
from ikbr.gateway.desk import BROKER
from ikbr.gateway.wire_order import WireOrder
from ikbr.gateway.world import World
from ikbr.sim.refusals import Refusal as Code

MOST_REFUSALS = 10_000
"""Refusals that are kept in full; all are counted."""


class OrderRecord:
    """Keep what became of all orders.

    Attributes:
        orders: By their permanent ids, in the order in which they were taken.
        fills: In the order in which they were told.
        refusals: As far as the order could be read.
        refused: Refusals by code.
        alerts: What the broker did of its own accord.
        then: Told every fill after it was kept.
    """

    def __init__(self, world: World, name: str) -> None:
        """Listen to a world from now on.

        Args:
            world: Whose orders.
            name: Under which the orders are reported.
        """
        self.orders: dict[int, Order] = {}
        self.fills: list[Fill] = []
        self.refusals: list[Refusal] = []
        self.refused: Counter[str] = Counter()
        self.alerts: list[Alert] = []
        self.then: Callable[[Fill], None] = lambda _fill: None
        self._world = world
        self._name = name
        desk = world.desk
        desk.orders.on_change = self._on_change
        desk.executed.on_fill = self._on_fill
        desk.news.on_refused = self._on_refused

    def finish(self) -> None:
        """Note how the orders stand that have not ended."""
        for wo in self._world.desk.orders.of():
            _settle(wo)

    def _on_change(self, wo: WireOrder) -> None:
        """Keep an order that is new, before it goes anywhere; note how one has ended."""
        if wo.done:
            _settle(wo)
        elif wo.perm_id not in self.orders:
            self._keep(wo)

    def _keep(self, wo: WireOrder) -> None:
        wo.order.strategy = self._name
        self.orders[wo.perm_id] = wo.order
        if wo.client_id == BROKER:
            what = f"{wo.request.side.name} {wo.request.quantity:,} {wo.order.symbol}"
            text = f"margin call: the broker closes positions ({what})."
            self.alerts.append(Alert(self._world.now_ns, "critical", "broker", text))

    def _on_fill(self, fill: Fill) -> None:
        self.fills.append(fill)
        self.then(fill)

    def _on_refused(self, request: OrderRequest | None, refusal: Code) -> None:
        rule = str(refusal.code)
        self.refused[rule] += 1
        if request is not None and len(self.refusals) < MOST_REFUSALS:
            why = Refused(rule, NAN, NAN, refusal.message)
            self.refusals.append(Refusal(self._world.now_ns, self._name, request, why))


def _settle(wo: WireOrder) -> None:
    """Let an order say where it stands."""
    order = wo.order
    order.state = _state(wo)
    order.filled, order.fill_value_units = wo.filled, wo.cost_units
    order.done_ns = wo.ended_ns
    reason = str(wo.values["orderRef"] or "")
    order.request = msgspec.structs.replace(wo.request, reason=reason)


def _state(wo: WireOrder) -> OrderState:
    if wo.done and wo.status not in ("Filled", "Cancelled"):
        return OrderState.REJECTED
    return OrderState(wo.status or "PendingSubmit")
