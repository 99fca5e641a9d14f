"""What a row of the tape does to one parameter set before its kernel sees it, compiled."""

# Rows have no static type: their fields are declared in `layout`.
# mypy: disable-error-code=no-any-return

from __future__ import annotations

from typing import Any

from ikbr.backtest.grid.broker import count_waiting, fill, keep_order, tell_last_first
from ikbr.backtest.grid.compiled import compiled, pool_at
from ikbr.backtest.grid.layout import RULE_QUOTE
from ikbr.backtest.grid.money import see_mark
from ikbr.backtest.grid.orders import close_rest
from ikbr.domain.tape import NO_PRICE, Kind

_PRINT, _AUCTION, _HALT = int(Kind.PRINT), int(Kind.AUCTION), int(Kind.HALT)


@compiled
def match(row: Any, terms: Any, own: Any) -> None:
    """Trade the waiting orders against a row, as `sim.matching` does for market orders."""
    if own.halted or not (own.regular or terms.outside):
        return
    kind, last = row.kind, row.last
    printed = _PRINT <= kind <= _AUCTION and last != NO_PRICE
    kept = 0
    count = own.waiting
    for n in range(count):
        change = own.order_change[n]
        price = row.ask if change > 0 else row.bid
        if terms.fill != RULE_QUOTE:
            price = NO_PRICE
        if printed:
            # The quote counts where it is worse than the print.
            if price == NO_PRICE:
                price = last
            else:
                price = max(last, price) if change > 0 else min(last, price)
        if price == NO_PRICE:
            keep_order(own, n, kept)
            kept += 1
            continue
        count_waiting(own, n, -1)
        displayed = row.ask_size if change > 0 else row.bid_size
        start = pool_at(own.pool).count
        fill(row, terms, own, n, price, displayed)
        if own.late:
            close_rest(row, terms, own)
            tell_last_first(own, start)
    # What came meanwhile waits for the next row.
    for n in range(count, own.waiting):
        keep_order(own, n, kept)
        kept += 1
    own.waiting = kept


@compiled
def follow(row: Any, terms: Any, own: Any) -> None:
    """Follow a row: halts, waiting orders, then the equity at the new mark."""
    if row.kind >= _HALT:
        own.halted = row.kind == _HALT
    match(row, terms, own)
    if row.mark < own.low or row.mark > own.high:
        see_mark(own, terms, row.mark, row.ts)
