"""Traffic: what was sent to the broker lately and in this session, counted at the last hop."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from ikbr.domain.order import Order, OrderRequest, OrderType

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS

_RESTS = frozenset((OrderType.LIMIT, OrderType.MIDPRICE))
_KEPT = 256
"""Orders, keys and amounts that are kept before those that no longer count are dropped."""


class Window:
    """Sum up amounts over the time that lies behind."""

    __slots__ = ("_entries", "_span_ns", "_sum")

    def __init__(self, span_ns: int) -> None:
        """Start empty.

        Args:
            span_ns: How long an amount counts.
        """
        self._span_ns = span_ns
        self._entries: deque[tuple[int, float]] = deque()
        self._sum = 0.0

    def add(self, now_ns: int, amount: float = 1) -> None:
        """Count an amount."""
        self._entries.append((now_ns, amount))
        self._sum += amount
        if len(self._entries) % _KEPT == 0:
            self.total(now_ns)  # Nobody else may ever ask.

    def total(self, now_ns: int) -> float:
        """Sum up what counts still."""
        entries = self._entries
        while entries and now_ns - entries[0][0] >= self._span_ns:
            self._sum -= entries.popleft()[1]
        if not entries:
            self._sum = 0.0
        return self._sum

    def __len__(self) -> int:
        """Count the amounts that are kept."""
        return len(self._entries)

    @property
    def free_ns(self) -> int | None:
        """When the oldest amount counts no longer; None when nothing counts."""
        return self._entries[0][0] + self._span_ns if self._entries else None


class Traffic:
    """Count what goes to the broker: orders (attached ones too), changes, cancellations.

    Attributes:
        is_counted: Whether a last hop is there that counts.
        messages: Over a second.
        orders, quantity, notional: Over a minute; the notional in millionths of the base currency.
        quantity_today, notional_today_micro: Since the session began.
        runs: Orders by strategy since the session began, or since a person enabled it.
        latest: When the same order was sent last, by `order_key`, ns UTC.
    """

    __slots__ = (
        "_exits",
        "_resting",
        "is_counted",
        "latest",
        "messages",
        "notional",
        "notional_today_micro",
        "orders",
        "quantity",
        "quantity_today",
        "runs",
    )

    def __init__(self) -> None:
        """Start with nothing sent."""
        self.is_counted = False
        self.messages = Window(SECOND_NS)
        self.orders = Window(MINUTE_NS)
        self.quantity = Window(MINUTE_NS)
        self.notional = Window(MINUTE_NS)
        self.quantity_today = 0
        self.notional_today_micro = 0.0
        self.runs: dict[str, int] = {}
        self.latest: dict[Hashable, int] = {}
        self._exits: dict[int, int] = {}
        self._resting: dict[str, dict[int, Order]] = {}

    def on_submit(self, order: Order, now_ns: int, unit_micro: float) -> None:
        """Count an order; of the exits of one entry only the largest trades.

        Args:
            order: What is sent.
            now_ns: The present, ns UTC.
            unit_micro: Value of a quantity of 1, millionths of the base currency.
        """
        request, parent_id, quantity = order.request, order.parent_id, order.request.quantity
        self.messages.add(now_ns)
        self.orders.add(now_ns)
        if parent_id:
            known = self._exits.get(parent_id, 0)
            self._exits[parent_id] = max(known, quantity)
            quantity = max(0, quantity - known)
        else:
            self.runs[order.strategy] = self.runs.get(order.strategy, 0) + 1
            self._note(order_key(request, order.strategy), now_ns)
        self._count(now_ns, quantity, unit_micro)
        if request.order_type in _RESTS:
            resting = self._resting.setdefault(request.symbol, {})
            resting[order.order_id] = order
            if len(resting) % _KEPT == 0:
                self._drop_ended(request.symbol)

    def on_modify(self, more: int, now_ns: int, unit_micro: float) -> None:
        """Count a change, and the quantity that it adds."""
        self.messages.add(now_ns)
        self._count(now_ns, max(0, more), unit_micro)

    def on_cancel(self, now_ns: int) -> None:
        """Count a cancellation."""
        self.messages.add(now_ns)

    def resting(self, symbol: str, side: int) -> list[Order]:
        """List our own orders of a side that may rest in the book."""
        if symbol not in self._resting:
            return []
        self._drop_ended(symbol)
        return [order for order in self._resting[symbol].values() if order.request.side == side]

    def start_day(self, kept: int) -> None:
        """Begin a session.

        Args:
            kept: Runs from which a strategy waits for a person; they are not forgotten.
        """
        self.quantity_today, self.notional_today_micro = 0, 0.0
        self.runs = {name: n for name, n in self.runs.items() if kept and n >= kept}
        self._exits.clear()

    def _count(self, now_ns: int, quantity: int, unit_micro: float) -> None:
        if quantity:
            self.quantity.add(now_ns, quantity)
            self.quantity_today += quantity
            if unit_micro == unit_micro:
                self.notional.add(now_ns, quantity * unit_micro)
                self.notional_today_micro += quantity * unit_micro

    def _note(self, key: Hashable, now_ns: int) -> None:
        latest = self.latest
        latest.pop(key, None)
        latest[key] = now_ns
        if len(latest) > _KEPT:
            del latest[next(iter(latest))]

    def _drop_ended(self, symbol: str) -> None:
        resting = self._resting[symbol]
        self._resting[symbol] = {i: order for i, order in resting.items() if not order.is_done}


def order_key(request: OrderRequest, strategy: str) -> Hashable:
    """Name what makes two orders the same."""
    return (
        strategy, request.symbol, request.side, request.quantity, request.order_type,
        request.limit_price, request.stop_price,
    )  # fmt: skip
