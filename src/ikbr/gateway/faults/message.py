"""A message on its way to a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ikbr.gateway.tables import Table

TICK = "tick"
"""What the ticks of a line are called: tickPrice, tickSize, tickString, tickGeneric."""


class Message(NamedTuple):
    """Hold what a client is to be told.

    Attributes:
        name: Of the message; `TICK` for the ticks of a line.
        values: Its fields; none for ticks.
        framed: Its bytes, with their length before them.
        table: What describes it; None for ticks.
    """

    name: str
    values: Mapping[str, Any]
    framed: bytes
    table: Table | None = None
