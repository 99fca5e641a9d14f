"""The universe: virtual time, and everything that happens in it, one thing after the other.

What runs next is decided by time, then by the order in which it was asked for; there is no other
source of order, so that the same seed is the same run on every machine.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ikbr.domain.errors import InvariantError

if TYPE_CHECKING:
    from ikbr.simulate.node import Node

SECOND = 1_000_000_000

MOST_TURNS = 20_000
"""Turns at one moment: more than that is a loop that waits for a time that cannot come."""

Event = tuple[int, int, Callable[..., Any], tuple[Any, ...]]


class SpinsError(InvariantError):
    """Something waits for a time that cannot come."""


class Universe:
    """Keep virtual time and let nodes take turns.

    Attributes:
        now_ns: The present, ns since the start.
        rng: The only source of chance.
        nodes: Who lives, in the order they came.
        dead: Who lived.
        turns: How many turns nodes have taken.
        after_turn: Called after every turn of a node; checks invariants.
    """

    def __init__(self, seed: int) -> None:
        """Begin at time 0.

        Args:
            seed: Decides every chance.
        """
        self.now_ns = 0
        self.rng = random.Random(seed)
        self.nodes: list[Node] = []
        self.dead: list[Node] = []
        self.turns = 0
        self.after_turn: Callable[[], None] = _nothing
        self._events: list[Event] = []
        self._count = 0

    def call_at(self, due_ns: int, callback: Callable[..., Any], *args: Any) -> None:
        """Have something happen at a time, outside of all nodes (the network, a fault)."""
        self._count += 1
        heapq.heappush(self._events, (max(due_ns, self.now_ns), self._count, callback, args))

    def call_in(self, delay_s: float, callback: Callable[..., Any], *args: Any) -> None:
        """Have something happen after a while."""
        self.call_at(self.now_ns + round(delay_s * SECOND), callback, *args)

    def run_until(self, end_ns: int) -> None:
        """Let everything happen up to a time.

        Args:
            end_ns: The time, ns since the start.
        """
        while True:
            self._settle()
            due = self._next_ns()
            if due > end_ns:
                break
            self.now_ns = max(self.now_ns, due)
            while self._events and self._events[0][0] <= self.now_ns:
                _, _, callback, args = heapq.heappop(self._events)
                callback(*args)
        self.now_ns = max(self.now_ns, end_ns)

    def run_for(self, seconds: float) -> None:
        """Let everything happen for a while."""
        self.run_until(self.now_ns + round(seconds * SECOND))

    def close(self) -> None:
        """End everything: what processes still do at their end has no effect any more."""
        self.after_turn = _nothing
        for node in (*self.dead, *self.nodes):
            node.bury()

    def _settle(self) -> None:
        """Let nodes take turns until none has anything to do now."""
        busy, turns = True, 0
        while busy:
            busy = False
            for node in tuple(self.nodes):
                if node.alive and node.next_ns() <= self.now_ns:
                    node.take_turn()
                    turns += 1
                    busy = True
                    self.after_turn()
            if turns > MOST_TURNS:
                raise SpinsError(f"{turns} turns at {self.now_ns / SECOND:.6f} s: something spins.")
        self.turns += turns

    def _next_ns(self) -> int:
        due = self._events[0][0] if self._events else _NEVER
        return min([due, *(node.next_ns() for node in self.nodes)])


_NEVER = 1 << 62


def _nothing() -> None:
    pass
