"""The mark: the price at which a position is valued."""

from __future__ import annotations

from ikbr.domain.tape import NO_PRICE


def mark_units(bid: int, ask: int, last: int) -> int:
    """Value by the last price, held between bid and ask; without a last price by the mid.

    Args:
        bid: Price units, or NO_PRICE.
        ask: The same.
        last: The same.

    Returns:
        The mark in price units; NO_PRICE when nothing is known.

    Source: IBKR, "Mark Price": the last price, unless ask < last (then ask) or bid > last
    (then bid).

    >>> mark_units(99, 101, 100), mark_units(99, 101, 105), mark_units(99, 101, 90)
    (100, 101, 99)
    >>> mark_units(99, 102, NO_PRICE), mark_units(NO_PRICE, NO_PRICE, 7)
    (100, 7)
    """
    if last == NO_PRICE:
        if bid == NO_PRICE:
            return ask
        return bid if ask == NO_PRICE else (bid + ask) // 2
    if ask != NO_PRICE and ask < last:
        return ask
    return max(bid, last)
