"""The rehearsal: lets an order that is never sent take the way of the next one.

Between two orders a processor does other things, and forgets the way: the next order then takes
several times as long as one that follows at once. What a rehearsal goes through is the same code on
the same market, positions and limits; whatever would leave a trace is an understudy.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from typing import Any

from ikbr.core.desk import Desk
from ikbr.core.order_manager import OrderManager
from ikbr.core.routing.choose import MARKET
from ikbr.core.sizing import touch_price
from ikbr.core.slot import Slot
from ikbr.domain.errors import OrderError
from ikbr.domain.events import Decision
from ikbr.domain.lifecycle import OrderUpdate
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.domain.signal import Signal

ORDER_ID = 2**31 - 2
"""Of the orders that are never sent; as long as a number of the wire can be."""


class Rehearsal:
    """Walk from the signal to the written message, and leave no trace.

    Attributes:
        times: How often it was done.
    """

    def __init__(
        self,
        desk: Desk,
        write_order: Callable[[Order], None],
        write_record: Callable[[str, int, Any], None],
    ) -> None:
        """Take the stages.

        Args:
            desk: Whose way is rehearsed.
            write_order: Writes the message of an order, and sends nothing.
            write_record: Writes a record as the journal does, and keeps nothing.
        """
        self.times = 0
        self._desk = desk
        self._write_record = write_record
        journal = _UnkeptJournal(write_record)
        self._orders = OrderManager(_UnsentOrders(write_order), desk.clock, journal)
        self._slots = cycle(tuple(desk.slots))

    def run(self) -> None:
        """Rehearse an order in the next slot whose market has two sides."""
        slot = next(self._slots, None)
        if slot is None or not slot.running.enabled or not slot.ticker.bid < slot.ticker.ask:
            return
        self.times += 1
        desk, ticker, name, now = (
            self._desk,
            slot.ticker,
            slot.running.name,
            self._desk.clock.now_ns,
        )
        request = self._request(slot)
        desk.risk.check(request, name, ticker, now)
        freshness = ticker.freshness(now, desk.market_data.stale_after_ns)
        side = request.side.name
        self._write_record(
            "decision",
            now,
            Decision(now, name, ticker.symbol, side, ticker.ask, "", request.quantity, freshness),
        )
        orders, mid = self._orders, (ticker.bid + ticker.ask) * 0.5
        orders.next_id = ORDER_ID
        with suppress(OrderError):
            touch = touch_price(request.side, ticker)
            orders.submit(request, slot.instrument, name, mid, touch, slot)
        orders.orders.clear()
        orders.working.clear()

    def _request(self, slot: Slot) -> OrderRequest:
        """Ask for what closes the position, or else for the smallest entry."""
        symbol, router = slot.ticker.symbol, self._desk.requests.router
        side = Side.SELL if slot.position > 0 else Side.BUY
        quantity = abs(slot.position) or slot.instrument.lot
        route = MARKET
        if router is not None:
            route = router.route(slot, Signal("BUY", symbol, slot.ticker.ask), side, quantity)
        return OrderRequest(
            symbol, side, quantity, route.order_type, route.limit_price, algo=route.algo
        )


class _UnkeptJournal:
    """Stand in for a journal (a `core.ports.Journal`) that keeps nothing."""

    def __init__(self, write_record: Callable[[str, int, Any], None]) -> None:
        self._write_record = write_record

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        """Write a record."""
        self._write_record(kind, ts_ns, body)


class _UnsentOrders:
    """Stand in for a broker (a `core.ports.Broker`) who sends nothing."""

    def __init__(self, write_order: Callable[[Order], None]) -> None:
        self._write_order = write_order

    def submit(self, order: Order) -> None:
        """Write an order."""
        self._write_order(order)

    def attach(
        self,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_amended: Callable[[Fill], None],
    ) -> None:
        """Tell nobody: nothing ever comes of these orders."""

    def modify(self, order: Order, request: OrderRequest) -> None:
        """Change nothing."""

    def cancel(self, order: Order) -> None:
        """Cancel nothing."""
