"""How the grid's functions are compiled: by one decorator, so that all agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

from ikbr.backtest.grid import layout
from ikbr.backtest.kernel_types import row_at

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Let compiled code call a function; it has no door to Python."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    made: Function = njit(nogil=True, **options)(function)
    return made


pool_at = row_at(layout.pool_layout(1).fields)
set_at = row_at(layout.set_layout(1, 1).fields)
terms_at = row_at(layout.terms_layout(1, 1, 1).fields)
row_of = row_at(layout.ROW.fields)
market_at = row_at(layout.MARKET.fields)
"""Compiled: from the address of a row to the row."""
