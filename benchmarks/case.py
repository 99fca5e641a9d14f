"""The case: which tape, which strategy and which account every variant is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOOKBACK = 20
ORDERS = ("some", "dense", "none")
"""About 1, 6 and 0 orders per 1,000 ticks: the second tells the cost of an order from noise."""
QUANTITY = 10
CAPITAL = 10_000_000.0

COLUMNS = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")


def job(tape: Path, variant: str, orders_of: str, **more: Any) -> dict[str, Any]:
    """Say what one process has to do."""
    thresholds = json.loads((tape / "tape.json").read_text())["thresholds"]
    return {
        "tape": str(tape),
        "variant": variant,
        "lookback": LOOKBACK,
        "threshold": thresholds[orders_of],
        "warm_threshold": thresholds["dense"],
        "quantity": QUANTITY,
        "capital": CAPITAL,
        **more,
    }
