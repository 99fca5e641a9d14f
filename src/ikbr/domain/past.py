"""The past: rows of bars, prints and quotes as a broker tells them, and days as they are kept."""

from __future__ import annotations

from typing import NamedTuple

from ikbr.domain.tape import Tape

Span = tuple[float, float, float, float]
"""Open, high, low, close."""


class BarRow(NamedTuple):
    """Hold one bar.

    Attributes:
        start_ns: Where it begins, ns UTC; of a daily bar midnight UTC of its date.
        prices: Open, high, low, close.
        volume: What was traded; 0 for bars of quotes.
    """

    start_ns: int
    prices: Span
    volume: float


class PrintRow(NamedTuple):
    """Hold one print: time (ns UTC, whole seconds), price, size, and whether it is doubtful."""

    ts_ns: int
    price: float
    size: float
    doubtful: bool


class QuoteRow(NamedTuple):
    """Hold one quote: time (ns UTC, whole seconds), both prices, both sizes."""

    ts_ns: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float


class PastDay(NamedTuple):
    """Hold the ticks of a day of one instrument.

    Attributes:
        open_ns: When its regular hours begin, ns UTC; 0 when the calendar knows none.
        tape: What happened.
    """

    open_ns: int
    tape: Tape
