"""What a run did, as events that can be compared and read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ikbr.domain.events import Alert, Decision, Refusal
from ikbr.domain.order import Fill, OrderRequest

_KINDS = frozenset({"decision", "refusal", "intent", "modify", "cancel", "fill", "alert"})
"""Records that tell what a strategy did and what came of it."""


class Event(msgspec.Struct, frozen=True):
    """Hold one record of a run in a form that can be compared and read.

    Attributes:
        ts_ns: When, ns UTC.
        kind: Of the record.
        exact: Everything it says; equal events have equal ones.
        text: The same in a few words.
        key: Who wanted to go which way in what, for decisions; "" otherwise.
    """

    ts_ns: int
    kind: str
    exact: str
    text: str
    key: str = ""


def events_of(
    records: Iterable[tuple[str, int, Any]], exact_until_ns: int = 2**63 - 1
) -> list[Event]:
    """Pick what a strategy did out of the journal of a run.

    Args:
        records: Kind, time (ns UTC) and body, as a `MemoryJournal` keeps them.
        exact_until_ns: From this time on only decisions are picked, with their key alone, ns UTC.

    Returns:
        The events in their order.
    """
    found = []
    for kind, ts_ns, body in records:
        if kind not in _KINDS:
            continue
        key = _key(body)
        if ts_ns < exact_until_ns:
            found.append(Event(ts_ns, kind, repr(body), _text(kind, body), key))
        elif key:
            found.append(Event(ts_ns, kind, "", "", key))
    return found


def decisions_of(events: Iterable[Event]) -> list[Event]:
    """Pick the decisions that led to an order or were refused."""
    return [event for event in events if event.key]


def decided_between(events: Iterable[Event], from_ns: int, until_ns: int) -> list[tuple[int, str]]:
    """Give time and key of the decisions within `[from_ns, until_ns)`.

    >>> decided_between([Event(5, "decision", "", "", "SPY BUY")], 5, 6)
    [(5, 'SPY BUY')]
    """
    return [(e.ts_ns, e.key) for e in events if e.key and from_ns <= e.ts_ns < until_ns]


def _key(body: Any) -> str:
    if isinstance(body, Decision):
        return f"{body.strategy} {body.symbol} {body.action}"
    if isinstance(body, Refusal):
        return f"{body.strategy} {body.request.symbol} {body.request.side.name}"
    return ""


def _text(kind: str, body: Any) -> str:
    if isinstance(body, Decision):
        why = f" ({body.reason})" if body.reason else ""
        return f"{body.strategy} decides {body.action} {abs(body.quantity)} {body.symbol}{why}"
    if isinstance(body, Refusal):
        asked = f"{body.request.side.name} {body.request.symbol}"
        return f"{body.strategy} is refused {asked}: {body.refused.reason}"
    if isinstance(body, Fill):
        what = f"{body.side.name} {body.quantity} {body.symbol} at {body.price:g}"
        return f"{body.strategy} fills {what}"
    if isinstance(body, Alert):
        return body.message
    if kind == "intent":
        return f"{body[1]} sends {_request(body[2])}"
    if kind == "modify":
        return f"order {body[0]} becomes {_request(body[1])}"
    return f"order {body} is cancelled"


def _request(request: OrderRequest) -> str:
    prices = [
        f"{name} {price:g}"
        for name, price in (("at", request.limit_price), ("stop", request.stop_price))
        if price is not None and price == price
    ]
    words = (request.side.name, str(request.quantity), request.symbol, request.order_type.value)
    return " ".join((*words, *prices))
