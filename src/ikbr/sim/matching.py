"""Matching: what a row of the tape does to the orders that work in its symbol."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.order import OrderType
from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.sim import queue
from ikbr.sim.book import LIMIT, MARKET, Book, SimOrder
from ikbr.sim.executions import Executions
from ikbr.sim.market import Hours, Row
from ikbr.sim.taking import Taking
from ikbr.sim.trailing import follow

AUCTION_NS = 60 * 1_000_000_000
"""An auction within the last minute of a session, or after it, is the closing auction."""

_BAR_OPEN, _BAR_HIGH, _BAR_LOW, _BAR_CLOSE = (
    int(Kind.BAR_OPEN),
    int(Kind.BAR_HIGH),
    int(Kind.BAR_LOW),
    int(Kind.BAR_CLOSE),
)
_QUOTE, _PRINT, _AUCTION = int(Kind.QUOTE), int(Kind.PRINT), int(Kind.AUCTION)


class Matching:
    """Match working orders against rows.

    Source: docs/fills.md states every rule in prose beside its test.
    """

    __slots__ = (
        "_book",
        "_executions",
        "_handlers",
        "_hours",
        "_last",
        "_queue",
        "_quote",
        "_row",
        "_taking",
    )

    def __init__(
        self,
        model: ExecutionModel,
        book: Book,
        executions: Executions,
        taking: Taking,
        hours: Hours,
    ) -> None:
        """Bind the handlers of the modes."""
        self._book = book
        self._executions = executions
        self._taking = taking
        self._hours = hours
        self._quote = model.fill == "quote"
        self._last = model.fill == "last"
        self._queue = model.queue == "behind-displayed"
        self._row = Row()
        self._handlers: tuple[Callable[[SimOrder, Row], None], ...] = (
            self._market,
            self._limit,
            self._stop,
            self._trail,
            self._midpoint,
            self._opening,
            self._closing,
        )

    def on_row(  # noqa: PLR0913, PLR0917 - a row has nine columns
        self,
        sym: int,
        ts_ns: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
    ) -> None:
        """Match a symbol's working orders, in the order in which they came.

        Orders that come while the row is matched wait for the next one.
        """
        row = self._row
        row.sym = sym
        row.ts_ns = ts_ns
        row.kind = kind
        row.bid = bid
        row.ask = ask
        row.last = last
        row.bid_size = bid_size
        row.ask_size = ask_size
        row.size = row.left = size
        row.printed = _PRINT <= kind <= _AUCTION and last != NO_PRICE
        row.bar = _BAR_OPEN <= kind <= _BAR_CLOSE
        row.extreme = kind in {_BAR_HIGH, _BAR_LOW}
        hours = self._hours
        handlers = self._handlers
        for so in tuple(self._book.working[sym]):
            if so.live and (hours.regular or so.outside_rth or so.armed):
                handlers[so.mode](so, row)
                if so.immediate and so.live and row.printed and not row.extreme:
                    self._executions.cancel(so, f"{so.immediate} order not filled at once")

    def _market(self, so: SimOrder, row: Row) -> None:
        """Trade a waiting market order: at the next print, or a quote where quotes count."""
        if row.extreme:
            return
        quote, displayed = (row.ask, row.ask_size) if so.sign > 0 else (row.bid, row.bid_size)
        price, size = row.last, row.size
        if not row.printed:
            if not self._quote or quote == NO_PRICE:
                return
            if not self._taking.is_new(so, quote, displayed):
                return
            price, size = quote, displayed
        elif self._quote and quote != NO_PRICE and (quote - price) * so.sign > 0:
            price = quote
        self._taking.take(so, price, size, row.ts_ns, displayed)

    def _limit(self, so: SimOrder, row: Row) -> None:
        """Fill a resting limit at its price when the market comes to or through it."""
        limit, sign = so.limit, so.sign
        if sign > 0:
            quote, displayed, own, own_size = row.ask, row.ask_size, row.bid, row.bid_size
        else:
            quote, displayed, own, own_size = row.bid, row.bid_size, row.ask, row.ask_size
        taking = self._taking
        if so.queue != queue.UNTRACKED:
            self._queue_at(so, queue.see(so.queue, sign, limit, own, own_size))
        if (
            quote != NO_PRICE
            and (limit - quote) * sign >= 0
            and taking.is_new(so, quote, displayed)
        ):
            taking.make(so, displayed, row.ts_ns, displayed)
        elif row.printed:
            beyond = (limit - row.last) * sign
            if beyond > 0:
                taking.make(so, row.size, row.ts_ns, displayed)
            elif beyond == 0 and not row.bar:
                self._at_limit(so, row, displayed)

    def _at_limit(self, so: SimOrder, row: Row, displayed: int) -> None:
        """Fill from a print at the limit: only what is left of it behind the queue."""
        if not self._queue:
            self._taking.make(so, row.size, row.ts_ns, displayed)
            return
        if so.queue < 0:
            return
        excess = row.left - so.queue
        self._queue_at(so, max(0, so.queue - row.left))
        if excess > 0:
            row.left -= self._taking.make(so, row.size, row.ts_ns, displayed, excess)

    def _queue_at(self, so: SimOrder, ahead: int) -> None:
        """Note what stands ahead of an order; from now on other rows may matter to it."""
        if ahead != so.queue:
            so.queue = ahead
            self._book.watch(so.sym)

    def _stop(self, so: SimOrder, row: Row) -> None:
        """Trigger a stop at or through its price: by a print, before any print by a quote."""
        sign = so.sign
        if row.last == NO_PRICE:
            price = row.ask if sign > 0 else row.bid
            if price == NO_PRICE:
                return
        elif row.printed:
            price = row.last
        else:
            return
        if (price - so.stop) * sign >= 0:
            self._trigger(so, row, price)

    def _trigger(self, so: SimOrder, row: Row, price: int) -> None:
        so.triggered = True
        bounded = so.request.order_type == OrderType.STOP_LIMIT
        so.mode = LIMIT if bounded else MARKET
        self._executions.say(so, OrderEvent.ACK, 0, "triggered")
        if not so.live:
            return
        sign = so.sign
        quote, displayed = (row.ask, row.ask_size) if sign > 0 else (row.bid, row.bid_size)
        if row.bar and not bounded:
            # Inside a bar the price walked through the stop; at its open it may have jumped.
            at = price if row.kind == _BAR_OPEN else so.stop
            self._taking.take(so, at, row.size, row.ts_ns, displayed)
        elif self._quote and quote != NO_PRICE and (so.limit - quote) * sign >= 0:
            self._taking.is_new(so, quote, displayed)
            self._taking.take(so, quote, displayed, row.ts_ns, displayed)
        elif self._last and not bounded:
            self._taking.take(so, price, row.size, row.ts_ns, displayed)
        if so.live:
            if bounded and self._queue:
                own, size = (row.bid, row.bid_size) if sign > 0 else (row.ask, row.ask_size)
                so.queue = queue.begin(sign, so.limit, own, size)
            self._book.watch(so.sym)

    def _trail(self, so: SimOrder, row: Row) -> None:
        """Trigger a trailing stop, or else let it follow a favourable price."""
        self._stop(so, row)
        if not so.live or so.triggered:
            return
        if row.printed:
            follow(so, row.last)
        elif row.last == NO_PRICE:
            price = row.ask if so.sign > 0 else row.bid
            if price != NO_PRICE:
                follow(so, price)

    def _midpoint(self, so: SimOrder, row: Row) -> None:
        """Trade a waiting MIDPRICE order at the mid once its cap allows it."""
        if row.extreme:
            return
        sign = so.sign
        displayed = row.ask_size if sign > 0 else row.bid_size
        if self._quote and NO_PRICE not in {row.bid, row.ask}:
            price, size = middle(row.bid, row.ask, sign), displayed
            if not self._taking.is_new(so, price, size):
                return
        elif row.printed:
            price, size = row.last, row.size
        else:
            return
        if (so.limit - price) * sign >= 0:
            self._taking.take(so, price, size, row.ts_ns, displayed)

    def _opening(self, so: SimOrder, row: Row) -> None:
        """Trade a MOO order at the first print after the open."""
        if so.armed and row.printed and not row.extreme:
            self._taking.take(so, row.last, row.size, row.ts_ns, 0, 0, "auction")

    def _closing(self, so: SimOrder, row: Row) -> None:
        """Trade a MOC or LOC order at the print of the closing auction."""
        if row.kind != _AUCTION or not row.printed:
            return
        if so.armed or self._in_last_minute(row.ts_ns):
            if (so.limit - row.last) * so.sign >= 0:
                self._taking.take(so, row.last, row.size, row.ts_ns, 0, 0, "auction")
            if so.live:
                self._executions.cancel(so, "not filled in the closing auction")

    def _in_last_minute(self, ts_ns: int) -> bool:
        return 0 < self._hours.close_ns - AUCTION_NS <= ts_ns


def middle(bid: int, ask: int, sign: int) -> int:
    """Halve the way between bid and ask, rounding to a price unit against the taker.

    >>> middle(100, 101, 1), middle(100, 101, -1)
    (101, 100)
    """
    return -((-bid - ask) // 2) if sign > 0 else (bid + ask) // 2
