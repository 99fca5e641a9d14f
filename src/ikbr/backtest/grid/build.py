"""Building a loop: a strategy's kernel compiled into it, kept on disk as kernels are."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from ikbr.backtest.grid import layout, loop, steps
from ikbr.backtest.kernel_build import check, collector_at_rest, prepare
from ikbr.backtest.kernel_cache import Loaded, load
from ikbr.backtest.kernel_faults import explain
from ikbr.backtest.kernel_key import Uncacheable, key_of
from ikbr.domain.errors import StrategyError
from ikbr.strategies.kernel import KernelStrategy, kernel_function
from ikbr.strategies.kernel_layout import Fields

KEPT = 32
"""Loops kept in memory."""
_built: dict[str, Loaded] = {}


def build_loop(
    strategy: KernelStrategy,
    state: Fields,
    params: Fields,
    form: ModuleType = loop,
    modules: Sequence[ModuleType] = (),
) -> Loaded:
    """Compile the loop around a kernel, or find it compiled.

    Args:
        strategy: One of the sets; all have the same kernel.
        state: The fields of its state.
        params: The fields of its parameters.
        form: The module with the loop's text and its names.
        modules: Further modules of our own that end up in it.

    Raises:
        StrategyError: When the kernel cannot be compiled; it says where and why.
    """
    import numba

    function = kernel_function(type(strategy))
    try:
        files = [form, *modules, *_loop_files()]
        key = key_of([function], form.TEXT, state, params, *_versions(), modules=files)
    except Uncacheable:
        key = None
    if key is not None and key in _built:
        return _built[key]
    kernel = prepare(function)

    def check_kernel() -> None:
        check(strategy, kernel, state, params)

    try:
        with collector_at_rest():
            found = load(form.TEXT, form.scope_of(kernel, state, params), key, check_kernel)
    except numba.core.errors.NumbaError as error:
        raise StrategyError(explain("the loop", "", error)) from error
    return _keep(key, found)


def build_steps() -> Loaded:
    """Compile what is the same for every kernel, or find it compiled."""
    key = key_of([], steps.TEXT, *_versions(), modules=_step_files())
    if key in _built:
        return _built[key]
    with collector_at_rest():
        found = load(steps.TEXT, steps.scope(), key, lambda: None)
    return _keep(key, found)


def _keep(key: str | None, found: Loaded) -> Loaded:
    if key is not None:
        while len(_built) >= KEPT:
            _built.pop(next(iter(_built)))
        _built[key] = found
    return found


def _versions() -> tuple[str, str]:
    import llvmlite
    import numba

    return numba.__version__, llvmlite.__version__


def _loop_files() -> list[ModuleType]:
    """List the modules of our own that end up in a loop."""
    from ikbr.backtest import kernel_cache, kernel_scan, kernel_types
    from ikbr.domain import marks, tape

    return [loop, steps, marks, layout, kernel_cache, kernel_scan, kernel_types, tape]


def _step_files() -> list[ModuleType]:
    """List the modules of our own that end up in the steps."""
    from ikbr.backtest import kernel_cache, kernel_types
    from ikbr.backtest.grid import broker, compiled, fees, follow, money, orders, sessions
    from ikbr.domain import marks, tape
    from ikbr.sim import margin_rates

    own = [steps, layout, broker, compiled, fees, follow, money, orders, sessions]
    return [*own, kernel_cache, kernel_types, marks, tape, margin_rates]
