"""Worth: what a quantity of 1 of a symbol counts for in the limits of the whole account."""

from __future__ import annotations

from ikbr.core.risk_ledger import RiskLedger
from ikbr.domain.instrument import MICRO
from ikbr.domain.portfolio import Portfolio


def unit_micro(portfolio: Portfolio, ledger: RiskLedger, symbol: str) -> float:
    """Value a quantity of 1: at its mark, or while nothing is held as its latest order was.

    Args:
        portfolio: The account's books.
        ledger: The open orders.
        symbol: Of what.

    Returns:
        Millionths of the base currency.
    """
    position, book = portfolio.positions.get(symbol), ledger.books.get(symbol)
    ordered = book is not None and book.price
    # What is flat again keeps the mark that it had when it was sold.
    if position is not None and position.mark_units and (position.quantity or not ordered):
        value = float(abs(position.mark_units) * position.unit_value_micro)
        currency = position.instrument.currency
    else:
        book = book or ledger.book(symbol)
        value, currency = abs(book.price) * book.multiplier * MICRO, book.currency
    return value if currency == portfolio.base else value * portfolio.rate_micro(currency) / MICRO
