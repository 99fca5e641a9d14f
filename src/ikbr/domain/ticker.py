"""The ticker: the live view of one instrument."""

from __future__ import annotations

from enum import StrEnum
from math import floor

from ikbr.domain.instrument import Instrument

NAN = float("nan")


class Freshness(StrEnum):
    """Say how far a ticker can be trusted at a moment."""

    FRESH = "fresh"
    STALE = "stale"
    CROSSED = "crossed"
    LOCKED = "locked"
    HALTED = "halted"
    ONE_SIDED = "one-sided"
    PRINTS_ONLY = "prints-only"
    EMPTY = "empty"


_FRESH = Freshness.FRESH


class Ticker:
    """Hold the standing state of one instrument; updated in place.

    Attributes:
        instrument: What it is a ticker of (`contract` is the same thing).
        symbol: Its symbol.
        ts_ns: When it last changed, ns UTC.
        bid, ask, last: Prices; NaN while unknown.
        bid_size, ask_size: Displayed sizes.
        last_size: Size of the latest print; 0 when the latest change was a quote.
        volume: Shares printed since the session began.
        halted: Whether trading is halted.
        is_print: Whether the latest change was a print (else a quote).
    """

    __slots__ = (
        "__weakref__",
        "ask",
        "ask_size",
        "bid",
        "bid_size",
        "halted",
        "instrument",
        "is_print",
        "last",
        "last_size",
        "symbol",
        "ts_ns",
        "volume",
    )

    def __init__(self, instrument: Instrument) -> None:
        """Start a ticker that has seen nothing."""
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.ts_ns = 0
        self.bid = NAN
        self.ask = NAN
        self.last = NAN
        self.bid_size = 0
        self.ask_size = 0
        self.last_size = 0
        self.volume = 0
        self.halted = False
        self.is_print = False

    @property
    def contract(self) -> Instrument:
        """The instrument, under the name that ib_async uses."""
        return self.instrument

    @property
    def time(self) -> int:
        """The time of the latest change, ns UTC."""
        return self.ts_ns

    def midpoint(self) -> float:
        """Halve the way between bid and ask; NaN while a side is missing."""
        return (self.bid + self.ask) * 0.5

    def spread(self) -> float:
        """Subtract bid from ask; NaN while a side is missing."""
        return self.ask - self.bid

    def market_price(self) -> float:
        """Give the last price held between bid and ask, as IB's mark price does.

        Without a last price it is the mid, rounded down to a price unit, or the only side there
        is: the same as `domain.marks.mark_units`, said again here for speed.

        Source: IBKR, "Mark Price": the last price, unless ask < last (then ask) or
        bid > last (then bid).
        """
        last, bid, ask = self.last, self.bid, self.ask
        if ask < last:
            return ask
        if bid > last:
            return bid
        if last == last:
            return last
        if bid != bid:
            return ask
        if ask != ask:
            return bid
        # Bid and ask are whole units, so a quarter tells a half from an error of the floats.
        scale = self.instrument.price_scale
        return floor((bid + ask) * 0.5 * scale + 0.25) / scale

    marketPrice = market_price  # noqa: N815 - ib_async's spelling

    def freshness(self, now_ns: int, stale_after_ns: int) -> Freshness:
        """Label how far the ticker can be trusted.

        Args:
            now_ns: The present, ns UTC.
            stale_after_ns: Age from which a ticker is stale.
        """
        bid, ask = self.bid, self.ask
        if bid < ask and now_ns - self.ts_ns <= stale_after_ns and not self.halted:
            return _FRESH
        if self.halted:
            return Freshness.HALTED
        has_bid, has_ask = bid == bid, ask == ask
        if not has_bid and not has_ask and self.last != self.last:
            return Freshness.EMPTY
        if now_ns - self.ts_ns > stale_after_ns:
            return Freshness.STALE
        if not has_bid and not has_ask:
            return Freshness.PRINTS_ONLY
        if not has_bid or not has_ask:
            return Freshness.ONE_SIDED
        return Freshness.CROSSED if bid > ask else Freshness.LOCKED

    def __repr__(self) -> str:
        """Show the prices."""
        return f"Ticker({self.symbol}, bid={self.bid}, ask={self.ask}, last={self.last})"
