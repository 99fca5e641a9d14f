"""Turns: the market waits for a client that follows its time."""

from __future__ import annotations

from collections.abc import Iterable

from ikbr.domain.timers import NEVER


class Turns:
    """Know whose turn it is: the market's or a client's.

    Attributes:
        told_ns: The time that the client was told last.
        until_ns: The market may not go beyond it before the client was told that it has come.
        given: The number of the last turn that was given to the client.
        taken: The number of the last one that it has ended.
    """

    __slots__ = ("given", "taken", "told_ns", "until_ns")

    def __init__(self) -> None:
        """Begin with the client's turn, so that it can prepare."""
        self.told_ns = 0
        self.until_ns = 0
        self.given = 0
        self.taken = -1

    def give(self) -> int:
        """Give the client a turn, whose number is returned."""
        self.given += 1
        return self.given

    def end(self, turn: int, until_ns: int) -> None:
        """Take the client's word that it has ended a turn.

        Args:
            turn: Which; an older one does not move the market.
            until_ns: When the client wants to be woken; 0 for never.
        """
        if self.taken < turn <= self.given:
            self.taken = turn
            self.until_ns = until_ns or NEVER

    @property
    def is_markets(self) -> bool:
        """Whether the market may move."""
        return self.taken == self.given


NOT_YET = -1
"""While it is the turn of a client, the market goes nowhere."""


def horizon(followers: Iterable[Turns]) -> int:
    """Say how far the market may go, ns UTC: NOT_YET, or NEVER for as far as it likes.

    >>> horizon([]) == NEVER, horizon([Turns()]) == NOT_YET
    (True, True)
    """
    until = NEVER
    for one in followers:
        if not one.is_markets:
            return NOT_YET
        until = min(until, one.until_ns)
    return until
