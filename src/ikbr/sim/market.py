"""The standing market: the latest state of every symbol, as plain lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ikbr.domain.tape import NO_PRICE

LOWEST = -(2**62)
"""Lower than any price: the barrier of a buy limit or a sell stop that is not there."""
HIGHEST = 2**62
"""Higher than any price: the barrier of a sell limit or a buy stop that is not there."""


class StandingMarket:
    """Hold what stands in the market now; the index is the position in the instruments.

    Attributes:
        bid, ask, last: Price units, or NO_PRICE.
        bid_size, ask_size: Displayed sizes; 0 when unknown.
        ts: Time of the newest row of the symbol, ns UTC (0 before the first).
        halted: Whether trading in the symbol is halted.
        refresh: Brings one symbol up to date. Whoever feeds the market may leave out rows in
            which nothing can happen; the exchange calls this before it reads a symbol's state
            outside `Exchange.on_row`.
    """

    __slots__ = ("ask", "ask_size", "bid", "bid_size", "halted", "last", "refresh", "ts")

    def __init__(self, count: int) -> None:
        """Start with nothing seen of `count` symbols."""
        self.bid = [NO_PRICE] * count
        self.ask = [NO_PRICE] * count
        self.last = [NO_PRICE] * count
        self.bid_size = [0] * count
        self.ask_size = [0] * count
        self.ts = [0] * count
        self.halted = [False] * count
        self.refresh: Callable[[int], None] | None = None

    def touch(self, sym: int, sign: int) -> int:
        """Give the price a taker would meet: the opposite quote, or without one the last."""
        price = self.ask[sym] if sign > 0 else self.bid[sym]
        return price if price != NO_PRICE else self.last[sym]


@dataclass(slots=True)
class Watch:
    """Say which rows of a symbol the exchange must see; the others may be left out.

    Rows of kind AUCTION, HALT and RESUME must always be handed to `Exchange.on_row`. Any other
    must be when `active` and at least one of these holds (a *print* is a row of kind PRINT to
    BAR_CLOSE with a last price; NO_PRICE is no quote): `every_row`; `on_print` and its kind is
    PRINT, BAR_OPEN or BAR_CLOSE; its ask or a print is at or below `buy_limit`; its bid or a
    print is at or above `sell_limit`; a print, or the ask, is at or above `buy_stop`; a print,
    or the bid, is at or below `sell_stop`; its bid is below `buy_queue`, or at it with less
    displayed than `buy_ahead`; its ask is above `sell_queue`, or at it with less displayed than
    `sell_ahead`. Waking too often is harmless.

    Attributes:
        active: Whether any order works in the symbol.
        every_row: Whether an order follows every row.
        on_print: Whether an order waits for the next print.
        buy_limit, sell_limit: Highest working buy limit, lowest working sell limit.
        buy_stop, sell_stop: Lowest buy trigger, highest sell trigger.
        buy_queue, sell_queue: Prices of the orders that queue: highest buy, lowest sell.
        buy_ahead, sell_ahead: What stands ahead there, as far as it is known.
    """

    active: bool = False
    every_row: bool = False
    on_print: bool = False
    buy_limit: int = LOWEST
    sell_limit: int = HIGHEST
    buy_stop: int = HIGHEST
    sell_stop: int = LOWEST
    buy_queue: int = LOWEST
    sell_queue: int = HIGHEST
    buy_ahead: int = 0
    sell_ahead: int = 0


@dataclass(slots=True)
class Hours:
    """Say whether the market is open.

    Attributes:
        regular: Whether regular trading goes on; a market without sessions is always open.
        open_ns, close_ns: Of the session that opened last, ns UTC; 0 before the first.
        auctioned: Symbols that printed an auction since it opened.
    """

    regular: bool = True
    open_ns: int = 0
    close_ns: int = 0
    auctioned: set[int] = field(default_factory=set)


class Row:
    """Hold the row that is being matched; one object is used over and over.

    Attributes:
        sym, ts_ns, kind, bid, ask, last, bid_size, ask_size, size: As on the tape.
        printed: Whether something traded: a row of kind PRINT to AUCTION with a last price.
        bar: Whether it belongs to a bar.
        extreme: Whether it is a bar's high or low: no time at which one could have traded.
        left: What is left of the print for our orders that rest at its price.
    """

    __slots__ = (
        "ask",
        "ask_size",
        "bar",
        "bid",
        "bid_size",
        "extreme",
        "kind",
        "last",
        "left",
        "printed",
        "size",
        "sym",
        "ts_ns",
    )

    sym: int
    ts_ns: int
    kind: int
    bid: int
    ask: int
    last: int
    bid_size: int
    ask_size: int
    size: int
    printed: bool
    bar: bool
    extreme: bool
    left: int
