"""The past as a broker tells it: rows of bars, prints and quotes, before they are kept."""

from __future__ import annotations

from typing import NamedTuple

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
