"""Rows of the tape as the loop of a single run sees them, compiled."""

# Rows have no static type: their fields are declared in `grid.layout`.
# mypy: disable-error-code=no-any-return

from __future__ import annotations

from typing import Any

from ikbr.backtest.grid.compiled import compiled
from ikbr.domain.marks import mark_units
from ikbr.domain.tape import NO_PRICE

marks = compiled(mark_units)


@compiled
def standing(bids: Any, asks: Any, lasts: Any, row: int, before: int) -> int:
    """Give the mark before a row, carried on over rows at which nothing stands.

    Args:
        bids: Columns of the tape, this and the following.
        asks: Price units.
        lasts: Price units.
        row: Which.
        before: The mark before the piece of tape, or NO_PRICE.
    """
    while row > 0:
        row -= 1
        mark: Any = marks(bids[row], asks[row], lasts[row])
        if mark != NO_PRICE:
            return mark
    return before


@compiled
def show(  # noqa: PLR0913, PLR0917 - compiled code takes the columns one by one
    now: Any,
    ts: Any,
    kinds: Any,
    bids: Any,
    asks: Any,
    lasts: Any,
    bid_sizes: Any,
    ask_sizes: Any,
    first: int,
    row: int,
    before: int,
) -> None:
    """Note the row at which something is decided, for the steps."""
    now.number, now.ts, now.kind = first + row, ts[row], kinds[row]
    now.bid, now.ask, now.last = bids[row], asks[row], lasts[row]
    now.bid_size, now.ask_size = bid_sizes[row], ask_sizes[row]
    now.mark = standing(bids, asks, lasts, row + 1, before)


@compiled
def is_unknown(state: Any) -> bool:
    """Say whether anything happened but orders that were filled whole at once."""
    if state.left or state.waiting or state.drawdown_latched or state.daily_latched:
        return True
    refused = state.refused
    for n in range(len(refused)):  # noqa: SIM110 - compiled code knows no generators
        if refused[n]:
            return True
    return False
