"""What observers can hear about: the values that travel on the event bus."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from ikbr.domain.order import OrderRequest
from ikbr.domain.ticker import Freshness


class EventType(StrEnum):
    """Name the topics of the event bus and what they carry."""

    TICK = "TICK"
    """Ticker, after the strategies have seen it."""
    BAR = "BAR"
    """Bar, closed."""
    SIGNAL = "SIGNAL"
    """Decision, after its order was sent."""
    REFUSED = "REFUSED"
    """Refusal."""
    ORDER = "ORDER"
    """Order, after its state changed."""
    FILL = "FILL"
    """Fill, after it was booked."""
    AMENDED = "AMENDED"
    """Amendment: a booked fill was something else."""
    HALT = "HALT"
    """Refused: the halt that stops entries from now on."""
    ALERT = "ALERT"
    """Alert."""
    SESSION = "SESSION"
    """Session, when it opens or closes."""


class Bar(msgspec.Struct, frozen=True, gc=False):
    """Sum up the prints of `[start_ns, end_ns)`; stamped at its end.

    Attributes:
        symbol: Of which instrument.
        start_ns, end_ns: The span, ns UTC.
        open, high, low, close: Prices.
        volume: Shares.
        count: Prints, where known.
        vwap: Volume-weighted average price, where known.
    """

    symbol: str
    start_ns: int
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    count: int = 0
    vwap: float = float("nan")


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Say no to an order, as a value.

    Attributes:
        rule: Name of the control ("position", "exposure", "drawdown", …).
        limit: What is allowed, in the rule's unit.
        actual: What the order would have made of it.
        reason: The sentence for people.
        retry_ns: Not worth asking again before this time (ns UTC).
    """

    rule: str
    limit: float
    actual: float
    reason: str
    retry_ns: int = 0


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Record that an order request was refused.

    Attributes:
        ts_ns: When.
        strategy: Who asked.
        request: What for.
        refused: By which rule and why.
        freshness: How far the market data could be trusted at that moment.
    """

    ts_ns: int
    strategy: str
    request: OrderRequest
    refused: Refused
    freshness: Freshness = Freshness.FRESH


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Record a signal that led to an order request.

    Attributes:
        ts_ns: When.
        strategy: Who decided.
        symbol, action, price, reason: Of the signal.
        quantity: Signed size that came of it.
        freshness: How far the market data could be trusted at that moment.
    """

    ts_ns: int
    strategy: str
    symbol: str
    action: str
    price: float
    reason: str
    quantity: int
    freshness: Freshness = Freshness.FRESH


class Alert(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Tell people that something needs their eyes.

    Attributes:
        ts_ns: When.
        severity: "info", "warning" or "critical".
        source: Which part speaks.
        message: The sentence.
        over: Whether what its source has warned of is over.
    """

    ts_ns: int
    severity: str
    source: str
    message: str
    over: bool = False
