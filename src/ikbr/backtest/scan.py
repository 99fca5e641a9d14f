"""The scan: run ahead over the tape to the first row that needs a decision.

Rows before it can touch no working order, trip no halt and call no margin, so that nothing but
the strategy has to see them. The barriers are copied from the objects that decide; waking too
often is harmless because those decide again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from ikbr.backtest.kernel_types import array_at
from ikbr.domain.tape import NO_PRICE

# Columns of the table, one row per instrument.
ACTIVE, EVERY_ROW, ON_PRINT, BUY_LIMIT, SELL_LIMIT, BUY_STOP, SELL_STOP = range(7)
UNIT, MARK, MARK_LOW, MARK_HIGH = range(7, 11)
BUY_QUEUE, SELL_QUEUE, BUY_AHEAD, SELL_AHEAD = range(11, 15)
WIDTH = 15

# The totals.
EQUITY, PEAK, KEEP, DAILY_FLOOR, BARRIER = range(5)
TOTALS = 5

# The packed arguments of a scan: numbers,
START, END, LENGTH, COUNT = range(4)
# and addresses of the tape's columns, the marks, the table and the totals.
SYM, KIND, BID, ASK, LAST, BID_SIZE, ASK_SIZE, MARKS, TABLE, SUMS = range(4, 14)
PACKED = 14
_int64s, _int32s = array_at(types.int64), array_at(types.int32)
_int16s, _uint8s = array_at(types.int16), array_at(types.uint8)

PPB = 1_000_000_000

_PRINT, _BAR_HIGH, _BAR_LOW, _AUCTION = 1, 3, 4, 6


@njit(cache=True)
def shortens(bid: int, ask: int, bid_size: int, ask_size: int, barriers: NDArray[np.int64]) -> bool:
    """Say whether a row can shorten the queue ahead of a working order of its instrument.

    Args:
        bid: Price units, or NO_PRICE.
        ask: The same.
        bid_size: Displayed.
        ask_size: The same.
        barriers: The instrument's row of the table.
    """
    price, ahead = barriers[BUY_QUEUE], barriers[BUY_AHEAD]
    if bid != NO_PRICE and bid <= price and (bid < price or bid_size < ahead):
        return True
    price, ahead = barriers[SELL_QUEUE], barriers[SELL_AHEAD]
    return ask != NO_PRICE and ask >= price and bool(ask > price or ask_size < ahead)


@njit(cache=True)
def wakes(
    kind: int,
    bid: int,
    ask: int,
    last: int,
    bid_size: int,
    ask_size: int,
    barriers: NDArray[np.int64],
) -> bool:
    """Say whether a row can matter to a working order of its instrument.

    Args:
        kind: A `Kind`.
        bid: Price units, or NO_PRICE.
        ask: The same.
        last: The same.
        bid_size: Displayed.
        ask_size: The same.
        barriers: The instrument's row of the table.
    """
    if barriers[EVERY_ROW]:
        return True
    if kind >= _PRINT and last != NO_PRICE:
        if barriers[ON_PRINT] and not _BAR_HIGH <= kind <= _BAR_LOW:
            return True
        if last <= barriers[BUY_LIMIT] or last >= barriers[SELL_LIMIT]:
            return True
        if last >= barriers[BUY_STOP] or last <= barriers[SELL_STOP]:
            return True
    if ask != NO_PRICE and (ask <= barriers[BUY_LIMIT] or ask >= barriers[BUY_STOP]):
        return True
    if bid != NO_PRICE and (bid >= barriers[SELL_LIMIT] or bid <= barriers[SELL_STOP]):
        return True
    return bool(shortens(bid, ask, bid_size, ask_size, barriers))


@njit(cache=True)
def floor_of(peak: int, keep: int) -> int:
    """Give the drawdown floor of a peak: peak × keep / PPB, without overflow.

    Args:
        peak: High-water mark, millionths.
        keep: Part of it that must remain, in billionths; 0 for no floor.
    """
    if keep == 0 or peak <= 0:
        return np.int64(-(2**63))  # type: ignore[return-value]
    return peak // PPB * keep + peak % PPB * keep // PPB


@njit(cache=True)
def holds(mark: int, state: NDArray[np.int64], totals: NDArray[np.int64]) -> bool:
    """Book a new mark of a held instrument, unless it must be judged first.

    Args:
        mark: Price units.
        state: The instrument's row of the table; its mark is advanced.
        totals: Equity, peak and floors; advanced.

    Returns:
        Whether it was booked; False where it may call margin or trip a halt.
    """
    if mark == NO_PRICE:
        return True
    if mark < state[MARK_LOW] or mark > state[MARK_HIGH]:
        return False
    moved = totals[EQUITY] + (mark - state[MARK]) * state[UNIT]
    if moved <= totals[BARRIER]:
        return False
    totals[EQUITY] = moved
    state[MARK] = mark
    if moved > totals[PEAK]:
        totals[PEAK] = moved
        totals[BARRIER] = max(floor_of(moved, totals[KEEP]), totals[DAILY_FLOOR])
    return True


@njit(cache=True)
def scan(  # noqa: PLR0913, PLR0917 - compiled code takes the columns one by one
    start: int,
    end: int,
    sym: NDArray[np.int16],
    kind: NDArray[np.uint8],
    bid: NDArray[np.int32],
    ask: NDArray[np.int32],
    last: NDArray[np.int32],
    bid_size: NDArray[np.int32],
    ask_size: NDArray[np.int32],
    mark: NDArray[np.int32],
    table: NDArray[np.int64],
    totals: NDArray[np.int64],
) -> int:
    """Advance to the first row in `[start, end)` that needs a decision.

    Args:
        start: The first row to look at.
        end: The row to stop before.
        sym: Columns of the tape, this and the following.
        kind: A `Kind`.
        bid: Price units.
        ask: Price units.
        last: Price units.
        bid_size: Displayed.
        ask_size: Displayed.
        mark: Price units.
        table: Barriers, holdings and marks by instrument; the marks are advanced.
        totals: Equity, peak and floors; advanced.

    Returns:
        That row (marks and totals stand before it), or `end`.
    """
    row = start
    while row < end:
        s = sym[row]
        state = table[s]
        # Auctions and halts change what the exchange itself knows.
        if kind[row] >= _AUCTION:
            break
        if state[ACTIVE] and wakes(
            kind[row], bid[row], ask[row], last[row], bid_size[row], ask_size[row], state
        ):
            break
        if state[UNIT] != 0 and not holds(mark[row], state, totals):
            break
        row += 1
    return row


@njit(cache=True)
def scan_packed(pack: NDArray[np.int64]) -> int:
    """Scan what stands at addresses; handing over twelve arrays costs five times as much.

    Args:
        pack: Where everything is, and the rows to look at.

    Returns:
        What `scan` does.
    """
    length = pack[LENGTH]
    return scan(
        pack[START],
        pack[END],
        _int16s(pack[SYM], length),
        _uint8s(pack[KIND], length),
        _int32s(pack[BID], length),
        _int32s(pack[ASK], length),
        _int32s(pack[LAST], length),
        _int32s(pack[BID_SIZE], length),
        _int32s(pack[ASK_SIZE], length),
        _int32s(pack[MARKS], length),
        _int64s(pack[TABLE], pack[COUNT] * WIDTH).reshape((pack[COUNT], WIDTH)),
        _int64s(pack[SUMS], TOTALS),
    )


@njit(cache=True)
def add_sizes(
    start: int, stop: int, sym: NDArray[np.int16], size: NDArray[np.int64], sums: NDArray[np.int64]
) -> None:
    """Add up what rows `[start, stop)` printed, by instrument.

    Args:
        start: The first row.
        stop: The row to stop before.
        sym: Columns of the tape, this and the following.
        size: Shares.
        sums: By instrument; added to.
    """
    for row in range(start, stop):
        sums[sym[row]] += size[row]


def marks_of(bid: NDArray[Any], ask: NDArray[Any], last: NDArray[Any]) -> NDArray[np.int32]:
    """Give the mark of every row; the same as `domain.marks.mark_units` row by row."""
    marks = np.maximum(bid, last)
    capped = (ask != NO_PRICE) & (ask < last)
    np.copyto(marks, ask, where=capped)
    silent = last == NO_PRICE
    if silent.any():
        mid = ((bid.astype(np.int64) + ask) // 2).astype(np.int32)
        one_sided = np.where(ask == NO_PRICE, bid, mid)
        np.copyto(marks, np.where(bid == NO_PRICE, ask, one_sided), where=silent)
    return np.asarray(marks, dtype=np.int32)
