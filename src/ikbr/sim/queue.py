"""The queue: how much stands ahead of an order that rests at a displayed price.

Source: price-time priority of the US equity exchanges (for example Nasdaq Equity 4, rule 4757):
what was displayed first at a price trades first. Hidden size and our own part of the displayed
size are unknown and left out.
"""

from __future__ import annotations

from ikbr.domain.tape import NO_PRICE

UNTRACKED = -1
"""No quote stood when the order came to rest: only a print through its price fills it."""
BEHIND = -2
"""Its price is worse than the touch: what stands ahead is not displayed yet."""


def begin(sign: int, limit: int, touch: int, displayed: int) -> int:
    """Say what stands ahead of an order that comes to rest.

    Args:
        sign: 1 for a buy, -1 for a sell.
        limit: Its price, in price units.
        touch: Best quote of its own side, in price units or NO_PRICE.
        displayed: Size displayed there.

    Returns:
        The size ahead, UNTRACKED or BEHIND.

    >>> begin(1, 100, 100, 700), begin(1, 101, 100, 700), begin(1, 99, 100, 700) == BEHIND
    (700, 0, True)
    """
    return UNTRACKED if touch == NO_PRICE else see(BEHIND, sign, limit, touch, displayed)


def see(ahead: int, sign: int, limit: int, touch: int, displayed: int) -> int:
    """Say what stands ahead after a quote: cancellations shrink it, arrivals queue behind.

    Args:
        ahead: What stood ahead before; BEHIND when it was unknown.
        sign: 1 for a buy, -1 for a sell.
        limit: The order's price, in price units.
        touch: Best quote of its own side, in price units or NO_PRICE.
        displayed: Size displayed there.

    >>> see(700, 1, 100, 100, 300), see(300, 1, 100, 100, 900), see(300, 1, 100, 99, 500)
    (300, 300, 0)
    >>> see(300, 1, 100, 101, 500), see(BEHIND, 1, 100, 100, 500), see(300, -1, 100, NO_PRICE, 0)
    (300, 500, 300)
    """
    if touch == limit:
        return displayed if ahead == BEHIND or displayed < ahead else ahead
    if touch != NO_PRICE and (limit - touch) * sign > 0:
        return 0
    return ahead
