"""The wire log: what was sent about orders and what came back, as it went over the wire.

A message is only set aside here, so that nothing waits for it; whoever keeps the record takes what
has gathered later. Market data is never kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ikbr.broker.hot_messages import Fields

LIMIT = 20_000
"""Messages that wait at most; the oldest are dropped and counted."""


class Named(NamedTuple):
    """Say how a message is called, and which of its fields is the id of an order (0: none is)."""

    name: str
    order_at: int = 0


SENT: Mapping[str, Named] = {
    "3": Named("placeOrder", 1),
    "4": Named("cancelOrder", 2),
    "5": Named("reqOpenOrders"),
    "7": Named("reqExecutions"),
    "58": Named("reqGlobalCancel"),
    "99": Named("reqCompletedOrders"),
}
"""What is kept of what is sent, by number."""

HEARD: Mapping[bytes, Named] = {
    b"3": Named("orderStatus", 1),
    b"4": Named("error", 2),
    b"5": Named("openOrder", 1),
    b"9": Named("nextValidId"),
    b"11": Named("execDetails", 2),
    b"53": Named("openOrderEnd"),
    b"55": Named("execDetailsEnd"),
    b"59": Named("commissionReport"),
    b"101": Named("completedOrder"),
    b"102": Named("completedOrdersEnd"),
}
"""What is kept of what comes. Source: IBKR, TWS API, the decoder of the official client."""


class Message(NamedTuple):
    """Hold one message.

    Attributes:
        ts_ns: When, ns UTC.
        sent: Whether we sent it, or heard it.
        name: As IB's client calls it.
        order_id: Which order it names; 0 for none.
        fields: Its fields behind the number, as they were written.
    """

    ts_ns: int
    sent: bool
    name: str
    order_id: int
    fields: list[str]


class WireLog:
    """Set messages about orders aside.

    Attributes:
        dropped: How many were lost as nobody took them.
    """

    __slots__ = ("_kept", "_now_ns", "dropped")

    def __init__(self, now_ns: Callable[[], int], limit: int = LIMIT) -> None:
        """Start empty.

        Args:
            now_ns: Tells the time, ns UTC.
            limit: How many messages wait at most.
        """
        self._now_ns = now_ns
        self._kept: deque[tuple[int, str | Fields]] = deque(maxlen=limit)
        self.dropped = 0

    def on_sent(self, message: str) -> None:
        """Hear of a message that is put on the wire."""
        if message[: message.find("\0")] in SENT:
            self._keep(message)

    def on_heard(self, fields: Fields) -> None:
        """Hear of a message of `HEARD` that has come, before anyone has judged it."""
        self._keep(fields)

    def _keep(self, message: str | Fields) -> None:
        if len(self._kept) == self._kept.maxlen:
            self.dropped += 1
        self._kept.append((self._now_ns(), message))

    def take(self, most: int) -> list[Message]:
        """Give the oldest messages, and forget them.

        Args:
            most: How many at most.
        """
        count = min(most, len(self._kept))
        return [_read(*self._kept.popleft()) for _ in range(count)]


def _read(ts_ns: int, message: str | Fields) -> Message:
    if isinstance(message, str):
        number, *fields = message.rstrip("\0").split("\0")
        return Message(ts_ns, True, *_named(SENT[number], fields), fields)
    fields = [field.decode(errors="replace") for field in message[1:]]
    while fields and not fields[-1]:
        fields.pop()
    return Message(ts_ns, False, *_named(HEARD[message[0]], fields), fields)


def _named(known: Named, fields: list[str]) -> tuple[str, int]:
    at = known.order_at - 1
    text = fields[at] if 0 <= at < len(fields) else ""
    return known.name, int(text) if text.lstrip("-").isdigit() else 0
