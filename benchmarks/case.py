"""The case: which tape, which strategy and which account every variant is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOOKBACK = 20
ORDERS = {"some": 1.0, "dense": 5.0, "none": 0.0}
"""Orders per 1,000 ticks: the second tells the cost of an order apart from noise."""
NEVER = 0.5
"""Momentum that never happens: a run without orders."""
QUANTITY = 10
CAPITAL = 10_000_000.0
SYMBOL = "SYN0"
SEED = 7

COLUMNS = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")


def make_tape(rows: int, folder: Path) -> Path:
    """Write a synthetic tape as plain arrays, which every peer can read without ikbr.

    Args:
        rows: How many.
        folder: Where to put it.

    Returns:
        The folder of the tape: one `.npy` per column and `tape.json`.
    """
    import numpy as np

    from ikbr.sim.synthetic.big import DAY_NS, START_NS, big_tape

    place = folder / f"tape-{rows}"
    place.mkdir()
    tape = big_tape(rows, 1, SEED)
    for name in COLUMNS:
        np.save(place / f"{name}.npy", getattr(tape, name))
    about = {
        "rows": rows,
        "symbol": SYMBOL,
        "price_scale": tape.instruments[0].price_scale,
        "bytes": sum(getattr(tape, name).nbytes for name in COLUMNS),
        "open_ns": START_NS,
        "close_ns": START_NS + DAY_NS + 1,
        "thresholds": {name: threshold(tape.last, rate) for name, rate in ORDERS.items()},
    }
    (place / "tape.json").write_text(json.dumps(about))
    return place


def threshold(last: Any, per_thousand: float) -> float:
    """Find the threshold at which momentum trades so often on a tape.

    How much prices move within 20 rows depends on how many rows a day has, so that no one
    threshold does for tapes of all lengths.

    Args:
        last: Last prices row by row, price units; what is not above 0 is unknown.
        per_thousand: Orders wanted per 1,000 rows; 0 for none.
    """
    import numpy as np

    if not per_thousand:
        return NEVER
    known = last[last > 0]
    rise = known[LOOKBACK - 1 :] / known[: len(known) - LOOKBACK + 1] - 1.0
    low, high = 0.0, float(np.abs(rise).max())
    for _ in range(40):
        middle = (low + high) / 2
        turns = np.sign(rise[np.abs(rise) > middle])
        orders = int(np.count_nonzero(np.diff(turns))) + 1
        if orders > per_thousand * len(last) / 1000:
            low = middle
        else:
            high = middle
    return high


def job(tape: Path, variant: str, orders_of: str, **more: Any) -> dict[str, Any]:
    """Say what one process has to do."""
    thresholds = json.loads((tape / "tape.json").read_text())["thresholds"]
    return {
        "tape": str(tape),
        "variant": variant,
        "lookback": LOOKBACK,
        "threshold": thresholds[orders_of],
        "warm_threshold": thresholds["dense"] / 2,
        "quantity": QUANTITY,
        "capital": CAPITAL,
        **more,
    }
