"""The trace of a run: orders, fills, refusals and books, read from the records of its journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ikbr.domain.events import Decision, Refusal
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Fill, OrderRequest
from ikbr.domain.session_events import OperatorAction
from ikbr.journal.replay import State

Entry = tuple[str, int, Any]
"""Kind, time and body of a record."""

NAN = float("nan")


@dataclass(slots=True)
class OrderTrace:
    """Follow one order.

    Attributes:
        order_id: Its number in its own run.
        ts_ns: When it was decided.
        strategy: Who decided.
        request: What was asked for, as it was decided.
        exit: Whether it is attached to another order.
        seen: The price that the strategy named, or saw; NaN if unknown.
        final: The request as it was last.
        state: How it stood last.
        message: What the broker said of it.
        last_ns: Until when it worked, as far as is known.
        fills: Its fills, as amended.
    """

    order_id: int
    ts_ns: int
    strategy: str
    request: OrderRequest
    exit: bool
    seen: float = NAN
    final: OrderRequest | None = None
    state: OrderState = OrderState.PENDING_SUBMIT
    message: str = ""
    last_ns: int = 0
    fills: list[Fill] = field(default_factory=list)

    @property
    def symbol(self) -> str:
        """What it trades."""
        return self.request.symbol

    @property
    def rejected(self) -> bool:
        """Whether the broker refused it before it brought anything."""
        return self.state in {OrderState.REJECTED, OrderState.INACTIVE} and not self.fills

    @property
    def filled(self) -> int:
        """How much was filled."""
        return sum(fill.quantity for fill in self.fills)


@dataclass(slots=True)
class Other:
    """Tell of a change of the books that is no fill.

    Attributes:
        ts_ns: When.
        words: What it was.
        currency: Of the amount.
        cash_micro: Cash that came or went.
        symbol, quantity: What was taken over; "" and 0 for cash alone.
    """

    ts_ns: int
    words: str
    currency: str
    cash_micro: int = 0
    symbol: str = ""
    quantity: int = 0


@dataclass(slots=True)
class Trace:
    """Hold what a run did.

    Attributes:
        orders: In the order of their decisions.
        refusals: What risk or the broker refused.
        strangers: Fills of orders that the run did not decide, but earlier ones.
        others: Other changes of its books.
        cash_micro: Cash by currency at the end.
        quantities: Positions at the end.
        actions: What a person did, and when.
        down: When the link was lost and found again: time, whether it is there, words.
        last_ns: Time of the last record.
        stopped: Whether it was ended on purpose.
    """

    orders: list[OrderTrace] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    strangers: list[Fill] = field(default_factory=list)
    others: list[Other] = field(default_factory=list)
    cash_micro: dict[str, int] = field(default_factory=dict)
    quantities: dict[str, int] = field(default_factory=dict)
    actions: list[tuple[int, OperatorAction]] = field(default_factory=list)
    down: list[tuple[int, bool, str]] = field(default_factory=list)
    last_ns: int = 0
    stopped: bool = False


def read_trace(
    before: Iterable[Entry], records: Iterable[Entry], begin_ns: int, until_ns: int
) -> Trace:
    """Follow the records of a run.

    Args:
        before: Those of earlier runs in the same journal.
        records: Those of the run.
        begin_ns: When its trading began, ns UTC; what was booked before is its opening.
        until_ns: Later ones are left out, ns UTC.

    Raises:
        JournalError: When the records do not fit together.
    """
    state = State()
    for kind, ts_ns, body in before:
        state.apply(kind, ts_ns, body)
    trace, reader = Trace(), _Reader()
    known = set(state.fills)
    opening = True
    for kind, ts_ns, body in records:
        if ts_ns > until_ns:
            continue
        state.apply(kind, ts_ns, body)
        opening = opening and kind not in _BEGUN
        # What is taken over before anything was decided is what the books began with.
        if not (opening and kind in {"cash", "baseline"}):
            reader.take(trace, kind, ts_ns, body)
        if kind == "fill" and ts_ns <= begin_ns and body.order_id not in reader.orders:
            known.add(body.exec_id)
        trace.last_ns = max(trace.last_ns, ts_ns)
    _finish(trace, state, reader.orders, known)
    return trace


_BEGUN = frozenset(("session", "decision", "refusal", "intent"))


class _Reader:
    """Note what single records say."""

    def __init__(self) -> None:
        self.orders: dict[int, OrderTrace] = {}
        self._decided: dict[tuple[str, str], Decision] = {}

    def take(self, trace: Trace, kind: str, ts_ns: int, body: Any) -> None:
        if kind == "decision":
            self._decided[body.strategy, body.symbol] = body
        elif kind == "intent":
            trace.orders.append(self._order(ts_ns, body))
        elif kind == "refusal":
            trace.refusals.append(body)
        elif kind == "connection":
            ready = body.state == "ready"
            trace.down.append((ts_ns, ready, body.message))
        elif kind == "operator":
            trace.actions.append((ts_ns, body))
        elif kind == "stop":
            trace.stopped = True
        elif kind == "cash":
            other = Other(ts_ns, body["why"], body["currency"], body["amount_micro"])
            trace.others.append(other)
        elif kind == "baseline":
            words = body.reason or "taken over"
            trace.others.append(Other(ts_ns, words, "", 0, body.symbol, body.quantity))

    def _order(self, ts_ns: int, body: tuple[int, str, OrderRequest, int]) -> OrderTrace:
        order_id, strategy, request, parent_id = body
        order = OrderTrace(order_id, ts_ns, strategy, request, parent_id > 0)
        decided = self._decided.get((strategy, request.symbol))
        if decided is not None and decided.ts_ns == ts_ns and not order.exit:
            order.seen = decided.price
        self.orders[order_id] = order
        return order


def _finish(trace: Trace, state: State, orders: Mapping[int, OrderTrace], known: set[int]) -> None:
    for order_id, order in orders.items():
        last = state.orders[order_id]
        order.final, order.state, order.message = last.request, last.state, last.message
        order.last_ns = last.done_ns or trace.last_ns
    for exec_id, fill in state.fills.items():
        if exec_id in known or not fill.quantity:
            continue
        own = orders.get(fill.order_id)
        if own is not None:
            own.fills.append(fill)
        else:
            trace.strangers.append(fill)
    books = state.portfolio
    trace.cash_micro = dict(books.cash_micro)
    trace.quantities = {s: p.quantity for s, p in books.positions.items()}
