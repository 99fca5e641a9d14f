"""Refusals: what the exchange does not accept, with IB's codes and words.

Source: IBKR, "TWS API message codes" (104, 105, 110, 161, 200, 201, 202, 321, 388, 399, 434,
10147).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ikbr.domain.instrument import Instrument
from ikbr.domain.order import OrderRequest, OrderType
from ikbr.sim.book import SimOrder
from ikbr.sim.market import HIGHEST, LOWEST
from ikbr.sim.trailing import unset

NEEDS_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE})
NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
TAKES_LIMIT = NEEDS_LIMIT | {OrderType.MIDPRICE}
TAKES_IMMEDIATE = frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.MIDPRICE})


class Refusal(NamedTuple):
    """Say no, as IB does.

    Attributes:
        code: IB's code.
        message: IB's words, or similar ones.
    """

    code: int
    message: str


OFF_GRID = Refusal(110, "The price does not conform to the minimum price variation.")
UNKNOWN_CONTRACT = Refusal(200, "No security definition has been found for the request.")
ZERO_SIZE = Refusal(434, "The order size cannot be zero.")
NO_SUCH_ORDER = Refusal(10147, "OrderId that needs to be cancelled is not found.")
NOT_CANCELLABLE = Refusal(161, "Cancel attempted when order is not in a cancellable state.")
NOT_MODIFIABLE = Refusal(104, "Cannot modify a filled order.")
NOT_MATCHING = Refusal(105, "Order being modified does not match original order.")
AFTER_HOURS = "Order held: it will not be placed at the exchange until regular trading opens."


def price(instrument: Instrument, value: float | None, name: str) -> int | Refusal:
    """Turn an order price into price units.

    Args:
        instrument: Whose grid it must lie on.
        value: The price.
        name: What it is called in the message.

    >>> price(Instrument(symbol="SPY"), 167.41, "limit price")
    1674100
    >>> price(Instrument(symbol="SPY"), 167.415, "limit price").code
    110
    """
    if value is None or not math.isfinite(value):
        return Refusal(321, f"Error validating request: the {name} is missing or no number.")
    units = instrument.to_units(value)
    # A hundredth of a unit is far above the noise of a float and far below any grid.
    if abs(value * instrument.price_scale - units) > 0.01 or instrument.on_grid(units) != units:
        return OFF_GRID
    return units


def prepare(so: SimOrder, request: OrderRequest) -> Refusal | None:
    """Check a request and read its prices into the order.

    Args:
        so: The order; its sign must be set.
        request: What is asked for.

    Returns:
        Why it is refused; None when it is fine.
    """
    kind = request.order_type
    instrument = so.order.instrument
    so.limit = HIGHEST if so.sign > 0 else LOWEST
    if request.tif in {"IOC", "FOK"} and kind not in TAKES_IMMEDIATE:
        return Refusal(
            201, f"Order rejected - reason: time in force {request.tif} is invalid for {kind}."
        )
    if kind in NEEDS_LIMIT or (kind in TAKES_LIMIT and request.limit_price is not None):
        units = price(instrument, request.limit_price, "limit price")
        if isinstance(units, Refusal):
            return units
        so.limit = units
    if kind in NEEDS_STOP or (kind == OrderType.TRAIL and request.stop_price is not None):
        units = price(instrument, request.stop_price, "stop price")
        if isinstance(units, Refusal):
            return units
        so.stop = units
    elif kind == OrderType.TRAIL:
        so.stop = unset(so.sign)
    return _prepare_trail(so, request) if kind == OrderType.TRAIL else None


def _prepare_trail(so: SimOrder, request: OrderRequest) -> Refusal | None:
    amount, percent = request.trail_amount, request.trail_percent
    so.trail, so.trail_percent = 0, 0.0
    if amount is not None and 0 < amount < math.inf:
        so.trail = max(1, so.order.instrument.to_units(amount))
    elif percent is not None and 0 < percent < 100:
        so.trail_percent = percent
    else:
        return Refusal(321, "Error validating request: a TRAIL needs an amount or a percentage.")
    return None
