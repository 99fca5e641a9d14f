"""Trailing stops: a trigger that follows the price at a distance, never back."""

from __future__ import annotations

import math

from ikbr.sim.book import SimOrder
from ikbr.sim.market import HIGHEST, LOWEST


def follow(so: SimOrder, reference: int) -> None:
    """Move a trailing stop after a price, only in its owner's favour.

    The trigger is rounded to the order price grid away from the market, so that it comes
    later rather than earlier.

    Source: IBKR, "Trailing Stop Orders": the stop moves by the trailing amount as the price
    moves favourably and stays where it is as the price moves back.

    Args:
        so: The order.
        reference: The price it follows, in price units.
    """
    grid = so.order.instrument.on_grid
    distance = so.trail or math.ceil(abs(reference) * so.trail_percent / 100)
    if so.sign > 0:
        so.stop = min(so.stop, grid(reference + distance, "up"))
    else:
        so.stop = max(so.stop, grid(reference - distance, "down"))


def unset(sign: int) -> int:
    """Give a trigger that no price reaches, for a trail that has seen no price yet."""
    return HIGHEST if sign > 0 else LOWEST
