"""Usage: how far the limits of an account are used up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ikbr.core.risk_manager import RiskManager
from ikbr.core.risk_worth import unit_micro
from ikbr.domain.instrument import MICRO
from ikbr.domain.limits import sector_of
from ikbr.domain.portfolio import Portfolio


class Usage(NamedTuple):
    """Say how much of a limit is used.

    Attributes:
        used: In the limit's unit.
        by: Which symbol, sector or strategy uses the most; "" for the account.
    """

    used: float
    by: str = ""


def risk_usage(risk: RiskManager, portfolio: Portfolio) -> dict[str, Usage]:
    """Work out how much of each limit is used, every open order taken as filled.

    Args:
        risk: Knows the open orders, what was sent in this session, and the high-water mark.
        portfolio: The account's books.

    Returns:
        By the name of the limit; limits of a single order have no usage, nor has what is not known.
    """
    equity = portfolio.equity_micro()
    symbols = {**risk.ledger.books, **portfolio.positions}
    worst = {symbol: _worst_micro(risk, portfolio, symbol) for symbol in symbols}
    usage = {
        "max_position_notional": _largest(worst),
        "max_orders_per_day": Usage(risk.ledger.sent_today),
        "max_quantity_per_day": Usage(risk.traffic.quantity_today),
        "max_notional_per_day": Usage(risk.traffic.notional_today_micro / MICRO),
        "max_runs": _most(risk.traffic.runs),
    }
    if equity > 0:
        usage |= _shares(risk, portfolio, worst, equity)
    if risk.halts.peak_micro > 0:
        usage["max_drawdown_pct"] = Usage(max(0.0, 1 - equity / risk.halts.peak_micro))
    if risk.halts.day_start_micro > 0:
        usage["max_daily_loss_pct"] = Usage(max(0.0, 1 - equity / risk.halts.day_start_micro))
    return usage


def _shares(
    risk: RiskManager, portfolio: Portfolio, worst: Mapping[str, float], equity: int
) -> dict[str, Usage]:
    sectors: dict[str, float] = {}
    for symbol, sector in sector_of(risk.limits.sectors).items():
        sectors[sector] = sectors.get(sector, 0.0) + worst.get(symbol, 0.0)
    largest, fullest = _largest(worst), _largest(sectors)
    unit = equity / MICRO
    return {
        "max_position_pct": Usage(largest.used / unit, largest.by),
        "max_gross_pct": Usage(sum(worst.values()) / equity),
        "max_net_pct": Usage(_net_micro(risk, portfolio) / equity),
        "max_sector_pct": Usage(fullest.used / unit, fullest.by),
    }


def _net_micro(risk: RiskManager, portfolio: Portfolio) -> float:
    long = short = 0.0
    for symbol in {*risk.ledger.books, *portfolio.positions}:
        held, book = portfolio.quantity(symbol), risk.ledger.book(symbol)
        highest, lowest = book.highest(held), book.lowest(held)
        if highest or lowest:
            worth = unit_micro(portfolio, risk.ledger, symbol)
            long += highest * worth
            short += lowest * worth
    return max(long, -short, 0.0)


def _worst_micro(risk: RiskManager, portfolio: Portfolio, symbol: str) -> float:
    worst = risk.ledger.book(symbol).worst(portfolio.quantity(symbol))
    return worst * unit_micro(portfolio, risk.ledger, symbol) if worst else 0.0


def _largest(amounts_micro: Mapping[str, float]) -> Usage:
    by = max(amounts_micro, key=lambda name: amounts_micro[name], default="")
    return Usage(amounts_micro[by] / MICRO, by) if by and amounts_micro[by] else Usage(0.0)


def _most(counts: Mapping[str, int]) -> Usage:
    by = max(counts, key=lambda name: counts[name], default="")
    return Usage(counts[by], by) if by else Usage(0)
