"""The loop of a single run: over the tape with all its orders, compiled.

It is compiled anew for each kernel, with the kernel inside; so it is kept as text. What happens
at the few rows at which something is due or decided are the steps of the grid. At every order the
kernel's state is noted, so that Python can make afterwards what must be kept of the order.
"""

from __future__ import annotations

from typing import Any

from ikbr.domain.tape import Kind
from ikbr.strategies.kernel_layout import Fields

# The packed array: numbers,
ROW, REASON, TIME, LENGTH, FIRST_ROW, BEFORE, SCALE, HALTS, WIDTH, ROOM = range(10)
# and addresses: the compiled steps and what they work on,
STEP, RULES, PLACE, SET, POOL, STATE, PARAMS = range(10, 17)
# what the kernel returned and its states at the orders,
VALUES, STATES = range(17, 19)
# the tape's columns, and the rows at which dealing halts or goes on.
TS, KIND, BID, ASK, LAST, BID_SIZE, ASK_SIZE, SIZE, HALT_ROWS = range(19, 28)
PACKED = 28

# Why the loop ended.
AT_END, AT_FULL, AT_UNKNOWN = range(3)

TEXT = """
'''Written by ikbr: a single run around one kernel; safe to delete.'''

@njit("int64(int64[::1])", nogil=True, error_model="numpy", cache=CACHED)
def scan(pack):
    '''Run from pack[ROW] to the end, or until there is no room for more orders.

    With a negative row, only run what is due by pack[TIME].
    '''
    length = pack[LENGTH]
    step, rules, place, address = pack[STEP], pack[RULES], pack[PLACE], pack[SET]
    state, pool, now = set_at(address), pool_at(pack[POOL]), row_of(place)
    own, numbers = state_at(pack[STATE]), params_at(pack[PARAMS])
    ts = int64s(pack[TS], length)
    kinds = uint8s(pack[KIND], length)
    bids = int32s(pack[BID], length)
    asks = int32s(pack[ASK], length)
    lasts = int32s(pack[LAST], length)
    bid_sizes = int32s(pack[BID_SIZE], length)
    ask_sizes = int32s(pack[ASK_SIZE], length)
    sizes = int64s(pack[SIZE], length)
    halts = int64s(pack[HALT_ROWS], pack[HALTS])
    if pack[ROW] < 0:
        call(step, SETTLE, rules, address, place, pack[TIME])
        return 0
    first, scale, before = pack[FIRST_ROW], np.float64(pack[SCALE]), pack[BEFORE]
    low, high, position = state.low, state.high, state.position
    width, room = pack[WIDTH], pack[ROOM]
    live, noted = int64s(pack[STATE], width), int64s(pack[STATES], width * room)
    values = int64s(pack[VALUES], room)
    pool.count = count = 0
    reason = AT_END
    i = pack[ROW]
    while i < length:
        if i >= state.next_row:
            state.mark = standing(bids, asks, lasts, i, before)
            due = call(step, ADVANCE, rules, address, place, ts[i])
            next_row = reach(ts, i, length, due)
            halt = reach(halts, 0, len(halts), i + 1)
            if halt < len(halts):
                next_row = min(next_row, halts[halt])
            state.next_row = next_row
            if kinds[i] >= HALT:
                show(now, ts, kinds, bids, asks, lasts, bid_sizes, ask_sizes, first, i, before)
                call(step, FOLLOW, rules, address, place, 0)
            low, high = state.low, state.high
            if state.left != 0:
                reason = AT_UNKNOWN
                break
        held = position != 0
        buys = position <= 0
        sells = position > 0 or (position == 0 and state.short != 0)
        end = min(length, state.next_row)
        got = np.int64(0)
        while i < end:
            if held:
                mark = mark_units(np.int64(bids[i]), np.int64(asks[i]), np.int64(lasts[i]))
                if (mark < low or mark > high) and mark != NO_PRICE:
                    show(now, ts, kinds, bids, asks, lasts, bid_sizes, ask_sizes, first, i, before)
                    call(step, FOLLOW, rules, address, place, 0)
                    low, high = state.low, state.high
                    if is_unknown(state):
                        reason = AT_UNKNOWN
                        break
            got = np.int64(kernel(
                own,
                numbers,
                KernelTick(
                    bids[i] / scale if bids[i] != NO_PRICE else NAN,
                    asks[i] / scale if asks[i] != NO_PRICE else NAN,
                    lasts[i] / scale if lasts[i] != NO_PRICE else NAN,
                    np.int64(bid_sizes[i]), np.int64(ask_sizes[i]), sizes[i],
                    ts[i], PRINT <= kinds[i] <= AUCTION, 0, position, 0,
                ),
            ))
            if got != 0:
                if got == 1:
                    if buys:
                        break
                elif got != -1 or sells:
                    break
            i += 1
        if reason == AT_UNKNOWN:
            break
        if i >= end:
            continue
        if got == 1 or got == -1:
            show(now, ts, kinds, bids, asks, lasts, bid_sizes, ask_sizes, first, i, before)
            call(step, DECIDE, rules, address, place, got)
        if pool.count != count + 1 or is_unknown(state):
            reason = AT_UNKNOWN
            break
        values[count] = got
        for n in range(width):
            noted[count * width + n] = live[n]
        count += 1
        i += 1
        if count == room:
            reason = AT_FULL
            break
        low, high, position = state.low, state.high, state.position
    state.mark = standing(bids, asks, lasts, i, before)
    pack[ROW] = i
    pack[REASON] = reason
    return i
"""


def scope_of(kernel: Any, state: Fields, params: Fields) -> dict[str, Any]:
    """Give the names that the text uses.

    Args:
        kernel: The compilable kernel.
        state: The fields of its state.
        params: The fields of its parameters.
    """
    from ikbr.backtest.grid import loop
    from ikbr.backtest.single import rows

    return (
        loop.scope_of(kernel, state, params)
        | {name: value for name, value in globals().items() if name.isupper()}
        | {
            "HALT": int(Kind.HALT),
            "mark_units": rows.marks,
            "standing": rows.standing,
            "show": rows.show,
            "is_unknown": rows.is_unknown,
        }
    )
