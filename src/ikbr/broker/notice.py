"""A notice: what a person should know, and the broker's word does not settle."""

from __future__ import annotations

from typing import NamedTuple


class Notice(NamedTuple):
    """Report what a person should know.

    Attributes:
        order_id: About which order; -1 for none.
        words: What it is.
    """

    order_id: int
    words: str
