"""The same market maker on the same tape in hftbacktest; runs in its own environment.

    venv-hftbacktest/bin/python hftbacktest_maker.py '{"tape": "...", ...}'

prints one JSON object. Queue: its risk-averse model, where only prints and withdrawals of what is
displayed move an order forward. No latency; one dollar a fill.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import memory
import numpy as np
from clocks import clock_of
from hftbacktest import GTC, LIMIT, ROIVectorMarketDepthBacktest
from hftbacktest_events import asset, columns, events
from numba import njit

WARM_ROWS = 20_000
FOREVER = 10**18
SIZE, ROOM = 100.0, 500.0
BUY, SELL = 1, -1
FILLED = 3


@njit
def quote(hbt: Any, number: int, side: int, price: float, live: int) -> int:
    """Bring a side's order to a price; give the number of the order that rests there."""
    if live:
        order = hbt.orders(0).get(live)
        if price != price:
            hbt.cancel(0, live, True)
            return 0
        if abs(order.price - price) > 1e-9:
            hbt.modify(0, live, price, SIZE, True)
        return live
    if price != price:
        return 0
    if side > 0:
        hbt.submit_buy_order(0, number, price, SIZE, GTC, LIMIT, True)
    else:
        hbt.submit_sell_order(0, number, price, SIZE, GTC, LIMIT, True)
    return number


@njit
def maker(hbt: Any, out: Any) -> tuple[int, int, int]:
    """Run the strategy.

    Args:
        hbt: The backtest.
        out: Takes the fills: time, side, price in ticks.

    Returns:
        How many fills, orders and changes of the quotes.
    """
    count = sent = changes = 0
    number = 1
    live = np.zeros(2, np.int64)
    quoted = np.zeros(2)
    quoted[:] = np.nan
    while hbt.wait_next_feed(True, FOREVER) != 1:
        for at in range(2):
            if live[at]:
                order = hbt.orders(0).get(live[at])
                if order is not None and order.status == FILLED:
                    out[count, 0] = order.exch_timestamp
                    out[count, 1] = BUY if at == 0 else SELL
                    out[count, 2] = order.exec_price_tick
                    count += 1
                    live[at] = 0
                    quoted[:] = np.nan
                    hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        held = hbt.position(0)
        buy = depth.best_bid if held + SIZE <= ROOM else 0.0
        sell = depth.best_ask if held - SIZE >= -ROOM else 0.0
        if buy == quoted[0] and sell == quoted[1]:
            continue
        changes += 1
        quoted[0], quoted[1] = buy, sell
        for at in range(2):
            price = quoted[at] if quoted[at] > 0 else np.nan
            before = live[at]
            live[at] = quote(hbt, number, BUY if at == 0 else SELL, price, before)
            if live[at] == number:
                number += 1
                sent += 1
    return count, sent, changes


def run(job: dict[str, Any], limit: int | None) -> dict[str, Any]:
    """Run one backtest."""
    about, column = columns(job, limit)
    made = events(about, column, 0)
    hbt = ROIVectorMarketDepthBacktest([asset(about, column, made)])
    out = np.zeros((len(column["ts"]) // 2, 3), np.int64)
    held = memory.begin()
    clock = clock_of(job)
    began = clock()
    count, sent, changes = maker(hbt, out)
    seconds = clock() - began
    peak = memory.peak()
    hbt.close()
    units = about["price_scale"] // 10 ** about["digits"]
    return {
        "seconds": seconds,
        "extra_bytes": max(peak - held, 0),
        "orders": sent,
        "changes": changes,
        "fills": [(int(t), int(s), int(SIZE), int(p) * units) for t, s, p in out[:count]],
    }


def main() -> None:
    """Do one job."""
    job = json.loads(sys.argv[1])
    run(job, WARM_ROWS)
    result = run(job, job.get("limit"))
    again = [run(job, job.get("limit"))["seconds"] for _ in range(job.get("times", 1) - 1)]
    result["seconds"] = min([result["seconds"], *again])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
