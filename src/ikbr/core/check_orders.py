"""Rules about one order: what it trades, how much, whether it can be valued."""

from __future__ import annotations

from ikbr.core.protection import gap_after
from ikbr.core.risk_case import SLACK_MICRO, Case
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO
from ikbr.domain.timers import NEVER


def test_restricted(case: Case) -> Refused | None:
    """Refuse what is on the deny list."""
    symbol = case.request.symbol
    if symbol not in case.limits.restricted:
        return None
    return case.refuse("restricted", 0.0, 1.0, "it is on the restricted list.", NEVER)


def test_universe(case: Case) -> Refused | None:
    """Refuse what is not in the allowed universe."""
    allowed = case.limits.allowed
    if case.request.symbol in allowed:
        return None
    reason = f"it is not among the {len(allowed)} symbols that may be traded."
    return case.refuse("universe", 0.0, 1.0, reason, NEVER)


def test_order_quantity(case: Case) -> Refused | None:
    """Refuse a single order that is too large."""
    limit, quantity = case.limits.max_order_quantity, case.request.quantity
    if quantity <= limit:
        return None
    reason = f"an order of {quantity:,} is above the largest allowed, {limit:,}."
    return case.refuse("order-quantity", limit, quantity, reason)


def test_protected(case: Case) -> Refused | None:
    """Refuse what would leave a position, or a part of it, without a stop at the broker."""
    slot = case.slots.find(case.strategy, case.request.symbol)
    gap = gap_after(slot, case.request, case.replaced)
    if gap is None:
        return None
    return case.refuse("protection", gap.needed, gap.covered, gap.words)


def test_price(case: Case) -> Refused | None:
    """Refuse entries that cannot be valued."""
    if case.unit_micro == case.unit_micro:
        return None
    if case.price == case.price:
        reason = f"no exchange rate of {case.book.currency} is known yet; wait for its first quote."
    else:
        reason = "there is no price to value the order at; wait for a quote or a print."
    return case.refuse("price", 0.0, 0.0, reason)


def test_order_notional(case: Case) -> Refused | None:
    """Refuse a single order that is worth too much."""
    limit = case.limits.max_order_notional * MICRO
    notional = case.request.quantity * case.unit_micro
    # A closing order must not hang on a missing price (NaN compares false).
    if not notional > limit + SLACK_MICRO:
        return None
    reason = f"an order of {case.money(notional)} is above the largest, {case.money(limit)}."
    return case.refuse("order-notional", limit / MICRO, notional / MICRO, reason)
