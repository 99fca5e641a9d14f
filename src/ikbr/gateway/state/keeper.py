"""The keeper: writes down what changed before anybody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.domain.errors import StateError
from ikbr.gateway.books import Books
from ikbr.gateway.fields import Values
from ikbr.gateway.state.file import StateFile
from ikbr.gateway.state.records import Change, ExecutionRecord, OrderRecord, State
from ikbr.gateway.times import SECOND_NS
from ikbr.gateway.wire_order import WireOrder

if TYPE_CHECKING:
    from ikbr.gateway.world import World

LARGEST = 16 << 20
"""Bytes of the file from which on it is written anew, if it is twice what it was then."""
EVERY_NS = SECOND_NS
"""How often the time is noted when nothing else changes."""


class Keeper:
    """Follow a world and write down what changes in it."""

    def __init__(self, world: World, file: StateFile, state: State) -> None:
        """Begin with all that there is.

        Args:
            world: Which.
            file: Where.
            state: What the world was made of.

        Raises:
            StateError: When something could be on its way while it is written down.
        """
        model = world.options.model
        if model.entry_ns or model.response_ns:
            raise StateError(
                f"--state and --latency-ms {model.latency_ms:g} do not go together: orders and "
                "fills on their way could not be kept; leave one of them out."
            )
        self._world = world
        self._file = file
        self._state = state
        self._orders: dict[int, WireOrder] = {}
        self._books: dict[str, Books] = dict(world.books)
        self._executions: list[ExecutionRecord] = []
        self._saved_ns = world.now_ns
        desk = world.desk
        for wo in desk.orders.of():
            self._on_order(wo)
        desk.orders.on_change = desk.news.on_change = self._on_order
        desk.executed.on_new = self._on_execution
        world.on_books = self._on_books
        world.on_settled = self.save
        self._rewrite(self._change())

    def save(self) -> None:
        """Write down what has changed since the last time."""
        new = self._orders or self._books or self._executions
        if new or self._world.now_ns - self._saved_ns >= EVERY_NS:
            change = self._change()
            self._state.apply(change)
            self._file.add(change)
            if self._file.size >= self._limit:
                self._rewrite(None)

    def close(self) -> None:
        """Write down where the world stands."""
        self._rewrite(self._change())

    def _on_order(self, wo: WireOrder) -> None:
        self._orders.pop(wo.perm_id, None)
        self._orders[wo.perm_id] = wo

    def _on_books(self, books: Books) -> None:
        self._books[books.name] = books

    def _on_execution(self, ts_ns: int, execution: Values, commission: Values) -> None:
        self._executions.append(ExecutionRecord(ts_ns, execution, commission))

    def _change(self) -> Change:
        world, desk, player = self._world, self._world.desk, self._world.player
        self._saved_ns = world.now_ns
        change = Change(
            now_ns=world.now_ns,
            rows_now=player.same if player.latest_ns == world.now_ns else 0,
            next_perm=desk.next_perm,
            exec_id=world.exchange.exec_id,
            bound=desk.orders.bound,
            highest=dict(desk.orders.highest),
            books={name: books.state() for name, books in self._books.items()},
            orders=[OrderRecord.of(wo) for wo in self._orders.values()],
            executions=self._executions,
        )
        self._orders, self._books, self._executions = {}, {}, []
        return change

    def _rewrite(self, change: Change | None) -> None:
        if change is not None:
            self._state.apply(change)
        self._file.write(self._state.whole())
        self._limit = max(LARGEST, 2 * self._file.size)
