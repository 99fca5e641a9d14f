"""Sizing: from a signal's strength to a quantity, at the price that the risk checks use."""

from __future__ import annotations

from ikbr.domain.instrument import MICRO
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderRequest, Side
from ikbr.domain.ticker import Ticker


def touch_price(side: Side, ticker: Ticker) -> float:
    """Give the price at which a market order would trade now.

    Args:
        side: Which way.
        ticker: The market.

    Returns:
        Ask for a buy, bid for a sale; without that side the mark price; NaN without any.
    """
    price = ticker.ask if side > 0 else ticker.bid
    return price if price == price else ticker.market_price()


def order_price(request: OrderRequest, ticker: Ticker) -> float:
    """Give the price at which an order is valued by the risk checks.

    A buy is worth at most its limit (or the trigger of its stop, where that is above the
    touch). A sale fills at its limit or better, so it is worth at least the touch.

    Returns:
        A price; NaN when nothing is known.
    """
    touch = ticker.ask if request.side > 0 else ticker.bid
    if touch != touch:
        touch = ticker.market_price()
    limit = request.limit_price
    if limit is not None:
        return limit if request.side > 0 or not touch > limit else touch
    stop = request.stop_price
    return touch if stop is None or touch >= stop else stop


def position_size(
    limits: RiskLimits,
    equity_micro: int,
    unit_micro: float,
    *,
    share: float = 1.0,
    strength: float = 1.0,
    lot: int = 1,
) -> int:
    """Turn limits into the largest quantity that one position may have.

    Args:
        limits: `max_position_pct` (switched off: the whole equity) and `max_position_notional`.
        equity_micro: Equity of the account, millionths of the base currency.
        unit_micro: Value of a quantity of 1, millionths of the base currency; NaN if unknown.
        share: Part of the equity that the strategy may use.
        strength: Part of the full size that the signal wants, at most 1.
        lot: Smallest quantity.

    Returns:
        A multiple of `lot`, 0 or more; 0 when the price is unknown.

    >>> position_size(RiskLimits(max_position_pct=0.3), 250_000_000_000, 167_410_000)
    448
    >>> position_size(RiskLimits(max_position_notional=5000), 250_000_000_000, 167_410_000)
    29
    """
    if not unit_micro > 0:
        return 0
    cap = (limits.max_position_pct or 1.0) * equity_micro * share
    notional = limits.max_position_notional
    if notional:
        cap = min(cap, notional * MICRO)
    size = int(cap * min(strength, 1.0) / unit_micro)
    return max(size // lot * lot, 0)
