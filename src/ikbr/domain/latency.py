"""Latency of orders: where the time between a tick and its order went, stage by stage."""

from __future__ import annotations

import msgspec

STAGES = ("decoded", "signal", "risk", "journal", "written", "ack", "fill")
"""What is stamped, in the order of the way; counted from `recv`, when the bytes were read."""

TICK_TO_ORDER = "written"


class OrderLatency(msgspec.Struct, frozen=True, gc=False):
    """Say when an order passed each stage, ns after the bytes of its tick were read; −1 for never.

    Attributes:
        order_id: Which order.
        decoded: The quote or print was whole.
        signal: The strategy had answered with something that matters.
        risk: Size and risk let it through.
        journal: The intent was written to the journal.
        written: The order was handed to the socket.
        ack: The broker's first word.
        fill: The first fill.
    """

    order_id: int
    decoded: int = -1
    signal: int = -1
    risk: int = -1
    journal: int = -1
    written: int = -1
    ack: int = -1
    fill: int = -1
