"""Records: what is written down of accounts, orders and executions."""

from __future__ import annotations

from typing import Any

import msgspec

from ikbr.gateway import times
from ikbr.gateway.books import BooksRecord
from ikbr.gateway.wire_order import WireOrder

NEW_YORK = "US/Eastern"
MOST_ENDED = 2_000
"""Orders that have ended and are kept."""


class OrderRecord(msgspec.Struct):
    """Hold one order; see `WireOrder`."""

    perm_id: int
    parent_perm: int
    symbol: str
    created_ns: int
    order_id: int
    client_id: int
    account: str
    values: dict[str, Any]
    held: bool
    waits: bool
    status: str
    done: bool
    filled: int
    cost_units: int
    last_units: int
    commission_micro: int
    why_held: str
    ended_ns: int
    silent: bool
    feigned: bool
    completed: bool

    @classmethod
    def of(cls, wo: WireOrder) -> OrderRecord:
        """Write an order down."""
        own = {name: getattr(wo, name) for name in COPIED}
        parent = wo.parent.perm_id if wo.parent is not None else 0
        return cls(
            perm_id=wo.perm_id,
            parent_perm=parent,
            symbol=wo.order.instrument.symbol,
            created_ns=wo.order.created_ns,
            **own,
        )


COPIED = tuple(
    name for name in OrderRecord.__struct_fields__ if name in WireOrder.__struct_fields__
)
"""What an order and its record share."""


class ExecutionRecord(msgspec.Struct, array_like=True):
    """Hold one execution and its commission, as they are told."""

    ts_ns: int
    execution: dict[str, Any]
    commission: dict[str, Any]


class Change(msgspec.Struct):
    """Hold what is new at a moment; all together are the state.

    Attributes:
        now_ns: The moment, ns UTC.
        rows_now: How many rows of this very moment had been played.
        next_perm: The next permanent id.
        exec_id: Number of the latest execution.
        bound: The latest id of an order that was placed by hand and bound.
        highest: The highest order id by client.
        books: Accounts that changed.
        orders: Orders that changed.
        executions: New ones.
    """

    now_ns: int
    rows_now: int
    next_perm: int
    exec_id: int
    bound: int
    highest: dict[int, int]
    books: dict[str, BooksRecord] = {}
    orders: list[OrderRecord] = []
    executions: list[ExecutionRecord] = []


class State:
    """Put changes together.

    Attributes:
        latest: The latest change.
        books: By name.
        orders: By permanent id; those that changed last stand last.
        executions: Those that were kept.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.latest: Change | None = None
        self.books: dict[str, BooksRecord] = {}
        self.orders: dict[int, OrderRecord] = {}
        self.executions: list[ExecutionRecord] = []

    def apply(self, change: Change) -> None:
        """Take a change."""
        self.latest = change
        self.books |= change.books
        for one in change.orders:
            self.orders.pop(one.perm_id, None)
            self.orders[one.perm_id] = one
        self.executions += change.executions

    def whole(self) -> Change:
        """Give all that still matters as one change: executions and ended orders of today only."""
        assert self.latest is not None
        midnight = times.midnight_ns(self.latest.now_ns, NEW_YORK)
        self.executions = [one for one in self.executions if one.ts_ns >= midnight]
        parents = {one.parent_perm for one in self.orders.values() if not one.done}
        ended = [one for one in self.orders.values() if one.done]
        gone = ended[:-MOST_ENDED] + [one for one in ended if one.ended_ns < midnight]
        for one in gone:
            if one.perm_id not in parents:
                self.orders.pop(one.perm_id, None)
        return msgspec.structs.replace(
            self.latest,
            books=self.books,
            orders=list(self.orders.values()),
            executions=self.executions,
        )
