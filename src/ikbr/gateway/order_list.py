"""The list of orders: who has which, by every id there is, with limits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from ikbr.gateway import times
from ikbr.gateway.fields import Values
from ikbr.gateway.wire_order import WireOrder
from ikbr.sim.recent import Recent

MOST_OPEN = 50_000
NO_REQUEST = -1
"""The id of errors about nothing; orders that are bound get lower ones."""
MOST_ENDED = 2_000
"""Orders that have ended and are remembered in full."""


class OrderList:
    """Hold the orders of all clients.

    Attributes:
        by_perm: Those that have not ended, by permanent id.
        held: Those of them that their clients have not let go yet.
        highest: The highest order id by client.
        bound: The latest id of an order that was placed by hand and bound.
        on_change: Told every order that was added, let go, bound or has ended.
    """

    def __init__(self) -> None:
        """Start without orders."""
        self.by_perm: dict[int, WireOrder] = {}
        self.held: list[WireOrder] = []
        self.on_change: Callable[[WireOrder], None] = lambda _wo: None
        self._by_id: dict[tuple[int, int], WireOrder] = {}
        self.highest: dict[int, int] = {}
        self.bound = NO_REQUEST
        self._ended: Recent[tuple[int, int], WireOrder] = Recent(limit=MOST_ENDED)
        self._completed: deque[WireOrder] = deque(maxlen=MOST_ENDED)

    @property
    def is_full(self) -> bool:
        """Whether too many orders are open."""
        return len(self.by_perm) >= MOST_OPEN

    def next_id(self, client_id: int) -> int:
        """Give the lowest order id that a client may use next."""
        return self.highest.get(client_id, 0) + 1

    def add(self, wo: WireOrder) -> None:
        """Note an order that its client has not let go yet."""
        self.by_perm[wo.perm_id] = wo
        self._by_id[wo.client_id, wo.order_id] = wo
        self.highest[wo.client_id] = max(wo.order_id, self.highest.get(wo.client_id, 0))
        self.held.append(wo)
        self.on_change(wo)

    def put_back(self, wo: WireOrder) -> None:
        """Note an order that was known before, whatever it is by now."""
        key = (wo.client_id, wo.order_id)
        if wo.done:
            self._ended.put(key, wo)
            if wo.completed:
                self._completed.append(wo)
            return
        self.by_perm[wo.perm_id] = wo
        self._by_id[key] = wo
        if wo.held:
            self.held.append(wo)

    def open(self, client_id: int, order_id: int) -> WireOrder | None:
        """Give an order that has not ended."""
        return self._by_id.get((client_id, order_id))

    def ended(self, client_id: int, order_id: int) -> WireOrder | None:
        """Give an order that ended lately."""
        return self._ended.get((client_id, order_id))

    def of(self, client_id: int | None = None) -> Iterator[WireOrder]:
        """Give the orders that have not ended, of one client or of all."""
        for wo in list(self.by_perm.values()):
            if client_id is None or wo.client_id == client_id:
                yield wo

    def bind(self, wo: WireOrder, client_id: int) -> None:
        """Give an order that was placed by hand to a client, under a negative id.

        Source: IBKR, "Modifying orders placed manually from TWS".
        """
        del self._by_id[wo.client_id, wo.order_id]
        self.bound -= 1
        wo.client_id, wo.order_id = client_id, self.bound
        self._by_id[wo.client_id, wo.order_id] = wo
        self.on_change(wo)

    def let_go(self, wo: WireOrder) -> None:
        """Note that an order's client has let it go."""
        wo.held = False
        self.held.remove(wo)
        self.on_change(wo)

    def end(self, wo: WireOrder, now_ns: int, *, completed: bool) -> None:
        """Note that an order has ended.

        Args:
            wo: Which.
            now_ns: When.
            completed: Whether it is to be listed as a completed order.
        """
        if wo.held:
            self.let_go(wo)
        wo.done = True
        wo.ended_ns = now_ns
        wo.completed = completed
        key = (wo.client_id, wo.order_id)
        self.by_perm.pop(wo.perm_id, None)
        self._by_id.pop(key, None)
        self._ended.put(key, wo)
        if completed:
            self._completed.append(wo)
        self.on_change(wo)

    def completed(self, now_ns: int) -> Iterator[Values]:
        """Give the fields of the orders that have ended since midnight."""
        for wo in self._completed:
            zone = times.zone_of(wo.order.instrument.calendar)
            if wo.ended_ns >= times.midnight_ns(now_ns, zone):
                yield wo.completed_values(times.write_local(wo.ended_ns, zone))
