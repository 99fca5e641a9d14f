"""Rules about what the account would hold if every open order filled."""

from __future__ import annotations

from ikbr.core.risk_case import SLACK_MICRO, Case
from ikbr.core.risk_worth import unit_micro
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO


def test_position(case: Case) -> Refused | None:
    """Refuse a position that would be too large if all open orders of the side fill."""
    limits = case.limits
    quantity = abs(case.after)
    value = quantity * case.unit_micro - SLACK_MICRO
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
    if total <= limit + SLACK_MICRO or after <= case.book.worst(case.held):
        return None
    reason = (
        f"all positions and open orders together would reach {case.money(total)}; "
        f"{case.limits.max_gross_pct:.2%} of the equity allows {case.money(limit)}."
    )
    return case.refuse("exposure", limit / MICRO, total / MICRO, reason)


def test_net_exposure(case: Case) -> Refused | None:
    """Refuse when longs less shorts would be worth too much if every open order of a side fills."""
    side, own = case.request.side, case.request.symbol
    net = case.after * case.unit_micro
    for symbol in _symbols(case):
        if symbol != own:
            net += _side_micro(case, symbol, side)
    limit = case.limits.max_net_pct * case.equity_micro
    if side * net <= limit + SLACK_MICRO:
        return None
    reason = (
        f"longs less shorts would reach {case.money(net)}; {case.limits.max_net_pct:.2%} of the "
        f"equity allows {case.money(limit)}."
    )
    return case.refuse("net-exposure", limit / MICRO, abs(net) / MICRO, reason)


def test_sector(case: Case) -> Refused | None:
    """Refuse when the positions of a sector would be worth too much."""
    own = case.request.symbol
    sector = case.sector_of.get(own)
    if sector is None:
        return None
    after = abs(case.after)
    total = after * case.unit_micro
    for symbol in _symbols(case):
        if symbol != own and case.sector_of.get(symbol) == sector:
            total += _worst_micro(case, symbol)
    limit = case.limits.max_sector_pct * case.equity_micro
    if total <= limit + SLACK_MICRO or after <= case.book.worst(case.held):
        return None
    reason = (
        f"the sector {sector!r} would reach {case.money(total)}; "
        f"{case.limits.max_sector_pct:.2%} of the equity allows {case.money(limit)}."
    )
    return case.refuse("sector", limit / MICRO, total / MICRO, reason)


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
            net += sign * quantity * unit_micro(case.portfolio, case.ledger, symbol)
            partners.append(symbol)
    if not partners or side * net <= limit + SLACK_MICRO:
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
    return worst * unit_micro(case.portfolio, case.ledger, symbol)


def _symbols(case: Case) -> set[str]:
    """List the symbols that hold or order anything."""
    held = {s for s, position in case.portfolio.positions.items() if position.quantity}
    return held | {s for s, book in case.ledger.books.items() if book.orders}


def _side_micro(case: Case, symbol: str, side: int) -> float:
    """Value what a symbol comes to hold if all its open orders of a side fill, signed."""
    position, book = case.portfolio.positions.get(symbol), case.ledger.books.get(symbol)
    quantity = position.quantity if position is not None else 0
    if book is not None and book.orders:
        quantity = book.highest(quantity) if side > 0 else book.lowest(quantity)
    return quantity * unit_micro(case.portfolio, case.ledger, symbol) if quantity else 0.0
