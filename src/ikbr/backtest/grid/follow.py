"""What a row of the tape does to one parameter set before its kernel sees it, compiled."""

# Rows have no static type: their fields are declared in `layout`.
# mypy: disable-error-code=no-any-return

from __future__ import annotations

from typing import Any

from ikbr.backtest.grid.broker import match
from ikbr.backtest.grid.compiled import compiled
from ikbr.backtest.grid.money import see_mark
from ikbr.domain.tape import Kind

_HALT = int(Kind.HALT)


@compiled
def follow(row: Any, terms: Any, own: Any) -> None:
    """Follow a row: halts, waiting orders, then the equity at the new mark."""
    if row.kind >= _HALT:
        own.halted = row.kind == _HALT
    match(row, terms, own)
    if row.mark < own.low or row.mark > own.high:
        see_mark(own, terms, row.mark, row.ts)
