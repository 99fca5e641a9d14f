"""The risk ledger: what is on its way to the exchange, per symbol and side."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ikbr.domain.instrument import Instrument
from ikbr.domain.order import Order


class OpenOrder(msgspec.Struct, eq=False):
    """Remember one order that may still fill.

    Attributes:
        order_id, is_buy: Which order, which way.
        remaining: What may still fill.
        exits: Whether it can only shrink a position (an attached exit, or reduce-only).
        group: Orders of one group replace each other: only the largest of a side counts.
        book: Of its symbol.
    """

    order_id: int
    is_buy: bool
    remaining: int
    exits: bool
    group: str
    book: Book


class Book:
    """Sum up the open orders of one symbol.

    Attributes:
        symbol: Which one.
        multiplier, currency, lot: Of its instrument.
        buys, sells: Open quantity that may build a position.
        exit_buys, exit_sells: Open quantity that can only shrink one.
        orders: The open orders, by id.
        entered: When each strategy last sent an entry, ns UTC.
        price: At which the latest order was valued; used until the position has a mark.
    """

    __slots__ = (
        "buys",
        "currency",
        "entered",
        "exit_buys",
        "exit_sells",
        "grouped",
        "lot",
        "multiplier",
        "orders",
        "price",
        "sells",
        "symbol",
    )

    def __init__(self, instrument: Instrument) -> None:
        """Start without orders."""
        self.symbol = instrument.symbol
        self.multiplier = instrument.multiplier
        self.currency = instrument.currency
        self.lot = instrument.lot
        self.buys = self.sells = self.exit_buys = self.exit_sells = 0
        self.grouped = 0
        self.orders: dict[int, OpenOrder] = {}
        self.entered: dict[str, int] = {}
        self.price = 0.0

    def highest(self, held: int, group: str = "") -> int:
        """Give the position if every open buy fills and no sale does.

        Args:
            held: The position.
            group: Orders of this group do not count: the new order replaces them.
        """
        exits, buys = self.exit_buys, self.buys
        if group and self.grouped:
            exits -= self._of_group(group, is_buy=True, exits=True)
            buys -= self._of_group(group, is_buy=True, exits=False)
        if exits and held < 0:
            held += min(exits, -held)
        return held + buys

    def lowest(self, held: int, group: str = "") -> int:
        """Give the position if every open sale fills and no buy does; see `highest`."""
        exits, sells = self.exit_sells, self.sells
        if group and self.grouped:
            exits -= self._of_group(group, is_buy=False, exits=True)
            sells -= self._of_group(group, is_buy=False, exits=False)
        if exits and held > 0:
            held -= min(exits, held)
        return held - sells

    def worst(self, held: int) -> int:
        """Give the largest absolute position that the open orders can make."""
        return max(abs(self.highest(held)), abs(self.lowest(held)))

    def free_to_reduce(self, held: int, group: str = "") -> int:
        """Give how much of a position no open order is closing yet.

        Args:
            held: The position.
            group: Orders of this group do not count: the new order replaces them.
        """
        if held > 0:
            free = held - self.sells - self.exit_sells
        else:
            free = -held - self.buys - self.exit_buys
        if group and self.grouped:
            closing = [o for o in self.orders.values() if o.is_buy is (held < 0)]
            free += max((o.remaining for o in closing if o.group == group), default=0)
        return free

    def _of_group(self, group: str, *, is_buy: bool, exits: bool) -> int:
        return max(
            (
                order.remaining
                for order in self.orders.values()
                if order.group == group and order.is_buy is is_buy and order.exits is exits
            ),
            default=0,
        )

    def change(self, order: OpenOrder, by: int) -> None:
        """Let the remaining quantity of an order grow or shrink."""
        order.remaining += by
        if order.group:
            self._recount()
        else:
            self.count(order, by)

    def put(self, order: OpenOrder) -> None:
        """Count an order as open."""
        self.orders[order.order_id] = order
        if order.group:
            self.grouped += 1
            self._recount()
        else:
            self.count(order, order.remaining)

    def take(self, order: OpenOrder) -> None:
        """Count an order no longer."""
        del self.orders[order.order_id]
        if order.group:
            self.grouped -= 1
            self._recount()
        else:
            self.count(order, -order.remaining)

    def count(self, order: OpenOrder, quantity: int) -> None:
        """Add to what is open on the side of an order."""
        if order.is_buy:
            if order.exits:
                self.exit_buys += quantity
            else:
                self.buys += quantity
        elif order.exits:
            self.exit_sells += quantity
        else:
            self.sells += quantity

    def _recount(self) -> None:
        self.buys = self.sells = self.exit_buys = self.exit_sells = 0
        largest: dict[tuple[str, bool, bool], OpenOrder] = {}
        for order in self.orders.values():
            if not order.group:
                self.count(order, order.remaining)
                continue
            key = (order.group, order.is_buy, order.exits)
            other = largest.get(key)
            if other is None or order.remaining > other.remaining:
                largest[key] = order
        for order in largest.values():
            self.count(order, order.remaining)


class RiskLedger:
    """Keep the books of all symbols and the counts of the session.

    Attributes:
        books: By symbol, made when first asked for.
        orders: All open orders, by id.
        sent_today: Orders sent since the session began.
    """

    __slots__ = ("_instruments", "books", "orders", "sent_today")

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        """Start with nothing open."""
        self._instruments = instruments
        self.books: dict[str, Book] = {}
        self.orders: dict[int, OpenOrder] = {}
        self.sent_today = 0

    def book(self, symbol: str) -> Book:
        """Give the book of a symbol."""
        book = self.books.get(symbol)
        if book is None:
            book = self.books[symbol] = Book(self._instruments[symbol])
        return book

    def add(self, order: Order) -> None:
        """Count an order as open; one that is counted already is counted anew."""
        order_id, request, parent_id = order.order_id, order.request, order.parent_id
        if order_id in self.orders:
            self.remove(order_id)
        else:
            self.sent_today += 1
        entry = OpenOrder(
            order_id,
            request.side > 0,
            request.quantity - order.filled,
            request.reduce_only or parent_id != 0,
            request.oca_group or (f"#{parent_id}" if parent_id else ""),
            self.books.get(request.symbol) or self.book(request.symbol),
        )
        self.orders[order_id] = entry
        entry.book.put(entry)

    def put_back(self, entry: OpenOrder) -> None:
        """Count an entry that `remove` gave."""
        self.orders[entry.order_id] = entry
        entry.book.put(entry)

    def fill(self, order_id: int, quantity: int) -> None:
        """Take a filled quantity out; fills of orders that have ended change nothing."""
        entry = self.orders.get(order_id)
        if entry is not None:
            entry.book.change(entry, -min(quantity, entry.remaining))

    def remove(self, order_id: int) -> OpenOrder | None:
        """Count an order no longer.

        Returns:
            The entry, for `put_back`; None when it was not open.
        """
        entry = self.orders.pop(order_id, None)
        if entry is not None:
            entry.book.take(entry)
        return entry
