"""The bare compiled loop: momentum, fills, fees and a drawdown check, and nothing else.

What an engine over these columns could reach that had no order objects, no journal and no choice
of settings. Its fills are those of the engine, which the benchmark checks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from clocks import clock_of

from ikbr.domain.instrument import MICRO
from ikbr.domain.tape import NO_PRICE, Tape

FEE_MICRO = 1_000_000
"""IBKR's least commission of an order, which 10 shares always cost."""


def run(job: dict[str, Any], tape: Tape) -> dict[str, Any]:
    """Run the loop.

    Args:
        job: The strategy's numbers.
        tape: The rows.
    """
    loop = _compiled()
    room = len(tape) // 10 + 1
    out = np.empty((room, 3), np.int64)
    scale = tape.instruments[0].price_scale
    # The strategy divides prices by the scale, as the engine does.
    arguments = (
        tape.ts, tape.sym, tape.bid, tape.ask, tape.last, scale, len(tape.instruments),
        job["lookback"], job["threshold"], job["quantity"], round(job["capital"] * 1e6), out,
    )  # fmt: skip
    clock = clock_of(job)
    began = clock()
    orders, signals, equity = loop(*arguments)
    seconds = clock() - began
    fills = [(int(t), int(s), job["quantity"], int(p)) for t, s, p in out[:orders]]
    return {
        "seconds": seconds,
        "orders": orders,
        "signals": signals,
        "equity": equity / 1e6,
        "fills": fills,
    }


@functools.cache
def _compiled() -> Callable[..., tuple[int, int, int]]:
    from numba import njit

    return njit(_loop)


def _loop(  # noqa: PLR0913, PLR0915, PLR0917
    ts: Any, sym: Any, bid: Any, ask: Any, last: Any, scale: Any, symbols: Any,
    lookback: Any, threshold: Any, quantity: Any, capital: Any, out: Any,
) -> Any:  # fmt: skip
    prices = np.full((symbols, lookback), np.nan)
    place = np.zeros(symbols, np.int64)
    position = np.zeros(symbols, np.int64)
    mark = np.zeros(symbols, np.int64)
    each = MICRO // np.int64(scale)
    equity = peak = np.int64(capital)
    orders = signals = 0
    for row in range(len(ts)):
        s = np.int64(sym[row]) if symbols > 1 else 0
        if position[s] != 0 and bid[row] != NO_PRICE and ask[row] != NO_PRICE:
            now = min(max(np.int64(last[row]), np.int64(bid[row])), np.int64(ask[row]))
            equity += (now - mark[s]) * position[s] * each
            mark[s] = now
            peak = max(peak, equity)
            if peak - equity > peak // 20:
                break
        if last[row] == NO_PRICE:
            continue
        price = last[row] / scale
        at = place[s]
        prices[s, at] = price
        at += 1
        if at == lookback:
            at = 0
        place[s] = at
        momentum = price / prices[s, at] - 1.0
        if momentum > threshold:
            signals += 1
            if position[s] == 0 and ask[row] != NO_PRICE:
                side = 1
                paid = np.int64(ask[row])
            else:
                continue
        elif momentum < -threshold:
            signals += 1
            if position[s] > 0 and bid[row] != NO_PRICE:
                side = -1
                paid = np.int64(bid[row])
            else:
                continue
        else:
            continue
        now = min(max(np.int64(last[row]), np.int64(bid[row])), np.int64(ask[row]))
        equity += (now - paid) * side * quantity * each - FEE_MICRO
        position[s] += side * quantity
        mark[s] = now
        out[orders, 0], out[orders, 1], out[orders, 2] = ts[row], side, paid
        orders += 1
    return orders, signals, equity
