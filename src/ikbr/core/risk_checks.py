"""The table of risk rules: one small function each, in the order in which they are asked.

A new control is a function and a row. What a rule may look at is a `Case`: the request, the
market, the open orders (`ledger`, `book`), the portfolio, the halts and the return history.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ikbr.core.risk_case import Case
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO
from ikbr.domain.ticker import Freshness
from ikbr.domain.timers import NEVER

_SLACK_MICRO = 1.0
"""A millionth of the base currency: no order is refused for the rounding of a float."""

ASKED, PRICED, VALUED = range(3)
"""Stages of a case, by cost: the request alone; its price too; the account's equity too."""

SEVERAL = "correlated symbols"
"""Scope of a rule that cannot be broken with a single symbol."""

Test = Callable[[Case], Refused | None]


class Rule(NamedTuple):
    """Describe one control.

    Attributes:
        name: As refusals call it.
        limits: The fields of `RiskLimits` that set it; without any of them set it is not asked
            (empty: always asked).
        unit: Of the limit.
        scope: What it is counted over.
        stage: How much must have been worked out before it can be asked.
        binds_reducing: Whether it also binds orders that can only shrink a position.
        test: Gives the refusal, or None.
    """

    name: str
    limits: tuple[str, ...]
    unit: str
    scope: str
    stage: int
    binds_reducing: bool
    test: Test


def test_restricted(case: Case) -> Refused | None:
    """Refuse what is on the deny list."""
    symbol = case.request.symbol
    if symbol not in case.limits.restricted:
        return None
    return case.refuse("restricted", 0.0, 1.0, "it is on the restricted list.", NEVER)


def test_order_quantity(case: Case) -> Refused | None:
    """Refuse a single order that is too large."""
    limit, quantity = case.limits.max_order_quantity, case.request.quantity
    if quantity <= limit:
        return None
    reason = f"an order of {quantity:,} is above the largest allowed, {limit:,}."
    return case.refuse("order-quantity", limit, quantity, reason)


def test_orders_per_day(case: Case) -> Refused | None:
    """Refuse more orders in a session than allowed."""
    limit, sent = case.limits.max_orders_per_day, case.ledger.sent_today
    if case.modifies or sent < limit:
        return None
    reason = f"{sent:,} orders were sent in this session; {limit:,} are allowed."
    return case.refuse("orders-per-day", limit, sent + 1, reason)


def test_halt(case: Case) -> Refused | None:
    """Refuse entries while a halt is latched (by hand, drawdown, loss of the day)."""
    return case.halts.current


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


def test_stale(case: Case) -> Refused | None:
    """Refuse entries on data that cannot be trusted."""
    limits, ticker = case.limits, case.ticker
    freshness = ticker.freshness(case.now_ns, round(limits.stale_after_s * 1e9))
    if freshness not in _UNTRUSTED:
        return None
    age = (case.now_ns - ticker.ts_ns) / 1e9
    reason = f"market data is {freshness}, {age:,.3f} s old; entries need fresh data."
    return case.refuse("stale", limits.stale_after_s, age, reason)


_UNTRUSTED = frozenset(
    (Freshness.STALE, Freshness.CROSSED, Freshness.HALTED, Freshness.EMPTY),
)


def test_price(case: Case) -> Refused | None:
    """Refuse entries that cannot be valued."""
    if case.unit_micro == case.unit_micro:
        return None
    if case.price == case.price:
        reason = f"no exchange rate of {case.book.currency} is known yet; wait for its first quote."
    else:
        reason = "there is no price to value the order at; wait for a quote or a print."
    return case.refuse("price", 0.0, 0.0, reason)


def test_collar(case: Case) -> Refused | None:
    """Refuse a limit price too far from the market; without a market too."""
    limit = case.request.limit_price
    if limit is None:
        return None
    share, mark = case.limits.collar_pct, case.ticker.market_price()
    if mark != mark:
        reason = "the limit price has no market to be compared with."
        return case.refuse("collar", share, float("inf"), reason)
    distance = abs(limit - mark)
    if distance <= share * abs(mark):
        return None
    actual = distance / abs(mark) if mark else float("inf")
    reason = f"limit {limit:g} is {actual:.2%} from the market {mark:g}; {share:.2%} is allowed."
    return case.refuse("collar", share, actual, reason)


def test_order_notional(case: Case) -> Refused | None:
    """Refuse a single order that is worth too much."""
    limit = case.limits.max_order_notional * MICRO
    notional = case.request.quantity * case.unit_micro
    # A closing order must not hang on a missing price (NaN compares false).
    if not notional > limit + _SLACK_MICRO:
        return None
    reason = f"an order of {case.money(notional)} is above the largest, {case.money(limit)}."
    return case.refuse("order-notional", limit / MICRO, notional / MICRO, reason)


def test_drawdown(case: Case) -> Refused | None:
    """Refuse an entry at an equity that is about to trip a halt."""
    if case.equity_micro > case.halts.barrier_micro:
        return None
    return case.halts.judge(case.equity_micro)


def test_position(case: Case) -> Refused | None:
    """Refuse a position that would be too large if all open orders of the side fill."""
    limits = case.limits
    quantity = abs(case.after)
    value = quantity * case.unit_micro - _SLACK_MICRO
    share = limits.max_position_pct
    if share and value > share * case.equity_micro:
        cap, what = share * case.equity_micro, f"{share:.2%} of the equity"
    elif limits.max_position_notional and value > limits.max_position_notional * MICRO:
        cap, what = limits.max_position_notional * MICRO, "the fixed cap"
    else:
        return None
    actual = quantity * case.unit_micro
    reason = (
        f"the position would reach {quantity:,} worth {case.money(actual)}; {what} allows "
        f"{case.money(cap)}."
    )
    return case.refuse("position", cap / MICRO, actual / MICRO, reason)


def test_exposure(case: Case) -> Refused | None:
    """Refuse when all positions would be worth too much if every open order fills."""
    after = abs(case.after)
    total = after * case.unit_micro
    if case.others is None:
        case.others = _others(case)
    for worst in case.others.values():
        total += worst
    limit = case.limits.max_gross_pct * case.equity_micro
    if total <= limit + _SLACK_MICRO or after <= case.book.worst(case.held):
        return None
    reason = (
        f"all positions and open orders together would reach {case.money(total)}; "
        f"{case.limits.max_gross_pct:.2%} of the equity allows {case.money(limit)}."
    )
    return case.refuse("exposure", limit / MICRO, total / MICRO, reason)


def test_correlation(case: Case) -> Refused | None:
    """Refuse when holdings that move as one would be worth too much together, net."""
    if case.others is None:
        case.others = _others(case)
    limit = case.limits.max_correlated_pct * case.equity_micro
    net = case.after * case.unit_micro
    # What all of it is worth bounds what moves together, and costs less to know.
    if abs(net) + sum(case.others.values()) <= limit:
        return None
    own, side, threshold = case.request.symbol, case.request.side, case.limits.correlation_threshold
    positions, books, partners = case.portfolio.positions, case.ledger.books, []
    for symbol in case.others:
        sign = case.history.together(own, symbol, threshold)
        if not sign:
            continue
        position, other = positions.get(symbol), books.get(symbol)
        quantity = position.quantity if position is not None else 0
        if other is not None and other.orders:
            quantity = other.highest(quantity) if side * sign > 0 else other.lowest(quantity)
        if quantity:
            net += sign * quantity * _unit_micro(case, symbol)
            partners.append(symbol)
    if not partners or side * net <= limit + _SLACK_MICRO:
        return None
    reason = (
        f"together with {', '.join(partners)}, which move as one with it, {case.money(net)} would "
        f"be held; {case.limits.max_correlated_pct:.2%} of the equity allows {case.money(limit)}."
    )
    return case.refuse("correlation", limit / MICRO, abs(net) / MICRO, reason)


def _others(case: Case) -> dict[str, float]:
    """Value what the other symbols may come to hold, where they hold or order anything."""
    own, books, positions = case.request.symbol, case.ledger.books, case.portfolio.positions
    found = {}
    if len(positions) > (own in positions):
        for symbol, position in positions.items():
            other = books.get(symbol)
            if symbol != own and (position.quantity or (other is not None and other.orders)):
                found[symbol] = _worst_micro(case, symbol)
    if len(books) > 1:
        for symbol, other in books.items():
            if other.orders and symbol != own and symbol not in positions:
                found[symbol] = _worst_micro(case, symbol)
    return found


def _worst_micro(case: Case, symbol: str) -> float:
    position, book = case.portfolio.positions.get(symbol), case.ledger.books.get(symbol)
    quantity = position.quantity if position is not None else 0
    worst = book.worst(quantity) if book is not None and book.orders else abs(quantity)
    return worst * _unit_micro(case, symbol)


def _unit_micro(case: Case, symbol: str) -> float:
    portfolio = case.portfolio
    position = portfolio.positions.get(symbol)
    if position is not None and position.mark_units:
        value: float = abs(position.mark_units) * position.unit_value_micro
        currency = position.instrument.currency
    else:
        book = case.ledger.book(symbol)
        value, currency = abs(book.price) * book.multiplier * MICRO, book.currency
    return value if currency == portfolio.base else value * portfolio.rate_micro(currency) / MICRO


RULES: tuple[Rule, ...] = (
    Rule("restricted", ("restricted",), "symbols", "symbol", ASKED, True, test_restricted),
    Rule("order-quantity", ("max_order_quantity",), "units", "order", ASKED, True,
         test_order_quantity),
    Rule("orders-per-day", ("max_orders_per_day",), "orders", "account and session", ASKED, True,
         test_orders_per_day),
    Rule("halt", (), "fraction of equity", "account", ASKED, False, test_halt),
    Rule("interval", ("min_order_interval_s",), "seconds", "strategy and symbol", ASKED, False,
         test_interval),
    Rule("price", (), "price", "order", PRICED, False, test_price),
    Rule("stale", ("refuse_stale",), "seconds", "symbol", PRICED, False, test_stale),
    Rule("collar", ("collar_pct",), "fraction of price", "order", PRICED, True, test_collar),
    Rule("order-notional", ("max_order_notional",), "base currency", "order", PRICED, True,
         test_order_notional),
    Rule("drawdown", ("max_drawdown_pct", "max_daily_loss_pct"), "fraction of equity", "account",
         VALUED, False, test_drawdown),
    Rule("position", ("max_position_pct", "max_position_notional"), "base currency", "symbol",
         VALUED, False, test_position),
    Rule("exposure", ("max_gross_pct",), "base currency", "account", VALUED, False, test_exposure),
    Rule("correlation", ("max_correlated_pct",), "base currency", SEVERAL, VALUED, False,
         test_correlation),
)  # fmt: skip
"""Source: SEC Rule 15c3-5; MiFID II RTS 6; FIA, "Best Practices for Automated Trading Risk Controls
and System Safeguards"."""
