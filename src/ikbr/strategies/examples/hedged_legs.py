"""Hedged legs: how many of each of two symbols to hold against each other."""

from __future__ import annotations

from collections.abc import Sequence

from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker


def hedged(
    legs: Sequence[Ticker],
    prices: Sequence[float],
    beta: float,
    z: float,
    value: float,
) -> list[Signal] | None:
    """Enter two legs, sized so that β of the second hedges one of the first.

    Args:
        legs: What is explained, and what explains it.
        prices: Of both.
        beta: The hedge ratio of the prices.
        z: How wide the spread is; above 0 it is sold.
        value: Of both legs together.

    Returns:
        Signals that are taken together; None where one leg would be nothing.
    """
    first, second = (leg.instrument for leg in legs)
    y, x = prices
    ratio = beta * first.multiplier / second.multiplier
    many = int(value / (y * first.multiplier + ratio * (x * second.multiplier)))
    hedge = round(many * ratio)
    if many < 1 or hedge < 1:
        return None
    way = -1 if z > 0 else 1
    reason = f"spread z {z:+.2f}, hedge ratio {beta:.3f}"
    return [
        Signal("BUY" if n > 0 else "SELL", leg.symbol, price, 1.0, reason, target=n, group="pair")
        for leg, price, n in ((first, y, way * many), (second, x, -way * hedge))
    ]
