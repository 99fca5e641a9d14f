"""The loop: all parameter sets of one kernel over a piece of tape.

It is compiled anew for each kernel, with the kernel inside; so it is kept as text. What happens
at the few rows at which something is due or decided is compiled once for all (`steps`).
"""

from __future__ import annotations

from typing import Any

from ikbr.backtest.grid import layout
from ikbr.strategies.kernel_layout import Fields

RESERVE = 4 * layout.MOST_WAITING
"""Room for the fills of one row."""

TEXT = '''
"""Written by ikbr: a grid of parameter sets around one kernel; safe to delete."""

@njit(SIGNATURE, nogil=True, error_model="numpy", cache=CACHED)
def scan(addresses, sets, states, params, start, stop):
    """Run every set over rows [start, stop).

    Give the number of the set at which room for fills ended (called again, it goes on from
    there), or -1. With stop < 0, only run what is due by the time `start`.
    """
    step, rules, place = addresses[0], addresses[1], addresses[4]
    if stop < 0:
        for k in range(len(sets)):
            call(step, SETTLE, rules, sets[k], place, start)
        return -1
    pool, market, now = pool_at(addresses[2]), market_at(addresses[3]), row_of(place)
    length = market.length
    ts = int64s(market.ts, length)
    kinds = uint8s(market.kind, length)
    bids = int32s(market.bid, length)
    asks = int32s(market.ask, length)
    lasts = int32s(market.last, length)
    bid_sizes = int32s(market.bid_size, length)
    ask_sizes = int32s(market.ask_size, length)
    sizes = int64s(market.size, length)
    marks = int32s(market.mark, length)
    halts = int64s(market.halt, market.halts)
    first, scale = market.first, market.scale
    prices = float64s(addresses[5], 3 * (stop - start))
    for i in range(start, stop):
        at = 3 * (i - start)
        prices[at] = bids[i] / scale if bids[i] != NO_PRICE else NAN
        prices[at + 1] = asks[i] / scale if asks[i] != NO_PRICE else NAN
        prices[at + 2] = lasts[i] / scale if lasts[i] != NO_PRICE else NAN
    limit = len(pool.records) // FILL_COLUMNS - RESERVE
    for k in range(len(sets)):
        address = sets[k]
        state = set_at(address)
        if state.left or state.row >= stop:
            continue
        pool.present = k
        own, numbers = state_at(states[k]), params_at(params[k])
        short = state.short
        next_row = state.next_row
        low, high = EVERY_ROW if state.waiting else state.low, state.high
        position = state.position
        pending = state.buys - state.sells + state.exit_buys - state.exit_sells
        i = max(start, state.row)
        while i < stop and not state.left and pool.count <= limit:
            if i >= next_row:
                state.mark = np.int64(marks[i - 1]) if i > 0 else market.before
                next_due = call(step, ADVANCE, rules, address, place, ts[i])
                next_row = reach(ts, i, length, next_due)
                halt = reach(halts, 0, len(halts), i + 1)
                if halt < len(halts):
                    next_row = min(next_row, halts[halt])
                state.next_row = next_row
                low = EVERY_ROW
            end = min(stop, next_row)
            while i < end:
                mark = np.int64(marks[i])
                if mark < low or mark > high:
                    now.number, now.ts, now.kind, now.mark = first + i, ts[i], kinds[i], mark
                    now.bid, now.ask, now.last = bids[i], asks[i], lasts[i]
                    now.bid_size, now.ask_size = bid_sizes[i], ask_sizes[i]
                    call(step, FOLLOW, rules, address, place, 0)
                    low, high = EVERY_ROW if state.waiting else state.low, state.high
                    position = state.position
                    pending = state.buys - state.sells + state.exit_buys - state.exit_sells
                    if state.left or pool.count > limit:
                        end = i + 1
                at = 3 * (i - start)
                signal = kernel(
                    own,
                    numbers,
                    KernelTick(
                        prices[at], prices[at + 1], prices[at + 2],
                        np.int64(bid_sizes[i]), np.int64(ask_sizes[i]), sizes[i],
                        ts[i], PRINT <= kinds[i] <= AUCTION, 0, position, pending,
                    ),
                )
                if signal != 0:
                    held = position + pending
                    if signal == 1:
                        wants = held <= 0
                    elif signal == -1:
                        wants = held > 0 or (held == 0 and short != 0)
                    else:
                        wants = False
                        state.left = LEFT_ANSWER
                    if wants:
                        now.number, now.ts, now.kind, now.mark = first + i, ts[i], kinds[i], mark
                        now.bid, now.ask, now.last = bids[i], asks[i], lasts[i]
                        now.bid_size, now.ask_size = bid_sizes[i], ask_sizes[i]
                        call(step, DECIDE, rules, address, place, np.int64(signal))
                        low, high = EVERY_ROW if state.waiting else state.low, state.high
                        position = state.position
                        pending = state.buys - state.sells + state.exit_buys - state.exit_sells
                    if state.left or pool.count > limit:
                        end = i + 1
                i += 1
        state.row = i
        state.mark = np.int64(marks[i - 1])
        if pool.count > limit:
            return k
    return -1
'''


def scope_of(kernel: Any, state: Fields, params: Fields) -> dict[str, Any]:
    """Give the names that the text uses.

    Args:
        kernel: The compilable kernel.
        state: The fields of its state.
        params: The fields of its parameters.
    """
    import numpy as np
    from numba import njit, types

    from ikbr.backtest.grid import steps
    from ikbr.backtest.kernel_scan import KernelTick, shared_functions
    from ikbr.backtest.kernel_types import array_at, row_at
    from ikbr.domain.tape import NO_PRICE, Kind

    numbers = types.Array(types.int64, 1, "C")
    return {
        "SIGNATURE": types.int64(*[numbers] * 4, types.int64, types.int64),
        "SETTLE": steps.SETTLE,
        "ADVANCE": steps.ADVANCE,
        "FOLLOW": steps.FOLLOW,
        "DECIDE": steps.DECIDE,
        "FILL_COLUMNS": layout.FILL_COLUMNS,
        "LEFT_ANSWER": layout.LEFT_ANSWER,
        "RESERVE": RESERVE,
        "EVERY_ROW": layout.HIGHEST_MARK + 1,
        "PRINT": int(Kind.PRINT),
        "AUCTION": int(Kind.AUCTION),
        "NO_PRICE": NO_PRICE,
        "NAN": float("nan"),
        "np": np,
        "njit": njit,
        "KernelTick": KernelTick,
        "kernel": kernel,
        "state_at": row_at(state),
        "params_at": row_at(params, fixed=True),
        "set_at": row_at(layout.set_layout(1, 1).fields),
        "pool_at": row_at(layout.pool_layout(1).fields),
        "market_at": row_at(layout.MARKET.fields),
        "row_of": row_at(layout.ROW.fields),
        "int64s": array_at(types.int64),
        "int32s": array_at(types.int32),
        "float64s": array_at(types.float64),
        "uint8s": array_at(types.uint8),
        "reach": shared_functions()["reach"],
        "call": steps.caller(),
    }
