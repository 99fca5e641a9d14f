"""Slippage: what taking liquidity costs beyond the price it is taken at.

Every model moves the price against the taker by whole steps of the order price grid, rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import Instrument

Slip = Callable[[Instrument, int, int, int, int], int]
"""Moves a price: (instrument, sign of the side, price units, quantity, size) -> price units."""


def make_slippage(model: ExecutionModel) -> Slip | None:
    """Make the slippage function of an execution model.

    Args:
        model: Names the model and its parameter.

    Returns:
        None when there is no slippage, so that the fast path tests one name.
    """
    value = model.slippage_value
    if model.slippage == "none" or not value:
        return None
    if model.slippage == "ticks":
        return _ticks(value)
    return _bps(value) if model.slippage == "bps" else _volume_share(value)


def worsen(instrument: Instrument, sign: int, price: int, distance: float) -> int:
    """Move a price against the taker.

    Args:
        instrument: Whose grid.
        sign: 1 for a buyer, -1 for a seller.
        price: Price units.
        distance: How far at least, in price units.

    Returns:
        The price moved by whole steps; one that was positive stays at least one step.

    >>> spy = Instrument(symbol="SPY")
    >>> worsen(spy, 1, 1674100, 1.0), worsen(spy, -1, 1674100, 100.0)
    (1674200, 1674000)
    """
    step = instrument.increment(price)
    moved = price + sign * math.ceil(distance / step) * step
    return max(moved, step) if price > 0 else moved


def _ticks(count: float) -> Slip:
    def slip(instrument: Instrument, sign: int, price: int, _quantity: int, _size: int) -> int:
        return worsen(instrument, sign, price, math.ceil(count) * instrument.increment(price))

    return slip


def _bps(bps: float) -> Slip:
    def slip(instrument: Instrument, sign: int, price: int, _quantity: int, _size: int) -> int:
        return worsen(instrument, sign, price, abs(price) * bps / 10_000)

    return slip


def _volume_share(impact: float) -> Slip:
    """Charge `impact × share²` of the price; an unknown size counts as taken whole.

    Source: the quadratic volume-share model that open backtesters made common; the share
    is held at 1, as a price that doubles says nothing.
    """

    def slip(instrument: Instrument, sign: int, price: int, quantity: int, size: int) -> int:
        share = min(1.0, quantity / size) if size > 0 else 1.0
        return worsen(instrument, sign, price, abs(price) * impact * share * share)

    return slip
