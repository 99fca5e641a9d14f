"""Rules about how much may be sent in a time; what was sent is counted at the last hop."""

from __future__ import annotations

from ikbr.core.risk_case import SLACK_MICRO, Case
from ikbr.core.traffic import order_key
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO
from ikbr.domain.timers import NEVER


def test_orders_per_day(case: Case) -> Refused | None:
    """Refuse more orders in a session than allowed."""
    limit, actual = case.limits.max_orders_per_day, case.ledger.sent_today + _orders_of(case)
    if case.modifies or actual <= limit:
        return None
    reason = f"{actual:,} orders would be sent in this session; {limit:,} are allowed."
    return case.refuse("orders-per-day", limit, actual, reason)


def test_message_rate(case: Case) -> Refused | None:
    """Refuse orders and changes beyond the messages of a second."""
    limit, messages = case.limits.max_messages_per_s, case.traffic.messages
    actual = messages.total(case.now_ns) + (1 if case.modifies else _orders_of(case))
    if actual <= limit:
        return None
    reason = f"{actual:,} messages would be sent in a second; {limit:,} are allowed."
    return case.refuse("message-rate", limit, actual, reason, messages.free_ns)


def test_order_rate(case: Case) -> Refused | None:
    """Refuse more orders in a minute than allowed."""
    limit, orders = case.limits.max_orders_per_minute, case.traffic.orders
    actual = orders.total(case.now_ns) + _orders_of(case)
    if case.modifies or actual <= limit:
        return None
    reason = f"{actual:,} orders would be sent in a minute; {limit:,} are allowed."
    return case.refuse("order-rate", limit, actual, reason, orders.free_ns)


def test_quantity_rate(case: Case) -> Refused | None:
    """Refuse more units in a minute, or in a session, than allowed."""
    limits, traffic, more = case.limits, case.traffic, _quantity_of(case)
    in_minute = traffic.quantity.total(case.now_ns) + more
    if 0 < limits.max_quantity_per_minute < in_minute:
        limit = limits.max_quantity_per_minute
        reason = f"{in_minute:,} units would be ordered in a minute; {limit:,} are allowed."
        return case.refuse("quantity-rate", limit, in_minute, reason, traffic.quantity.free_ns)
    in_day = traffic.quantity_today + more
    if 0 < limits.max_quantity_per_day < in_day:
        limit = limits.max_quantity_per_day
        reason = f"{in_day:,} units would be ordered in this session; {limit:,} are allowed."
        return case.refuse("quantity-rate", limit, in_day, reason, NEVER)
    return None


def test_notional_rate(case: Case) -> Refused | None:
    """Refuse orders worth more in a minute, or in a session, than allowed."""
    limits, traffic = case.limits, case.traffic
    # A closing order must not hang on a missing price (NaN compares false).
    more = _quantity_of(case) * case.unit_micro
    for limit, actual, words, retry_ns in (
        (limits.max_notional_per_minute, traffic.notional.total(case.now_ns) + more, "a minute",
         traffic.notional.free_ns),
        (limits.max_notional_per_day, traffic.notional_today_micro + more, "this session", NEVER),
    ):  # fmt: skip
        if limit and actual > limit * MICRO + SLACK_MICRO:
            reason = (
                f"{case.money(actual)} would be ordered in {words}; {case.money(limit * MICRO)} "
                f"are allowed."
            )
            return case.refuse("notional-rate", limit, actual / MICRO, reason, retry_ns)
    return None


def test_runs(case: Case) -> Refused | None:
    """Refuse entries of a strategy that has ordered too often, until a person enables it."""
    limit, runs = case.limits.max_runs, case.traffic.runs.get(case.strategy, 0)
    if case.modifies or runs < limit:
        return None
    reason = (
        f"{case.strategy} has sent {runs:,} orders; after {limit:,} a person must enable it again."
    )
    return case.refuse("runs", limit, runs + 1, reason, NEVER)


def test_duplicate(case: Case) -> Refused | None:
    """Refuse the same order of the same strategy again too soon."""
    if case.modifies:
        return None
    last_ns = case.traffic.latest.get(order_key(case.request, case.strategy))
    seconds = case.limits.duplicate_s
    if last_ns is None or case.now_ns >= last_ns + round(seconds * 1e9):
        return None
    actual = (case.now_ns - last_ns) / 1e9
    reason = f"the same order was sent {actual:g} s ago; {seconds:g} s must lie between."
    return case.refuse("duplicate", seconds, actual, reason, last_ns + round(seconds * 1e9))


def test_interval(case: Case) -> Refused | None:
    """Refuse an entry too soon after the strategy's previous one in the symbol."""
    last = case.book.entered.get(case.strategy)
    if last is None or case.modifies:
        return None
    seconds = case.limits.min_order_interval_s
    due_ns = last + round(seconds * 1e9)
    if case.now_ns >= due_ns:
        return None
    actual = (case.now_ns - last) / 1e9
    reason = f"{case.strategy} entered {actual:g} s ago; {seconds:g} s must lie between entries."
    return case.refuse("interval", seconds, actual, reason, due_ns)


def _orders_of(case: Case) -> int:
    """Count the orders of a request: itself and its attached exits."""
    request = case.request
    return 1 + (request.take_profit is not None) + (request.stop_loss is not None)


def _quantity_of(case: Case) -> int:
    """Count the units that a request may trade, its exits once, of a change only what is new."""
    request, replaced = case.request, case.replaced
    if replaced is not None:
        return max(0, request.quantity - replaced.request.quantity)
    exits = request.take_profit is not None or request.stop_loss is not None
    return request.quantity + (request.protects or request.quantity if exits else 0)
