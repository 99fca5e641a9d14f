"""The case: which tape, which strategy and which account every variant is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOOKBACK = 20
THRESHOLD = 0.00038
"""Trades about once in 1,000 ticks on the synthetic tape."""
DENSE = 0.0003
"""Trades several times as often: tells the cost of an order apart from noise."""
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
    }
    (place / "tape.json").write_text(json.dumps(about))
    return place


def job(tape: Path, variant: str, threshold: float, **more: Any) -> dict[str, Any]:
    """Say what one process has to do."""
    return {
        "tape": str(tape),
        "variant": variant,
        "lookback": LOOKBACK,
        "threshold": threshold,
        "warm_threshold": DENSE / 2,
        "quantity": QUANTITY,
        "capital": CAPITAL,
        **more,
    }
