"""What becomes of an order in every state when IB says anything about it: the reviewed table.

Run it to print the table of docs/orders.md anew; then review every cell that has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.unit.broker.conftest import Desk

from ikbr.broker.error_codes import CODES, Means
from ikbr.broker.statuses import STATUS_EVENTS
from ikbr.domain.order import Order

Act = Callable[[Desk, Order], Any]
UNLISTED = 77_777
NEW_EXECUTION = "new.01.01"


def status(word: str, filled: float = 0.0) -> Act:
    return lambda desk, order: desk.status(order, word, filled)


def code(number: int) -> Act:
    return lambda desk, order: desk.error(order, number)


def executed(*shares: int, again: bool = False) -> Act:
    """Execute so many, then correct it to so many, each with its commission."""

    def act(desk: Desk, order: Order) -> None:
        for revision, quantity in enumerate(shares, 1):
            exec_id = "new.01.01" if again else f"new.01.{revision:02d}"
            desk.execute(order, quantity, exec_id=exec_id)
            desk.charge(exec_id=exec_id)

    return act


def listed(act: Act) -> Act:
    """Let IB answer the three lists, with what they hold."""

    def answer(desk: Desk, order: Order) -> None:
        inquiry = desk.follower.inquiry
        assert inquiry is not None
        if not inquiry.running:
            inquiry.ask(order.order_id)
        act(desk, order)
        desk.answer()

    return answer


def silent(desk: Desk, order: Order) -> None:
    inquiry = desk.follower.inquiry
    assert inquiry is not None
    inquiry.ask(order.order_id)
    desk.later(6.0)


def _rejected(desk: Desk, order: Order) -> None:
    desk.error(order, 201)
    desk.status(order, "Inactive")


def _unknown(desk: Desk, order: Order) -> None:
    desk.status(order, "Submitted")
    desk.error(order, UNLISTED)


def _changing(desk: Desk, order: Order) -> None:
    desk.status(order, "Submitted")
    desk.orders.modify(order.order_id, limit_price=501.0)


def _cancelling(desk: Desk, order: Order) -> None:
    desk.status(order, "Submitted")
    desk.orders.cancel(order.order_id)


STATES: dict[str, Act] = {
    "PendingSubmit": lambda _desk, _order: None,
    "ApiPending": status("ApiPending"),
    "PreSubmitted": status("PreSubmitted"),
    "Submitted": status("Submitted"),
    "changing": _changing,
    "PendingCancel": _cancelling,
    "Inactive": status("Inactive"),
    "Unknown": _unknown,
    "Filled": lambda desk, order: (desk.execute(order), desk.charge()),
    "Cancelled": status("Cancelled"),
    "ApiCancelled": status("ApiCancelled"),
    "Rejected": _rejected,
}
"""How an order of 100 comes to each state; *changing* is Submitted with a change on its way."""

CODES_BY_MEANING: dict[Means, list[int]] = {
    means: sorted(number for number, row in CODES.items() if row.means is means) for means in Means
}
SAMPLE = {Means.DOUBT: UNLISTED}
"""Codes of one meaning have one outcome; the sample of doubt is one that is in no table."""

WORDS: dict[str, Act] = {
    **{f"status {word}": status(word, 100 if word == "Filled" else 0) for word in STATUS_EVENTS},
    "status of an unknown word": status("Bewildered"),
    "status Submitted, 40 filled": status("Submitted", 40),
    "listed as it is (openOrder Submitted)": lambda desk, order: desk.open(order),
    "execution of 40": executed(40),
    "execution of 100": executed(100),
    "the same execution twice": executed(40, 40, again=True),
    "execution of 40, corrected to 30": executed(40, 30),
    "execution of 40, taken back": executed(40, 0),
    "commission without execution": lambda desk, _order: desk.charge(exec_id=NEW_EXECUTION),
    **{
        f"code: {means.value}": code(SAMPLE.get(means, CODES_BY_MEANING[means][0]))
        for means in Means
    },
    "asked: in no list": listed(lambda _desk, _order: None),
    "asked: open": listed(lambda desk, order: desk.open(order)),
    "asked: completed, Cancelled": listed(lambda desk, order: desk.complete(order, "Cancelled")),
    "asked: no answer": silent,
    "connection lost": lambda desk, _order: desk.break_link(),
}


def outcome(state: str, word: str) -> str:
    """Bring an order into a state, let IB say something, and describe what came of it."""
    # What is asked because IB says nothing is another matter.
    desk = Desk()
    desk.broker.silence_ns = 10**15
    order = desk.send(100, "LMT", limit_price=500.0)
    STATES[state](desk, order)
    desk.later(6.0)
    desk.notices.clear()
    before, fills, asked, request = order.state, order.filled, len(desk.sent(5)), order.request
    WORDS[word](desk, order)
    # Long enough for what is late, too short for an answer to be given up.
    desk.later(3.0)
    assert desk.faults == []
    marks = "+" * (order.filled != fills) + "~" * (order.request is not request)
    if not word.startswith("asked"):
        marks += "?" * (len(desk.sent(5)) > asked)
    marks += "!" * bool(desk.notices or desk.orders.anomalies)
    return (order.state.value if order.state is not before else "·") + marks


def table() -> str:
    """Write the table as Markdown."""
    lines = [
        "| IB says | " + " | ".join(STATES) + " |",
        "|---" * (len(STATES) + 1) + "|",
    ]
    for word in WORDS:
        cells = [outcome(state, word) for state in STATES]
        lines.append("| " + " | ".join([word, *cells]) + " |")
    return "\n".join(lines)


def meanings() -> str:
    """List the codes of each meaning as Markdown."""
    lines = ["| Meaning | Codes |", "|---|---|"]
    for means, numbers in CODES_BY_MEANING.items():
        shown = " ".join(map(str, numbers)) + (" and all others" if means is Means.DOUBT else "")
        lines.append(f"| {means.value} | {shown} |")
    return "\n".join(lines)


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())
    print(table(), meanings(), sep="\n\n")
