"""Building a scan: the kernels of strategies compiled into it, or a sentence why that fails."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, get_type_hints

from ikbr.backtest import kernel_scan
from ikbr.backtest.kernel_cache import Loaded, load
from ikbr.backtest.kernel_faults import explain
from ikbr.backtest.kernel_key import Uncacheable, key_of
from ikbr.domain.errors import StrategyError
from ikbr.strategies.kernel import KernelStrategy, kernel_function
from ikbr.strategies.kernel_layout import Fields, Layout
from ikbr.strategies.kernel_legs import LegsStrategy, legs_layout
from ikbr.strategies.kernel_orders import OrdersStrategy, orders_layout

_FOREIGN = ("numba", "numpy", "math", "cmath", "scipy", "builtins")
_built: dict[str, Loaded] = {}
_prepared: dict[str, Any] = {}
KEPT = 64
"""Scans kept in memory, and as many kernels."""


def build(strategies: Sequence[KernelStrategy], *, single: bool) -> Loaded:
    """Compile the scan for some strategies, or find it compiled.

    Args:
        strategies: In the order in which they see a row.
        single: Whether there is one symbol only.

    Raises:
        StrategyError: When a kernel cannot be compiled; it says where and why.
    """
    import llvmlite
    import numba

    functions = [kernel_function(type(one)) for one in strategies]
    shapes = [_shapes(one) for one in strategies]
    text = kernel_scan.scan_text([_seen(one) for one in strategies], single=single)
    versions = numba.__version__, llvmlite.__version__, sys.version
    try:
        key = key_of(functions, text, shapes, *versions, modules=_machinery())
    except Uncacheable:
        key = None
    if key is not None and key in _built:
        return _built[key]
    kernels = [prepare(function) for function in functions]
    scope = kernel_scan.scan_scope(kernels, [s for s, _ in shapes], [p for _, p in shapes])
    is_new = False

    def check_each() -> None:
        nonlocal is_new
        is_new = True
        for one, kernel, shape in zip(strategies, kernels, shapes, strict=True):
            check(one, kernel, *shape)

    try:
        with collector_at_rest():
            found = load(text, scope, key, check_each)
    except numba.core.errors.NumbaError as error:
        raise StrategyError(explain("the scan", "", error)) from error
    if is_new or not gc.get_freeze_count():
        # What the compiler leaves lives as long as the process; nobody needs to walk it again.
        # Garbage that is frozen is never freed, so it goes first.
        gc.collect()
        gc.freeze()
    if key is not None:
        _keep(_built, key, found)
    return found


def _keep(kept: dict[str, Any], key: str, value: Any) -> None:
    while len(kept) >= KEPT:
        kept.pop(next(iter(kept)))
    kept[key] = value


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Compile without collections: nearly all that a compiler makes, it still needs."""
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()


def prepare(function: Any) -> Any:
    """Prepare a kernel for compiling, or find it: another scan does not compile it again.

    Args:
        function: A Python function.
    """
    try:
        key = key_of([function])
    except Uncacheable:
        return compilable(function, {})
    if key not in _prepared:
        _keep(_prepared, key, compilable(function, {}))
    return _prepared[key]


def _machinery() -> list[types.ModuleType]:
    """List the modules of our own that end up in compiled code."""
    from ikbr.backtest import kernel_cache, kernel_types, scan
    from ikbr.domain import marks, tape
    from ikbr.strategies import kernel_legs, kernel_orders

    own = [kernel_scan, kernel_types, kernel_cache, scan]
    return [*own, marks, tape, kernel_legs, kernel_orders]


def _seen(strategy: KernelStrategy) -> str:
    """Name what a kernel sees besides ticks."""
    if isinstance(strategy, LegsStrategy):
        return "legs"
    return "orders" if isinstance(strategy, OrdersStrategy) else ""


def _shapes(strategy: KernelStrategy) -> tuple[Fields, Fields]:
    who = type(strategy).__name__
    values = strategy.kernel_params()
    params = Layout(f"{who}.kernel_params", values).fields
    return Layout(who, strategy.state, values).fields, params


def compilable(function: Any, made: dict[int, Any]) -> Any:
    """Prepare a function for compiling, and the plain functions that it calls by name with it.

    Args:
        function: A Python function.
        made: What was prepared already.
    """
    from numba import njit

    if id(function) in made:
        return made[id(function)]
    scope = dict(function.__globals__)
    closure = tuple(types.CellType(c.cell_contents) for c in function.__closure__ or ())
    copy = types.FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, closure or None
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    # Bounds are checked: without that, a wrong index would write into others' memory.
    # Only compiled code calls them, so they need no doors to others.
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    made[id(function)] = result = njit(boundscheck=True, **options)(copy)
    for name in function.__code__.co_names:
        if _is_helper(scope.get(name)):
            scope[name] = compilable(scope[name], made)
    for cell in closure:
        if _is_helper(cell.cell_contents):
            cell.cell_contents = compilable(cell.cell_contents, made)
    return result


def _is_helper(value: Any) -> bool:
    return isinstance(value, types.FunctionType) and value.__module__.split(".")[0] not in _FOREIGN


def check(strategy: KernelStrategy, kernel: Any, state: Fields, params: Fields) -> None:
    """Compile a kernel by itself, for a message that is about nothing else.

    Raises:
        StrategyError: When that fails, or its results are no whole numbers.
    """
    from numba import types as nb
    from numba.core.errors import NumbaError, UnsupportedBytecodeError

    who = f"{type(strategy).__name__}.{strategy.kernel_name}"
    code = kernel.py_func.__code__
    place = f"{code.co_filename}, line {code.co_firstlineno}"
    signature = _signature(strategy, state, params)
    try:
        kernel.compile(signature)
    # NameError is what a name that exists nowhere becomes.
    except (NumbaError, UnsupportedBytecodeError, NameError, NotImplementedError) as error:
        raise StrategyError(explain(who, place, error)) from error
    kind = kernel.overloads[signature].signature.return_type
    if not isinstance(kind, nb.Integer | nb.Boolean):
        nothing = isinstance(kind, nb.Optional | nb.NoneType)
        raise StrategyError(
            f"{who} ({place}) returns {'nothing on some path' if nothing else kind}; "
            f"return {_meant(strategy)} on every path."
        )


def _meant(strategy: KernelStrategy) -> str:
    many = "how many records it filled"
    return many if isinstance(strategy, OrdersStrategy) else "-1, 0 or 1"


def _signature(strategy: KernelStrategy, state: Fields, params: Fields) -> tuple[Any, ...]:
    from numba import types as nb

    from ikbr.backtest.kernel_types import RowType

    kinds = {float: nb.float64, int: nb.int64, bool: nb.boolean}
    fields = [kinds[kind] for kind in get_type_hints(kernel_scan.KernelTick).values()]
    tick: Any = nb.NamedTuple(fields, kernel_scan.KernelTick)  # type: ignore[no-untyped-call]
    told = RowType(state, False), RowType(params, True), tick
    if isinstance(strategy, LegsStrategy):
        return *told, RowType(legs_layout(1).fields, True)
    if isinstance(strategy, OrdersStrategy):
        return *told, RowType(orders_layout(()).fields, False)
    return told
