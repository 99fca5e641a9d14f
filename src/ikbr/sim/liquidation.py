"""Forced liquidation: which positions a broker shrinks when margin runs out."""

from __future__ import annotations

from ikbr.domain.order import OrderRequest, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.sim.margin import MarginBook

REASON = "margin liquidation"


def liquidation_orders(portfolio: Portfolio, margin: MarginBook) -> list[OrderRequest]:
    """Choose the market orders that restore a negative excess at the marks.

    Closing at the mark leaves the equity as it is and sets the margin of what was closed free; the
    position that sets most free comes first, and only as much of it as is needed.

    Args:
        portfolio: What is held.
        margin: What it requires.

    Returns:
        Orders that only reduce; none when there is no deficit or nothing would help.

    Source: IBKR, "Margin": positions are liquidated until the maintenance margin is met; their
    order is IBKR's own, largest relief first being ikbr's choice.
    """
    equity = portfolio.equity_micro()
    quantities = {s: p.quantity for s, p in portfolio.positions.items() if p.quantity}
    orders: list[OrderRequest] = []
    required = margin.maintenance_micro(quantities)
    while quantities and required > equity:
        best, relief = "", 0
        for symbol in quantities:
            freed = required - margin.maintenance_micro({**quantities, symbol: 0})
            if freed > relief:
                best, relief = symbol, freed
        if not best:
            # Shares that cover short calls free nothing before the calls are closed.
            best = next((s for s, q in quantities.items() if q < 0), "")
        if not best:
            break
        held = quantities.pop(best)
        size = _least(portfolio, margin, quantities, best, held, required - equity, relief)
        orders.append(
            OrderRequest(
                best,
                Side.SELL if held > 0 else Side.BUY,
                size,
                reason=REASON,
                reduce_only=True,
            )
        )
        if size < abs(held):
            break
        required = margin.maintenance_micro(quantities)
    return orders


def _least(
    portfolio: Portfolio,
    margin: MarginBook,
    others: dict[str, int],
    symbol: str,
    held: int,
    deficit: int,
    relief: int,
) -> int:
    """Find how much of a position to close: no more than is needed, no more than there is."""
    size = abs(held)
    if relief <= deficit:
        return size
    lot = portfolio.positions[symbol].instrument.lot
    sign = 1 if held > 0 else -1
    equity = portfolio.equity_micro()
    close = -(-size * deficit // relief)
    step = lot
    while True:
        close = min(-(-close // lot) * lot, size)
        left = {**others, symbol: sign * (size - close)}
        if close == size or margin.maintenance_micro(left) <= equity:
            return close
        # Rounding and uncovered calls may ask for more; few steps do.
        close += step
        step *= 2
