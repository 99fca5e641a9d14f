"""The order manager: owns every order from intent to end.

The intent is in the journal before anything is sent; afterwards only the broker's word moves an
order through the lifecycle table. Nothing here knows whether the broker is real.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ikbr.core.changes import Changes, changed
from ikbr.core.corrections import correct, take_again
from ikbr.core.order_rules import check_request, child_requests
from ikbr.core.ports import Broker, Clock, Journal
from ikbr.domain.amendment import Amendment
from ikbr.domain.errors import InvariantError, OrderError
from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import (
    TRANSITIONS,
    OrderEvent,
    OrderState,
    OrderUpdate,
    next_state,
)
from ikbr.domain.order import Fill, Order, OrderRequest

CANCEL_REFUSED_CODES = (0, 135, 136, 161, 10147, 10148)
"""Source: IBKR, TWS API message codes: these say that an order could not be cancelled."""

_PARTIAL, _FULL = OrderEvent.PARTIAL_FILL, OrderEvent.FULL_FILL
_CANCEL_REFUSED, _MODIFY = OrderEvent.CANCEL_REFUSED, OrderEvent.MODIFY
_CREATED, _PENDING_SUBMIT = OrderState.CREATED, OrderState.PENDING_SUBMIT


class OrderManager:
    """Submit, modify and cancel orders and follow what becomes of them.

    Attributes:
        orders: Every order of this run by id.
        working: Those that are not done.
        fills: Every fill by execution id, in the order they were booked, as it is known now.
        next_id: The id of the next order.
        max_working: How many may work at once.
        on_change: Told of every order whose state changed (trader, observers).
        on_booked: Told of every new fill, after its order was brought up to date.
        on_amended: Told of every booked fill that was something else, before `fills` has it.
        on_intent: Told of every order whose intent is recorded, before it is sent.
        on_restored: Told of every order whose request is another, but by `modify`; before
            `on_change`.
        anomalies: Broker words that the lifecycle does not expect, counted by name.
    """

    def __init__(
        self, broker: Broker, clock: Clock, journal: Journal, *, max_working: int = 10_000
    ) -> None:
        """Take over the broker's callbacks."""
        self._broker = broker
        self._clock = clock
        self._journal = journal
        self.next_id = 1
        self.orders: dict[int, Order] = {}
        self.working: dict[int, Order] = {}
        self.fills: dict[int, Fill] = {}
        self.children: dict[int, list[Order]] = {}
        self.max_working = max_working
        self.on_change: Callable[[Order], None] = _ignore
        self.on_booked: Callable[[Fill, Order], None] = _ignore
        self.on_amended: Callable[[Amendment, Order], None] = _ignore
        self.on_intent: Callable[[Order], None] = _ignore
        self.on_restored: Callable[[Order], None] = _ignore
        self.anomalies: dict[str, int] = {}
        self._changes = Changes()
        broker.attach(self.on_update, self.on_fill, self.on_amended_fill)

    def recall(
        self,
        orders: Mapping[int, Order],
        replaced: Mapping[int, OrderRequest],
        fills: Mapping[int, Fill],
        next_id: int,
    ) -> None:
        """Take up the orders of earlier sessions; nothing is sent.

        Args:
            orders: By id, those that have ended too, as they may still be filled.
            replaced: The request that an order had before a change that is on its way, by id.
            fills: Every fill that is booked, by execution id.
            next_id: An id that was never used, nor any above it.
        """
        for order_id, order in orders.items():
            self.orders[order_id] = order
            if not order.is_done:
                self.working[order_id] = order
            if order.parent_id:
                self.children.setdefault(order.parent_id, []).append(order)
        self._changes.recall({i: one for i, one in replaced.items() if i in self.working})
        self.fills.update(fills)
        self.next_id = max(self.next_id, next_id)

    def submit(
        self,
        request: OrderRequest,
        instrument: Instrument,
        strategy: str,
        decision_mid: float,
        decision_price: float,
        owner: Any = None,
    ) -> Order:
        """Record the intent and send the order, with its attached exits if it has any.

        Args:
            request: What risk let through.
            instrument: What it trades.
            strategy: Who asked.
            decision_mid: Mid of the quote at the decision; NaN if unknown.
            decision_price: Price that a market order would have met then; NaN if unknown.
            owner: Where the pipeline keeps the order.

        Returns:
            The order; with a synchronous broker it may already be done.

        Raises:
            OrderError: When the request makes no sense; nothing was sent.
        """
        check_request(request, instrument)
        if len(self.working) >= self.max_working:
            raise OrderError(
                f"{len(self.working)} orders already work, the most that are allowed; cancel some."
            )
        order = self._create(request, instrument, strategy, 0, owner)
        order.decision_mid = decision_mid
        order.decision_price = decision_price
        if request.take_profit is None and request.stop_loss is None:
            order.state = _PENDING_SUBMIT
            self._broker.submit(order)
            return order
        children = [
            self._create(child, instrument, strategy, order.order_id, owner)
            for child in child_requests(request, order.order_id)
        ]
        self.children[order.order_id] = children
        for each in (order, *children):
            self._send(each)
        return order

    def attach(
        self, request: OrderRequest, instrument: Instrument, strategy: str, parent_id: int
    ) -> Order:
        """Send an exit for what an order that has ended brought.

        Args:
            request: The exit.
            instrument: What it trades.
            strategy: Whose it is.
            parent_id: The order that it protects.

        Raises:
            OrderError: When the request makes no sense; nothing was sent.
        """
        check_request(request, instrument)
        order = self._create(request, instrument, strategy, parent_id)
        self._send(order)
        return order

    def _create(
        self,
        request: OrderRequest,
        instrument: Instrument,
        strategy: str,
        parent_id: int,
        owner: Any = None,
    ) -> Order:
        now = self._clock.now_ns
        order_id = self.next_id
        order = Order(order_id, request, instrument, strategy, now, parent_id, owner)
        self.next_id = order_id + 1
        self._journal.append("intent", now, (order_id, strategy, request, parent_id))
        self.orders[order_id] = self.working[order_id] = order
        self.on_intent(order)
        return order

    def _send(self, order: Order) -> None:
        # A sibling's fill may have ended it before its own turn came.
        if order.state is _CREATED:
            order.state = _PENDING_SUBMIT
            self._broker.submit(order)

    def modify(
        self,
        order_id: int,
        *,
        quantity: int | None = None,
        limit_price: float | None = None,
        stop_price: float | None = None,
    ) -> Order:
        """Change quantity or prices of a working order.

        Raises:
            OrderError: When the order has ended, an earlier change of it is on its way, or the
                change makes no sense.
        """
        order = self._working_order(order_id)
        if order_id in self._changes.before:
            raise OrderError(
                f"order {order_id}: an earlier change is on its way; wait for its answer."
            )
        old = order.request
        request = changed(order, quantity, limit_price, stop_price)
        now = self._clock.now_ns
        self._journal.append("modify", now, (order_id, request))
        if order.state is OrderState.CREATED:
            # It waits for its turn behind its parent and is sent as it is then.
            order.request = request
            return order
        order.state = next_state(order.state, OrderEvent.MODIFY)
        self._changes.before[order_id] = old
        order.request = request
        self.on_change(order)
        self._broker.modify(order, request)
        return order

    def shrink(self, order: Order, remaining: int) -> None:
        """Leave less of a working order open: now, or once an earlier change is answered.

        Args:
            order: Which.
            remaining: How much of it; less than 1 cancels it.
        """
        quantity = order.executed + remaining
        if remaining < 1:
            self.cancel(order.order_id)
        elif order.order_id in self._changes.before:
            self._changes.shrink_later(order, quantity)
        else:
            self.modify(order.order_id, quantity=quantity)

    def cancel(self, order_id: int) -> bool:
        """Ask for the cancellation of an order.

        Returns:
            Whether anything was sent: an order that has ended, or whose cancellation is on its
            way, is left alone.
        """
        order = self.working.get(order_id)
        if order is None or order.cancel_requested:
            return False
        now = self._clock.now_ns
        if order.state is OrderState.CREATED:
            # It waits for its turn behind its parent; nobody else knows of it yet.
            self.on_update(OrderUpdate(order_id, OrderEvent.CANCEL, now, 0, "never sent"))
            return True
        asked = OrderUpdate(order_id, OrderEvent.REQUEST_CANCEL, now)
        self._journal.append("update", now, asked)
        order.cancel_requested = True
        order.state = next_state(order.state, OrderEvent.REQUEST_CANCEL)
        self.on_change(order)
        self._broker.cancel(order)
        return True

    def _working_order(self, order_id: int) -> Order:
        order = self.working.get(order_id)
        if order is None:
            known = self.orders.get(order_id)
            state = f"is {known.state.value}" if known is not None else "does not exist"
            raise OrderError(f"order {order_id} {state}; only a working order can be changed.")
        return order

    def on_update(self, update: OrderUpdate) -> None:
        """Take the broker's word about an order."""
        order = self.orders.get(update.order_id)
        if order is None:
            self.note("update of an unknown order")
            return
        event = update.event
        self._journal.append("update", update.ts_ns, update)
        new = TRANSITIONS.get((order.state, event))
        if new is None:
            self.note(f"{event.value} in {order.state.value}")
            return
        if update.message:
            order.message = update.message
        restored = False
        if event is _CANCEL_REFUSED:
            if order.cancel_requested and update.code in CANCEL_REFUSED_CODES:
                order.cancel_requested = False
            else:
                # A modification was refused; a cancellation may still be on its way.
                restored = self._restore(order, update.ts_ns)
                # What had filled whole before the modification arrived is over with its refusal.
                over = restored and order.remaining == 0
                new = TRANSITIONS[order.state, _FULL] if over else order.state
        elif event is _MODIFY:
            self._changes.before.pop(order.order_id, None)
            # What had filled before a reduction arrived may be all that is left of it.
            if order.remaining == 0:
                new = TRANSITIONS[order.state, _FULL]
        if new is not order.state:
            order.state = new
            if new.is_final:
                self.finish(order, update.ts_ns)
            self.on_change(order)
        elif restored:
            self.on_change(order)
        if event is _MODIFY or event is _CANCEL_REFUSED:
            self._go_on(order)

    def _go_on(self, order: Order) -> None:
        """Ask for what has waited for the answer to a change."""
        if order.order_id not in self._changes.before and not order.cancel_requested:
            quantity = self._changes.answered(order)
            if quantity is not None:
                self.shrink(order, quantity - order.executed)
                self.on_restored(order)

    def _restore(self, order: Order, ts_ns: int) -> bool:
        """Take a modification back, unless fills prove that it took effect."""
        before = self._changes.before.pop(order.order_id, None)
        if before is None or order.is_done or before.quantity < order.executed:
            return False
        order.request = before
        self._journal.append("modify", ts_ns, (order.order_id, before))
        self.on_restored(order)
        return True

    def on_fill(self, fill: Fill) -> None:
        """Book a fill: once per execution, whatever state the order is in."""
        if fill.exec_id in self.fills:
            take_again(self, fill)
            return
        order = self.orders.get(fill.order_id)
        if order is None:
            raise InvariantError(f"fill {fill.exec_id} belongs to no order ({fill.order_id}).")
        ts_ns, quantity, before = fill.ts_ns, fill.quantity, order.state
        reduced = self._changes.before and self.is_reduced(order, quantity, ts_ns)
        self.fills[fill.exec_id] = fill
        self._journal.append("fill", ts_ns, fill)
        if before.is_final:
            self.note(f"fill after {before.value}")
        order.filled = filled = order.filled + quantity
        order.fill_value_units += quantity * fill.price_units
        missing = order.request.quantity - filled
        if missing < 0:
            self.note("overfill")
        if reduced or (missing > 0 and missing > order.undone):
            order.state = TRANSITIONS[before, _PARTIAL]
        else:
            order.state = TRANSITIONS[before, _FULL]
            if not before.is_final:
                order.done_ns = ts_ns
                del self.working[order.order_id]
                if self._changes.before:
                    self._changes.forget(order.order_id)
        self.on_booked(fill, order)
        if order.state is not before:
            self.on_change(order)

    def is_reduced(self, order: Order, more: int, ts_ns: int) -> bool:
        """Say whether an order may be filled beyond a reduction that is on its way.

        Args:
            order: Which.
            more: The quantity that is to be booked now; more than the reduction leaves proves
                that it has not arrived, and takes it back.
            ts_ns: The present, ns UTC.
        """
        before = self._changes.before.get(order.order_id)
        if before is None or before.quantity <= order.quantity or order.is_done:
            return False
        if order.executed + more > order.quantity:
            words = "more has filled than the change would leave"
            self.on_update(OrderUpdate(order.order_id, _CANCEL_REFUSED, ts_ns, 104, words))
            return False
        return True

    def on_amended_fill(self, fill: Fill) -> None:
        """Book that an execution was something else than the fill that is known.

        Args:
            fill: The execution as it should have been; a quantity of 0 means that it never was.
        """
        correct(self, self._journal, fill, self._clock.now_ns)

    def finish(self, order: Order, ts_ns: int) -> None:
        """Count an order as working no longer."""
        order.done_ns = ts_ns
        self.working.pop(order.order_id, None)
        if self._changes.before:
            self._changes.forget(order.order_id)

    def note(self, name: str) -> None:
        """Count something that the lifecycle does not expect."""
        self.anomalies[name] = self.anomalies.get(name, 0) + 1


def _ignore(*_what: object) -> None:
    pass
