"""The text of the compiled scan that runs kernels row by row between two decisions.

It is written anew for each set of kernels, so that each is compiled into it. It stops where
`scan` would, and where a kernel's signal passes the gate of its slot. Everything it works on
stands at addresses in one packed array: handing over each array by itself would cost more than
most calls do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ikbr.strategies.kernel_layout import Fields

# The packed array: numbers,
ROW, END, DUE, REASON, VALUE, PLACE, LENGTH, COUNT, CHECKED = range(9)
# addresses of the tape's columns and of what else is read and written,
TS, SYM, KIND, BID, ASK, LAST, BID_SIZE, ASK_SIZE, SIZE = range(9, 18)
TABLE, SUMS, SCALES, ROWS, GATES = range(18, 23)
# and for each kernel: its states, the bytes from one to the next, its parameters, its symbols'
# numbers, and what else it sees (its legs, or the records of orders), with the bytes between.
FIRST = 23
STATES, BYTES, PARAMS, NUMBERS, MORE, MORE_BYTES = range(6)
EACH = 6

# Why a scan ended.
AT_END, AT_BARRIER, AT_SIGNAL, AT_ODD_VALUE = range(4)

# The gate of a kernel in a symbol.
GATED, BUY_OPEN, SELL_OPEN, MUTE_BUY, MUTE_SELL, MUTED, POSITION, PENDING = range(8)
GATE = 8


class KernelTick(NamedTuple):
    """What a compiled kernel sees of a tick; the fields are those of `strategies.kernel.Tick`."""

    bid: float
    ask: float
    last: float
    bid_size: int
    ask_size: int
    last_size: int
    ts_ns: int
    is_print: bool
    number: int
    position: int
    pending: int


_HEAD = '''
"""Written by ikbr: a scan with the kernels of some strategies; safe to delete."""

@njit("int64(int64[::1])", cache=CACHED)
def scan(pack):
    """Run from pack[ROW] to the first row that needs a decision."""
    length, count = pack[{LENGTH}], pack[{COUNT}]
    ts = int64s(pack[{TS}], length)
    sym = int16s(pack[{SYM}], length)
    kind = uint8s(pack[{KIND}], length)
    bid = int32s(pack[{BID}], length)
    ask = int32s(pack[{ASK}], length)
    last = int32s(pack[{LAST}], length)
    bid_size = int32s(pack[{BID_SIZE}], length)
    ask_size = int32s(pack[{ASK_SIZE}], length)
    size = int64s(pack[{SIZE}], length)
    table, gates = pack[{TABLE}], pack[{GATES}]
    sums = int64s(pack[{SUMS}], {TOTALS})
    scales = float64s(pack[{SCALES}], count)
    rows = int64s(pack[{ROWS}], count)
    row = pack[{ROW}]
    end = reach(ts, row, pack[{END}], pack[{DUE}])
    # This row has been through everything but the kernels.
    checked = pack[{CHECKED}]
    if checked == row:
        end = max(end, row + 1)
    reason = {AT_END}
    value = 0
'''

_KERNEL_HEAD = """
    states_{n}, bytes_{n} = pack[{at} + {STATES}], pack[{at} + {BYTES}]
    params_{n} = params_at_{n}(pack[{at} + {PARAMS}])
    numbers_{n} = int64s(pack[{at} + {NUMBERS}], count)
"""

# What kernels see besides: the code before the loop, the code before the call, the argument.
_MORE = {
    "": ("", "", ""),
    "legs": (
        """
    legs_{n} = legs_at(pack[{at} + {MORE}])
""",
        """legs_{n}.bid[number] = bid_now
            legs_{n}.ask[number] = ask_now
            legs_{n}.last[number] = last_now
""",
        ", legs_{n}",
    ),
    "orders": (
        """
    orders_{n}, orders_bytes_{n} = pack[{at} + {MORE}], pack[{at} + {MORE_BYTES}]
""",
        "",
        ", orders_at(orders_{n} + number * orders_bytes_{n})",
    ),
}

# What is the same for every row of a symbol until Python acts: looked up once where there is only
# one, as compiled code cannot know that nothing it writes changes it.
_SYMBOL = """
{tab}watch = int64s(table + s * {WATCH_BYTES}, {WIDTH})
{tab}active, unit, scale = watch[{ACTIVE}], watch[{UNIT}], scales[s]
"""
_GATE = """
{tab}number_{n} = numbers_{n}[s]
{tab}gate_{n} = int64s(gates + ({n} * count + s) * {GATE_BYTES}, {GATE})
"""

_LOOP = """
    while row < end:
        {symbol}
        k = kind[row]
        if row != checked:
            if k >= {AUCTION}:
                reason = {AT_BARRIER}
                break
            if active and wakes(
                k, bid[row], ask[row], last[row], bid_size[row], ask_size[row], watch
            ):
                reason = {AT_BARRIER}
                break
            if unit != 0:
                mark = mark_units(np.int64(bid[row]), np.int64(ask[row]), np.int64(last[row]))
                if not holds(mark, watch, sums):
                    reason = {AT_BARRIER}
                    break
        rows[s] = row
        now = ts[row]
        bid_now = bid[row] / scale if bid[row] != NO_PRICE else NAN
        ask_now = ask[row] / scale if ask[row] != NO_PRICE else NAN
        last_now = last[row] / scale if last[row] != NO_PRICE else NAN
        is_print = {PRINT} <= k <= {AUCTION}
"""

_KERNEL = """
        {gate}
        number = number_{n}
        if number >= 0:
            pack[{PLACE}] = {n}
            {before}
            got = kernel_{n}(
                state_at_{n}(states_{n} + number * bytes_{n}), params_{n},
                KernelTick(bid_now, ask_now, last_now, np.int64(bid_size[row]),
                           np.int64(ask_size[row]), size[row], now, is_print, number,
                           gate_{n}[{POSITION}], gate_{n}[{PENDING}]){more})
"""

_SIGNAL = """
            if got != 0:
                if got == 1:
                    passes = gate_{n}[{BUY_OPEN}] != 0
                    muted = now < gate_{n}[{MUTE_BUY}]
                    value = 1
                elif got == -1:
                    passes = gate_{n}[{SELL_OPEN}] != 0
                    muted = now < gate_{n}[{MUTE_SELL}]
                    value = -1
                else:
                    reason = {AT_ODD_VALUE}
                    break
                if gate_{n}[{GATED}] == 0:
                    reason = {AT_SIGNAL}
                    break
                if passes:
                    if not muted:
                        reason = {AT_SIGNAL}
                        break
                    gate_{n}[{MUTED}] += 1
"""

_RECORDS = """
            if got != 0:
                value = got
                reason = {AT_SIGNAL} if 0 < got <= {MOST} else {AT_ODD_VALUE}
                break
"""

_TAIL = """
        row += 1
    pack[{ROW}] = row
    pack[{REASON}] = reason
    pack[{VALUE}] = value
    return row
"""


_TAB = {True: " " * 4, False: " " * 8}


def scan_text(kernels: Sequence[str], *, single: bool) -> str:
    """Write the scan.

    Args:
        kernels: The kernels it runs, in the order of their strategies: what each sees
            besides, "legs", "orders" or "".
        single: Whether there is one symbol only.
    """
    from ikbr.backtest.scan import ACTIVE, TOTALS, UNIT, WIDTH
    from ikbr.domain.tape import Kind
    from ikbr.strategies.kernel_orders import MOST

    names = {name: value for name, value in globals().items() if name.isupper()}
    names |= {
        "ACTIVE": ACTIVE,
        "TOTALS": TOTALS,
        "UNIT": UNIT,
        "WIDTH": WIDTH,
        "MOST": MOST,
        "WATCH_BYTES": WIDTH * 8,
        "GATE_BYTES": GATE * 8,
        "AUCTION": int(Kind.AUCTION),
        "PRINT": int(Kind.PRINT),
    }
    symbol = _SYMBOL.format(tab=_TAB[single], **names)
    parts = [_HEAD.format(**names)]
    if single:
        parts.append(f"    s = 0\n{symbol}")
    for n, kind in enumerate(kernels):
        head = _KERNEL_HEAD + _MORE[kind][0] + (_GATE if single else "")
        parts.append(head.format(n=n, at=FIRST + n * EACH, tab=_TAB[single], **names))
    parts.append(
        _LOOP.format(symbol="" if single else f"s = np.int64(sym[row])\n{symbol}", **names)
    )
    for n, kind in enumerate(kernels):
        before, more = (text.format(n=n) for text in _MORE[kind][1:])
        gate = "" if single else _GATE.format(n=n, tab=" " * 8, **names)
        code = _KERNEL + (_RECORDS if kind == "orders" else _SIGNAL)
        parts.append(code.format(n=n, before=before, more=more, gate=gate, **names))
    parts.append(_TAIL.format(**names))
    return "".join(parts)


def scan_scope(
    kernels: Sequence[Any], states: Sequence[Fields], params: Sequence[Fields]
) -> dict[str, Any]:
    """Give the names that the scan's text uses.

    Args:
        kernels: The compilable kernels.
        states: The fields of their states.
        params: The fields of their parameters.
    """
    import numpy as np
    from numba import njit, types

    from ikbr.backtest.kernel_types import array_at, row_at
    from ikbr.backtest.scan import holds, wakes
    from ikbr.domain.tape import NO_PRICE
    from ikbr.strategies.kernel_legs import legs_layout
    from ikbr.strategies.kernel_orders import orders_layout

    scope: dict[str, Any] = {
        "njit": njit,
        "np": np,
        "NAN": float("nan"),
        "NO_PRICE": NO_PRICE,
        "KernelTick": KernelTick,
        "wakes": wakes,
        "holds": holds,
        **shared_functions(),
        "int64s": array_at(types.int64),
        "int32s": array_at(types.int32),
        "int16s": array_at(types.int16),
        "uint8s": array_at(types.uint8),
        "float64s": array_at(types.float64),
        "legs_at": row_at(legs_layout(1).fields, fixed=True),
        "orders_at": row_at(orders_layout(()).fields),
    }
    for n, kernel in enumerate(kernels):
        scope[f"kernel_{n}"] = kernel
        scope[f"state_at_{n}"] = row_at(states[n])
        scope[f"params_at_{n}"] = row_at(params[n], fixed=True)
    return scope


@lru_cache
def shared_functions() -> dict[str, Any]:
    """Give what every scan calls, compiled once for all of them."""
    from numba import njit

    from ikbr.domain.marks import mark_units

    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return {"mark_units": njit(**options)(mark_units), "reach": njit(**options)(reach)}


def reach(ts: Any, start: int, end: int, due: int) -> int:
    """Find the first row in `[start, end)` at or after a time; `end` without one.

    Args:
        ts: Times of the rows, never decreasing.
        start: The first row to look at.
        end: The row to stop before.
        due: The time.

    >>> reach([1, 2, 2, 5, 9], 0, 5, 5), reach([1, 2, 2, 5, 9], 0, 5, 10)
    (3, 5)
    """
    if start >= end or ts[end - 1] < due:
        return end
    low, step = start, 1
    # What is due next is mostly near: gallop, then halve.
    while low + step < end and ts[low + step] < due:
        low += step
        step *= 2
    high = min(low + step, end - 1)
    while low < high:
        middle = (low + high) // 2
        if ts[middle] < due:
            low = middle + 1
        else:
            high = middle
    return low
