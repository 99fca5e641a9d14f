"""The same momentum strategy on the same tape in vectorbt; runs in its own environment.

    venv-vectorbt/bin/python vectorbt_momentum.py '{"tape": "...", ...}'

prints one JSON object. Signals are computed over the whole column at once and simulated by
`Portfolio.from_signals`, long only, 10 shares, one dollar an order; buys at the ask and sells at
the bid of the row of the signal. There is no risk manager, no margin and no journal. Both steps
are counted; dividing the prices by the scale is not, nor is the equity at every tick, which it
computes when asked (`evaluated_seconds` counts it; ikbr follows the equity as it goes).
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import memory
import numpy as np
import vectorbt as vbt
from clocks import clock_of

WARM_ROWS = 20_000
FEE = 1.0
"""Dollars an order: IBKR's least commission, which 10 shares always cost."""
BUY = 0


def momentum(job: dict[str, Any], bid: Any, ask: Any, last: Any) -> Any:
    """Run the strategy; give its portfolio."""
    before = job["lookback"] - 1
    change = np.full(last.shape, np.nan)
    change[before:] = last[before:] / last[: len(last) - before] - 1.0
    enter = change > job["threshold"]
    leave = change < -job["threshold"]
    return vbt.Portfolio.from_signals(
        last,
        enter,
        leave,
        price=np.where(enter, ask, bid),
        size=float(job["quantity"]),
        fixed_fees=FEE,
        init_cash=job["capital"],
        cash_sharing=last.shape[1] > 1,
        direction="longonly",
        freq="1s",
    )


def run(job: dict[str, Any], limit: int | None) -> dict[str, Any]:
    """Run one backtest."""
    place = Path(job["tape"])
    about = json.loads((place / "tape.json").read_text())
    names = ("ts", "bid", "ask", "last")
    column = {name: np.load(place / f"{name}.npy")[:limit] for name in names}
    scale = about["price_scale"]
    prices = [(column[name] / scale)[:, None] for name in ("bid", "ask", "last")]
    gc.collect()
    gc.freeze()
    held = memory.begin()
    clock = clock_of(job)
    began = clock()
    found = momentum(job, *prices)
    records = found.orders.values
    seconds = clock() - began
    peak = memory.peak()
    equity = found.value(group_by=True)
    evaluated = clock() - began
    ts = column["ts"]
    fills = [
        (
            int(ts[r["idx"]]),
            1 if r["side"] == BUY else -1,
            int(r["size"]),
            round(r["price"] * scale),
        )
        for r in records
    ]
    return {
        "seconds": seconds,
        "evaluated_seconds": evaluated,
        "equity": float(equity.iloc[-1]),
        "extra_bytes": max(peak - held, 0),
        "orders": len(records),
        "fills": fills,
    }


def main() -> None:
    """Do one job."""
    job = json.loads(sys.argv[1])
    run({**job, "threshold": job["warm_threshold"]}, WARM_ROWS)
    result = run(job, job.get("limit"))
    again = [run(job, job.get("limit")) for _ in range(job.get("times", 1) - 1)]
    for name in ("seconds", "evaluated_seconds"):
        result[name] = min(one[name] for one in (result, *again))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
