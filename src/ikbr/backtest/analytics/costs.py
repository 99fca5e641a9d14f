"""What trading cost, and where it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

from ikbr.backtest.analytics.defined import Floats
from ikbr.domain.order import Fill


class Costs(msgspec.Struct, frozen=True):
    """Split the cost of fills; positive numbers cost, in the account's currency.

    Attributes:
        fees: Commissions and regulatory fees.
        spread: From the mid to the touch, when the orders were decided.
        latency: What the touch moved until the orders arrived.
        slippage: From the touch on arrival to the price of the fill.
        total: All of them.
    """

    fees: float = 0.0
    spread: float = 0.0
    latency: float = 0.0
    slippage: float = 0.0
    total: float = 0.0


def costs_of(
    fills: Iterable[Fill], multipliers: Mapping[str, float], fx: Mapping[str, float]
) -> Costs:
    """Split the costs of fills into fees, spread, latency and slippage.

    A part whose reference is unknown (NaN) counts as 0. Where the touch on arrival is unknown, as
    live, the touch at the decision stands for it, so that the latency is part of the slippage.

    Args:
        fills: Any fills.
        multipliers: Units of the underlying per contract by symbol; 1 where missing.
        fx: Account currency per unit of the symbol's currency; 1 where missing.

    Returns:
        The parts and their sum.

    Source: implementation shortfall, A. F. Perold, Journal of Portfolio Management 14 (1988):
    `side × (touch - mid)`, `side × (arrival - touch)`, `side × (price - arrival)`, each ×
    quantity × multiplier.
    """
    given = list(fills)
    rate = np.array([fx.get(fill.symbol, 1.0) for fill in given])
    size = rate * [fill.side * fill.quantity * multipliers.get(fill.symbol, 1) for fill in given]
    mid = np.array([fill.decision_mid for fill in given])
    touch = np.array([fill.decision_price for fill in given])
    arrival = np.array([fill.arrival_price for fill in given])
    arrival = np.where(np.isfinite(arrival), arrival, touch)
    price = np.array([fill.price for fill in given])
    fees = _sum(rate * [fill.commission for fill in given])
    spread, latency = _sum((touch - mid) * size), _sum((arrival - touch) * size)
    slippage = _sum((price - arrival) * size)
    return Costs(fees, spread, latency, slippage, fees + spread + latency + slippage)


def _sum(amounts: Floats) -> float:
    return float(np.sum(amounts[np.isfinite(amounts)]))
