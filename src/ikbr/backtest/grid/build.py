"""Building a loop: a strategy's kernel compiled into it, kept on disk as kernels are."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from ikbr.backtest.grid.loop import TEXT, scope_of
from ikbr.backtest.kernel_build import check, compilable, explain
from ikbr.backtest.kernel_cache import Loaded, load
from ikbr.backtest.kernel_key import Uncacheable, key_of
from ikbr.domain.errors import StrategyError
from ikbr.strategies.kernel import KernelStrategy, kernel_function
from ikbr.strategies.kernel_layout import Fields

KEPT = 32
"""Loops kept in memory."""
_built: dict[str, Loaded] = {}


def build_loop(strategy: KernelStrategy, state: Fields, params: Fields) -> Loaded:
    """Compile the loop around a kernel, or find it compiled.

    Args:
        strategy: One of the sets; all have the same kernel.
        state: The fields of its state.
        params: The fields of its parameters.

    Raises:
        StrategyError: When the kernel cannot be compiled; it says where and why.
    """
    import llvmlite
    import numba

    function = kernel_function(type(strategy))
    versions = numba.__version__, llvmlite.__version__
    try:
        key = key_of([function], TEXT, state, params, *versions, modules=_machinery())
    except Uncacheable:
        key = None
    if key is not None and key in _built:
        return _built[key]
    kernel = compilable(function, {})
    try:
        found = load(
            TEXT,
            scope_of(kernel, state, params),
            key,
            lambda: check(strategy, kernel, state, params),
        )
    except numba.core.errors.NumbaError as error:
        raise StrategyError(explain("the grid's loop", error)) from error
    if key is not None:
        while len(_built) >= KEPT:
            _built.pop(next(iter(_built)))
        _built[key] = found
    return found


def _machinery() -> Sequence[ModuleType]:
    """List the modules of our own that end up in compiled code."""
    from ikbr.backtest import kernel_cache, kernel_scan, kernel_types
    from ikbr.backtest.grid import broker, compiled, fees, layout, loop, money, orders, sessions
    from ikbr.domain import marks, tape
    from ikbr.sim import margin_rates

    own: list[Any] = [broker, compiled, fees, layout, loop, money, orders, sessions]
    return [*own, kernel_cache, kernel_scan, kernel_types, marks, tape, margin_rates]
