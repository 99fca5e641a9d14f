"""What trading cost by the way orders were worked, in parts of what was traded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ikbr.domain.order import Fill, OrderRequest

BPS = 1e4


class AlgorithmCosts(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one way of working orders cost; 1/10,000 of the notional, positive costs.

    Attributes:
        algorithm: The algorithm, or the order type where there is none.
        fills: How many.
        notional: What they moved, in the account's currency.
        arrival_bps: From the mid at the decision to the fills: the sum of the next three.
        spread_bps: From the mid to the touch, when decided.
        delay_bps: What the touch moved until the orders arrived.
        impact_bps: From the touch on arrival to the fills; below 0 where the spread was earned.
        fees_bps: Commissions and regulatory fees.
        total_bps: Arrival slippage and fees.
    """

    algorithm: str
    fills: int
    notional: float
    arrival_bps: float | None
    spread_bps: float | None
    delay_bps: float | None
    impact_bps: float | None
    fees_bps: float
    total_bps: float | None


def algorithm_of(request: OrderRequest) -> str:
    """Name the way an order is worked.

    >>> from ikbr.domain.order import Side
    >>> algorithm_of(OrderRequest("SPY", Side.BUY, 1)), algorithm_of(
    ...     OrderRequest("SPY", Side.BUY, 1, algo="adaptive-normal"))
    ('MKT', 'adaptive-normal')
    """
    return request.algo or str(request.order_type)


def by_algorithm(
    fills: Iterable[Fill],
    algorithms: Mapping[int, str],
    multipliers: Mapping[str, float],
    fx: Mapping[str, float],
) -> tuple[AlgorithmCosts, ...]:
    """Split the costs of fills by the way their orders were worked.

    Fills whose decision had no quote count in fees and notional only. Where the touch on arrival
    is unknown, as live, the touch at the decision stands for it, so that the delay is part of the
    impact.

    Args:
        fills: Any fills.
        algorithms: By order id.
        multipliers: Units of the underlying per contract by symbol; 1 where missing.
        fx: Account currency per unit of the symbol's currency; 1 where missing.

    Returns:
        One row per way, the largest notional first.

    Source: implementation shortfall, A. F. Perold, Journal of Portfolio Management 14 (1988);
    its parts as in `costs.costs_of`.
    """
    groups: dict[str, list[Fill]] = {}
    for fill in fills:
        groups.setdefault(algorithms.get(fill.order_id, "unknown"), []).append(fill)
    rows = [_row(name, group, multipliers, fx) for name, group in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row.notional, row.algorithm)))


def _row(
    name: str, fills: Sequence[Fill], multipliers: Mapping[str, float], fx: Mapping[str, float]
) -> AlgorithmCosts:
    notional = fees = known = spread = delay = impact = 0.0
    for fill in fills:
        rate = fx.get(fill.symbol, 1.0)
        size = fill.quantity * multipliers.get(fill.symbol, 1) * rate
        notional += abs(size * fill.price)
        fees += fill.commission * rate
        mid, touch = fill.decision_mid, fill.decision_price
        if not (math.isfinite(mid) and math.isfinite(touch)):
            continue
        arrival = fill.arrival_price if math.isfinite(fill.arrival_price) else touch
        known += abs(size * mid)
        spread += fill.side * (touch - mid) * size
        delay += fill.side * (arrival - touch) * size
        impact += fill.side * (fill.price - arrival) * size
    fees_bps = _bps(fees, notional) or 0.0
    slippage = _bps(spread + delay + impact, known)
    return AlgorithmCosts(
        algorithm=name,
        fills=len(fills),
        notional=notional,
        arrival_bps=slippage,
        spread_bps=_bps(spread, known),
        delay_bps=_bps(delay, known),
        impact_bps=_bps(impact, known),
        fees_bps=fees_bps,
        total_bps=None if slippage is None else slippage + fees_bps,
    )


def _bps(amount: float, whole: float) -> float | None:
    return amount / whole * BPS if whole else None
