"""What trading cost, and where it went."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

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

    A part whose reference is unknown (NaN) counts as 0.

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
    fees = spread = latency = slippage = 0.0
    for fill in fills:
        rate = fx.get(fill.symbol, 1.0)
        size = int(fill.side) * fill.quantity * multipliers.get(fill.symbol, 1) * rate
        fees += _known(fill.commission * rate)
        spread += _known((fill.decision_price - fill.decision_mid) * size)
        latency += _known((fill.arrival_price - fill.decision_price) * size)
        slippage += _known((fill.price - fill.arrival_price) * size)
    return Costs(fees, spread, latency, slippage, fees + spread + latency + slippage)


def _known(amount: float) -> float:
    return amount if math.isfinite(amount) else 0.0
