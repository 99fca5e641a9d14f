"""The risk ledger: what is on its way to the exchange, per symbol and side."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import msgspec

from ikbr.domain.instrument import Instrument
from ikbr.domain.order import Order

BUYS, SELLS, EXIT_BUYS, EXIT_SELLS = range(4)
"""Kinds of open quantity: an exit is attached to an entry, and shrinks with its position."""


class OpenOrder(msgspec.Struct, eq=False):
    """Remember one order that may still fill.

    Attributes:
        order_id: Which order.
        kind: BUYS to EXIT_SELLS.
        remaining: What may still fill.
        group: Orders of one group replace each other: only the largest of a side counts.
        book: Of its symbol.
        attached: Whether it hangs on an entry.
    """

    order_id: int
    kind: int
    remaining: int
    group: str
    book: Book
    attached: bool = False


class Book:
    """Sum up the open orders of one symbol.

    Attributes:
        symbol: Which one.
        multiplier, currency, lot: Of its instrument.
        open: Open quantity by kind.
        orders: The open orders, by id.
        grouped: How many of them belong to a group.
        entered: When each strategy last sent an entry, ns UTC.
        price: At which the latest order was valued; used until the position has a mark.
    """

    __slots__ = (
        "currency",
        "entered",
        "grouped",
        "lot",
        "multiplier",
        "open",
        "orders",
        "price",
        "symbol",
    )

    def __init__(self, instrument: Instrument) -> None:
        """Start without orders."""
        self.symbol = instrument.symbol
        self.multiplier = instrument.multiplier
        self.currency = instrument.currency
        self.lot = instrument.lot
        self.open = [0, 0, 0, 0]
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
        exits, buys = self.open[EXIT_BUYS], self.open[BUYS]
        if group and self.grouped:
            exits -= self._of_group(group, EXIT_BUYS)
            buys -= self._of_group(group, BUYS)
        if exits and held < 0:
            held += min(exits, -held)
        return held + buys

    def lowest(self, held: int, group: str = "") -> int:
        """Give the position if every open sale fills and no buy does; see `highest`."""
        exits, sells = self.open[EXIT_SELLS], self.open[SELLS]
        if group and self.grouped:
            exits -= self._of_group(group, EXIT_SELLS)
            sells -= self._of_group(group, SELLS)
        if exits and held > 0:
            held -= min(exits, held)
        return held - sells

    def worst(self, held: int) -> int:
        """Give the largest absolute position that the open orders can make."""
        return max(abs(self.highest(held)), abs(self.lowest(held)))

    def free_to_reduce(self, held: int, group: str = "", *, gives_way: bool = False) -> int:
        """Give how much of a position no open order is closing yet.

        Args:
            held: The position.
            group: Orders of this group do not count: the new order replaces them.
            gives_way: Whether attached exits do not count either, as they are shrunk to what is
                left when the new order fills.
        """
        buys, sells, exit_buys, exit_sells = self.open
        free = held - sells - exit_sells if held > 0 else -held - buys - exit_buys
        if group and self.grouped:
            closing = (SELLS, EXIT_SELLS) if held > 0 else (BUYS, EXIT_BUYS)
            free += max(self._of_group(group, kind) for kind in closing)
        if gives_way:
            free += self._attached(EXIT_SELLS if held > 0 else EXIT_BUYS, group)
        return free

    def _attached(self, kind: int, but: str) -> int:
        largest: dict[str, int] = {}
        for order in self.orders.values():
            if order.attached and order.kind == kind and order.group != but:
                largest[order.group] = max(largest.get(order.group, 0), order.remaining)
        return sum(largest.values())

    def _of_group(self, group: str, kind: int) -> int:
        return max(
            (o.remaining for o in self.orders.values() if o.group == group and o.kind == kind),
            default=0,
        )

    def recount(self) -> None:
        """Count anew, after something happened to an order of a group."""
        self.open = count = [0, 0, 0, 0]
        largest: dict[tuple[str, int], int] = {}
        for order in self.orders.values():
            if order.group:
                key = (order.group, order.kind)
                largest[key] = max(largest.get(key, 0), order.remaining)
            else:
                count[order.kind] += order.remaining
        for (_, kind), remaining in largest.items():
            count[kind] += remaining


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
        remaining = request.quantity - order.filled - order.undone
        kind = BUYS if request.side > 0 else SELLS
        # `reduce_only` binds here, not at IB: once the position has turned, it would add to it.
        if parent_id:
            kind += EXIT_BUYS
        group = request.oca_group or (f"#{parent_id}" if parent_id else "")
        book = self.books.get(request.symbol) or self.book(request.symbol)
        if not book.price:
            # Of an earlier session, or somebody else's: no check has valued it here.
            book.price = _own_price(order)
        entry = OpenOrder(order_id, kind, remaining, group, book, bool(parent_id))
        if group:
            self.put_back(entry)
        else:
            self.orders[order_id] = book.orders[order_id] = entry
            book.open[kind] += remaining

    def put_back(self, entry: OpenOrder) -> None:
        """Count an entry that `remove` gave."""
        book = entry.book
        self.orders[entry.order_id] = book.orders[entry.order_id] = entry
        if entry.group:
            book.grouped += 1
            book.recount()
        else:
            book.open[entry.kind] += entry.remaining

    def fill(self, order_id: int, quantity: int) -> None:
        """Take a filled quantity out; fills of orders that have ended change nothing."""
        entry = self.orders.get(order_id)
        if entry is None:
            return
        quantity = min(quantity, entry.remaining)
        entry.remaining -= quantity
        if entry.group:
            entry.book.recount()
        else:
            entry.book.open[entry.kind] -= quantity

    def remove(self, order_id: int) -> OpenOrder | None:
        """Count an order no longer.

        Returns:
            The entry, for `put_back`; None when it was not open.
        """
        entry = self.orders.pop(order_id, None)
        if entry is None:
            return None
        book = entry.book
        del book.orders[order_id]
        if entry.group:
            book.grouped -= 1
            book.recount()
        else:
            book.open[entry.kind] -= entry.remaining
        return entry


def _own_price(order: Order) -> float:
    """Value an order by its own prices; 0 when it has none."""
    request = order.request
    price = request.limit_price or request.stop_price or order.decision_price
    return price if isfinite(price) else 0.0
