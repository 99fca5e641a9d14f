"""Fees of one parameter set, compiled: `sim.fees` for stock, with the same tables as arrays."""

# Rows have no static type: their fields are declared in `layout`.
# mypy: disable-error-code=no-any-return

from __future__ import annotations

from typing import Any

from ikbr.backtest.grid.compiled import compiled
from ikbr.backtest.grid.layout import FIXED_PLAN, FREE, LEFT_FEES

_BILLION = 1_000_000_000


@compiled
def enter_day(own: Any, terms: Any, ts: int) -> None:
    """Turn to the fees of a day; what a month has run up ends with it."""
    if terms.fees == FREE:
        return
    day = own.fee_day
    if day >= 0 and ts < terms.day_until[day]:
        return
    month = terms.day_month[day] if day >= 0 else -1
    day = max(day, 0)
    while ts >= terms.day_until[day]:
        day += 1
    own.fee_day = day
    if not terms.day_known[day]:
        own.left = LEFT_FEES
    if terms.day_month[day] != month:
        own.month_shares = 0


@compiled
def fees_of(own: Any, terms: Any, side: int, quantity: int, value: int) -> int:
    """Work out the fees of an order that is filled at once, millionths.

    Args:
        own: Of the set; says the day and the shares of the month.
        terms: Tables.
        side: 1 or -1.
        quantity: Shares.
        value: What they cost, millionths.

    Source: `sim.fees.FeeSchedule`.
    """
    if terms.fees == FREE or own.fee_day < 0:
        return 0
    most = (value + 50) // 100
    if terms.fees == FIXED_PLAN:
        total = min(most, max(terms.fixed_least, quantity * terms.fixed))
    else:
        raw = _tiered(terms, own.month_shares, quantity)
        commission = min(most, max(terms.tiered_least, raw))
        micro = terms.rate
        total = commission + quantity * (terms.clearing + terms.taking)
        total += (commission * terms.pass_on_first + micro // 2) // micro
        total += (commission * terms.pass_on_second + micro // 2) // micro
    day = own.fee_day
    total += quantity * terms.day_cat[day]
    if side < 0:
        total += min(quantity * terms.day_taf[day], terms.day_taf_cap[day])
        total += (value * terms.day_sec[day] + _BILLION // 2) // _BILLION
    return total


@compiled
def _tiered(terms: Any, before: int, quantity: int) -> int:
    """Add up the tiered commission, each share at the rate of its place in the month."""
    total = 0
    at, left = before, quantity
    for n in range(len(terms.tier_until)):
        limit = terms.tier_until[n]
        if at < limit:
            part = min(left, limit - at)
            total += part * terms.tier_rate[n]
            at += part
            left -= part
    return total + left * terms.last_tier
