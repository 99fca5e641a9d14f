"""The note on an order: our own name for it, kept by IB in `orderRef`.

It survives reconnects, restarts and other clients, so that an order can always be found again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

PREFIX = "ikbr"


class OrderRef(NamedTuple):
    """Say whose an order is.

    Attributes:
        order_id: Our number of it.
        strategy: Who asked for it.
    """

    order_id: int
    strategy: str


def write_ref(order_id: int, strategy: str) -> str:
    """Write the note; what is not plain text is escaped, as the wire carries ASCII only.

    >>> write_ref(17, "momentum fast")
    'ikbr:17:momentum fast'
    """
    return f"{PREFIX}:{order_id}:{_plain(strategy)}"


def read_ref(text: str) -> OrderRef | None:
    """Read the note; None when the order is none of ours.

    >>> read_ref("ikbr:17:momentum fast")
    OrderRef(order_id=17, strategy='momentum fast')
    >>> read_ref("placed by hand") is None
    True
    """
    parts = text.split(":", 2)
    if len(parts) < 3 or parts[0] != PREFIX or not (parts[1].isascii() and parts[1].isdecimal()):
        return None
    return OrderRef(int(parts[1]), unquote(parts[2]))


@lru_cache(maxsize=1_024)
def _plain(strategy: str) -> str:
    return quote(strategy, safe=" /:._-()[]=,+")
