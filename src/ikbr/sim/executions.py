"""Executions: booking fills, ending orders, and telling whose they are."""

from __future__ import annotations

from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Fill
from ikbr.domain.timers import TimerHeap
from ikbr.sim.book import Book, SimOrder
from ikbr.sim.families import Families

CANCELLED = "Order Canceled - reason:"
"""Source: IBKR, TWS API message codes: 202 comes with every cancellation that succeeded."""


class Executions:
    """Book fills and end orders.

    Attributes:
        exec_id: Number of the latest execution of the exchange.
        families: Brackets and OCA groups.
    """

    __slots__ = ("_book", "_timers", "exec_id", "families")

    def __init__(self, book: Book, timers: TimerHeap) -> None:
        """Start with no executions."""
        self._book = book
        self._timers = timers
        self.exec_id = 0
        self.families = Families(self)

    def say(self, so: SimOrder, event: OrderEvent, code: int = 0, message: str = "") -> None:
        """Tell an order's owner what happened to it."""
        so.seat.on_update(OrderUpdate(so.order.order_id, event, self._timers.now_ns, code, message))

    def execute(
        self,
        so: SimOrder,
        quantity: int,
        price: int,
        ts_ns: int,
        liquidity: str,
        displayed: int = 0,
        age_ns: int = 0,
    ) -> None:
        """Book one fill and tell its owner.

        The order's own state is settled before anyone is told, as whoever is told may send
        or cancel orders at once.
        """
        self.tell(so, self.settle(so, quantity, price, ts_ns, liquidity, displayed, age_ns))

    def settle(
        self,
        so: SimOrder,
        quantity: int,
        price: int,
        ts_ns: int,
        liquidity: str,
        displayed: int,
        age_ns: int,
    ) -> Fill:
        """Book one fill without telling anyone yet."""
        order = so.order
        instrument = order.instrument
        side = so.request.side
        account = so.seat.account
        order_id = order.order_id
        ends = quantity == so.remaining
        commission = account.charge(
            order_id, instrument, side, quantity, price, ts_ns, liquidity == "make", ends
        )
        self.exec_id += 1
        fill = Fill(
            self.exec_id,
            order_id,
            order.strategy,
            instrument.symbol,
            side,
            quantity,
            price,
            ts_ns,
            commission,
            price / instrument.price_scale,
            liquidity,
            order.decision_mid,
            order.decision_price,
            so.arrival,
            displayed,
            age_ns,
        )
        account.book(fill)
        so.filled += quantity
        so.remaining -= quantity
        if ends:
            self._forget(so)
        return fill

    def tell(self, so: SimOrder, fill: Fill) -> None:
        """Tell an order's owner about a fill, then let related orders follow."""
        seat = so.seat
        seat.on_fill(fill)
        if so.cut and not so.remaining:
            self.say(so, OrderEvent.CANCEL, 202, f"{CANCELLED} the bracket holds no more")
        if seat.families or seat.groups:
            self.families.after_fill(so, fill.quantity)

    def end(self, so: SimOrder, event: OrderEvent, code: int, message: str) -> None:
        """End an order that is not filled; one that has ended stays as it is."""
        if not so.live:
            return
        self._forget(so)
        seat = so.seat
        seat.account.release(so.order.order_id)
        self.say(so, event, code, message)
        if seat.families or seat.groups:
            self.families.after_end(so)

    def cancel(self, so: SimOrder, reason: str) -> None:
        """Cancel an order, with the code that IB gives to every cancellation."""
        self.end(so, OrderEvent.CANCEL, 202, f"{CANCELLED} {reason}" if reason else CANCELLED)

    def _forget(self, so: SimOrder) -> None:
        seat = so.seat
        order_id = so.order.order_id
        so.live = False
        if so.resting:
            self._book.drop(so)
        seat.orders.pop(order_id, None)
        seat.ended.put(order_id, so.filled)
        if seat.families:
            family = seat.families.get(order_id)
            if family is not None:
                family.left = so.filled
