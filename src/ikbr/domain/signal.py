"""Signals: what a strategy wants, before anyone asked how much or whether."""

from __future__ import annotations

from typing import Literal

import msgspec

Action = Literal["BUY", "SELL", "FLAT"]


class Signal(msgspec.Struct, frozen=True, gc=False):
    """Ask to be long, short or flat in one symbol.

    Emitting the same signal again is harmless: the position and what is already in flight
    count, so that nothing is ordered twice.

    Attributes:
        action: "BUY" (be long), "SELL" (be short, or flat when the strategy is long-only) or
            "FLAT" (hold nothing).
        symbol: Of which instrument.
        price: The price that the decision was made at.
        strength: Share of the full size to take, in (0, 1].
        reason: Why, in words; shown in reports.
        target: Signed quantity to hold exactly; None lets the sizing decide.
        group: Signals of one call that carry the same group are taken together or not at all.
        urgency: How much waiting the order bears: "patient", "normal", "urgent" or "now"; "" leaves
            it to the settings (`routing`).

    >>> Signal("BUY", "SPY", 167.41).action
    'BUY'
    """

    action: Action
    symbol: str
    price: float
    strength: float = 1.0
    reason: str = ""
    target: int | None = None
    group: str = ""
    urgency: str = ""
