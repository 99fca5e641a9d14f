"""The player: turns the pages of a tape, as far as it is told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ikbr.domain.tape import Tape, TapeSource
from ikbr.domain.timers import NEVER

BLOCK = 8_192
"""Rows turned into Python values at a time."""

MOST_KEPT = 4_000_000
"""Rows that were played and can still be looked at (besides the piece that is being played)."""

Row = tuple[int, int, int, int, int, int, int, int, int]
"""ts, sym, kind, bid, ask, last, bid_size, ask_size, size."""

COLUMNS = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")


class Player:
    """Give the rows of a tape one by one.

    Attributes:
        played: Rows given so far.
        ended: Whether the tape is over.
        latest_ns: When the latest row came, ns UTC.
        same: How many rows of that moment were given.
    """

    def __init__(self, source: TapeSource) -> None:
        """Open a tape; its first row is read."""
        self._source = source
        self._chunks: Iterator[Tape] = iter(source.chunks())
        self._tape: Tape | None = None
        self._at = 0
        self._rows: Iterator[Row] = iter(())
        self._next: Row | None = None
        self._kept: deque[tuple[Tape, int]] = deque()
        self._read = 0
        self.played = self.latest_ns = self.same = 0
        self.ended = False
        self._advance()

    @property
    def next_ns(self) -> int:
        """When the next row comes, ns UTC; NEVER after the last."""
        return self._next[0] if self._next is not None else NEVER

    @property
    def kept_from_ns(self) -> int:
        """From when on what was played can still be looked at, ns UTC."""
        return int(self._kept[0][0].ts[0]) if self._kept else NEVER

    def play(self, row: Callable[..., None], *, until_ns: int, most: int = NEVER) -> int:
        """Give rows.

        Args:
            row: Who gets them, field by field.
            until_ns: Rows up to this time, ns UTC.
            most: No more than so many.

        Returns:
            How many were given.
        """
        count = 0
        while count < most:
            one = self._next
            if one is None or one[0] > until_ns:
                break
            self._advance()
            count += 1
            self.played += 1
            self.same = self.same + 1 if one[0] == self.latest_ns else 1
            self.latest_ns = one[0]
            row(*one)
        return count

    def past(self) -> Iterator[tuple[Tape, int]]:
        """Give the pieces of tape that are kept, and how many rows of each were played."""
        for tape, start in self._kept:
            yield tape, min(len(tape), self.played - start)

    def _advance(self) -> None:
        one = next(self._rows, None)
        while one is None and self._block():
            one = next(self._rows, None)
        self._next = one
        self.ended = one is None

    def _keep(self, tape: Tape) -> None:
        self._kept.append((tape, self._read))
        self._read += len(tape)
        held = sum(len(one) for one, _ in self._kept)
        while len(self._kept) > 2 and held - len(self._kept[0][0]) >= MOST_KEPT:
            held -= len(self._kept.popleft()[0])

    def _block(self) -> bool:
        """Read the next block of rows; say whether there is one."""
        while self._tape is None or self._at >= len(self._tape):
            self._tape = next(self._chunks, None)
            self._at = 0
            if self._tape is None:
                return False
            self._keep(self._tape)
        tape, start = self._tape, self._at
        self._at = stop = min(start + BLOCK, len(tape))
        columns: list[NDArray[np.int64]] = [getattr(tape, name)[start:stop] for name in COLUMNS]
        self._rows = zip(*(column.tolist() for column in columns), strict=True)
        return True
