"""The book: our orders that work in the market, per symbol, in time order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderUpdate
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.sim.market import HIGHEST, LOWEST, Watch
from ikbr.sim.queue import BEHIND, UNTRACKED
from ikbr.sim.recent import Recent

MARKET, LIMIT, STOP, TRAIL, MIDPOINT, OPENING, CLOSING = range(7)
"""How an order is matched at the moment; a stop that triggers becomes MARKET or LIMIT."""


class Ledger(Protocol):
    """Say what the exchange needs of an account."""

    def check(self, instrument: Instrument, side: Side, quantity: int, price_units: int) -> str:
        """Give IB's words of a rejection, or nothing."""

    def whatif(
        self, instrument: Instrument, side: Side, quantity: int, price_units: int
    ) -> MarginPreview:
        """Say what an order would do to margin and equity."""

    def charge(
        self,
        order_id: int,
        instrument: Instrument,
        side: Side,
        quantity: int,
        price_units: int,
        ts_ns: int,
        maker: bool,
        ends: bool,
        /,
    ) -> int:
        """Give the commission of a fill, in millionths; the last fill ends its order."""

    def book(self, fill: Fill) -> None:
        """Book a fill."""

    def release(self, order_id: int) -> None:
        """Forget an order that ended before it was filled whole."""


class Family:
    """Hold the children of a bracket.

    Attributes:
        left: What the children may still fill together; -1 until the parent has ended.
        members: Children that have not ended.
    """

    __slots__ = ("left", "members")

    def __init__(self, left: int) -> None:
        """Start without children."""
        self.left = left
        self.members: list[SimOrder] = []


class Seat:
    """Hold one account's place at the exchange.

    Attributes:
        account: Its books.
        on_update, on_fill: Whom to tell.
        orders: Orders that have not ended, by id.
        ended: What the children of orders that ended lately may still fill, by id.
        families: Brackets with children that have not ended, by the parent's id.
        groups: Members of OCA groups that have not ended.
        closed_groups: OCA groups of which one order filled lately.
    """

    __slots__ = (
        "account",
        "closed_groups",
        "ended",
        "families",
        "groups",
        "on_fill",
        "on_update",
        "orders",
    )

    def __init__(
        self,
        account: Ledger,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
    ) -> None:
        """Start without orders."""
        self.account = account
        self.on_update = on_update
        self.on_fill = on_fill
        self.orders: dict[int, SimOrder] = {}
        self.ended: Recent[int, int] = Recent()
        self.families: dict[int, Family] = {}
        self.groups: dict[str, list[SimOrder]] = {}
        self.closed_groups: Recent[str, bool] = Recent()


class SimOrder(msgspec.Struct, eq=False):
    """Follow one order inside the exchange.

    Attributes:
        order: What the bot sent; never changed here.
        account: Number of its account.
        request: What was asked for when it was sent (a modification replaces it).
        seat: Its account's place (set at arrival, like everything below).
        sym: Index of its symbol.
        sign: 1 for a buy, -1 for a sell.
        remaining, filled: Quantities.
        mode: How it is matched at the moment.
        limit: Worst price in price units; beyond every price without one.
        stop: Trigger in price units; beyond every price without one.
        trail: Distance of a trailing stop in price units, or
        trail_percent: in per cent.
        queue: What stands ahead of it at its price.
        taken: Price and size of the quote that it took from last (only under a volume cap).
        arrival: Touch when it arrived, as a price; NaN if unknown.
        live: Whether it has not ended.
        resting: Whether it is in the book.
        held: Whether it waits for regular hours.
        armed: Whether its auction has come near: a MOO after the open, a MOC after the close.
        triggered: Whether its stop was reached.
        immediate: "" or the word that lets it not rest (IOC, FOK).
        outside_rth: Whether it works outside regular hours.
        cut: Whether its quantity was reduced by what its bracket could still fill.
        family: The bracket it is a child of.
    """

    order: Order
    account: int
    request: OrderRequest
    seat: Any = None
    sym: int = 0
    sign: int = 1
    remaining: int = 0
    filled: int = 0
    mode: int = MARKET
    limit: int = 0
    stop: int = 0
    trail: int = 0
    trail_percent: float = 0.0
    queue: int = UNTRACKED
    taken: tuple[int, int] | None = None
    arrival: float = float("nan")
    live: bool = True
    resting: bool = False
    held: bool = False
    armed: bool = False
    triggered: bool = False
    immediate: str = ""
    outside_rth: bool = False
    cut: bool = False
    family: Family | None = None


class Book:
    """Hold the working orders of all symbols and what they watch for.

    Attributes:
        working: Per symbol, the orders that rest, in the order in which they came.
        watches: Per symbol, which rows can matter to them.
    """

    __slots__ = ("_market_waits_for_quotes", "watches", "working")

    def __init__(self, count: int, *, market_waits_for_quotes: bool) -> None:
        """Start empty.

        Args:
            count: How many symbols there are.
            market_waits_for_quotes: Whether a waiting market order also takes a quote.
        """
        self.working: list[list[SimOrder]] = [[] for _ in range(count)]
        self.watches = [Watch() for _ in range(count)]
        self._market_waits_for_quotes = market_waits_for_quotes

    def rest(self, so: SimOrder) -> None:
        """Let an order work, behind those that came before."""
        so.resting = True
        self.working[so.sym].append(so)
        watch = self.watches[so.sym]
        watch.active = True
        self._note(watch, so)

    def drop(self, so: SimOrder) -> None:
        """Take an order out that rests."""
        so.resting = False
        self.working[so.sym].remove(so)
        self.watch(so.sym)

    def watch(self, sym: int) -> None:
        """Say anew what a symbol's orders watch for."""
        watch = self.watches[sym]
        working = self.working[sym]
        watch.active = bool(working)
        watch.every_row = watch.on_print = False
        watch.buy_limit = watch.sell_stop = LOWEST
        watch.sell_limit = watch.buy_stop = HIGHEST
        watch.buy_queue, watch.sell_queue = LOWEST, HIGHEST
        watch.buy_ahead = watch.sell_ahead = 0
        for so in working:
            self._note(watch, so)

    def _note(self, watch: Watch, so: SimOrder) -> None:
        """Add what one order watches for."""
        mode = so.mode
        if mode == LIMIT:
            if so.immediate:
                watch.every_row = True
            if so.queue and so.queue != UNTRACKED:
                _note_queue(watch, so)
            if so.sign > 0:
                watch.buy_limit = max(watch.buy_limit, so.limit)
            else:
                watch.sell_limit = min(watch.sell_limit, so.limit)
        elif mode == STOP:
            if so.sign > 0:
                watch.buy_stop = min(watch.buy_stop, so.stop)
            else:
                watch.sell_stop = max(watch.sell_stop, so.stop)
        elif mode == OPENING or (mode == MARKET and not self._market_waits_for_quotes):
            watch.on_print = True
        elif mode != CLOSING:
            watch.every_row = True


def _note_queue(watch: Watch, so: SimOrder) -> None:
    """Add what shortens the queue ahead of an order: cancellations, and prices that leave it."""
    # While nothing is known of the queue, any size displayed at the price tells of it.
    ahead = HIGHEST if so.queue == BEHIND else so.queue
    if so.sign > 0:
        if so.limit > watch.buy_queue:
            watch.buy_queue, watch.buy_ahead = so.limit, ahead
        elif so.limit == watch.buy_queue:
            watch.buy_ahead = max(watch.buy_ahead, ahead)
    elif so.limit < watch.sell_queue:
        watch.sell_queue, watch.sell_ahead = so.limit, ahead
    elif so.limit == watch.sell_queue:
        watch.sell_ahead = max(watch.sell_ahead, ahead)
