"""Samples: the marks at the moments at which a run notes its equity, shared by all sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikbr.core.agenda import MINUTE_NS
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Tape

MarksAt = Callable[[NDArray[np.intp]], tuple[NDArray[Any], NDArray[Any]]]
"""From rows to their marks, carried on and as they stand."""


class Samples:
    """Note what stood at every minute and close of a session, and at the end.

    Attributes:
        ts: Times, ns UTC.
        row: How many rows of the tape came before each.
        mark: The mark, carried on where nothing stood.
        standing: The mark, or NO_PRICE where nothing stood.
    """

    def __init__(self, sessions: Sequence[Session]) -> None:
        """List the moments of the sessions."""
        pieces = [
            np.append(np.arange(s.open_ns + MINUTE_NS, s.close_ns + 1, MINUTE_NS), s.close_ns)
            for s in sessions
        ]
        self.ts: NDArray[np.int64] = np.unique(np.concatenate(pieces)).astype(np.int64)
        self.row = np.zeros(len(self.ts), np.int64)
        self.mark = np.full(len(self.ts), NO_PRICE, np.int64)
        self.standing = self.mark.copy()
        self._done = 0
        self._last = NO_PRICE, NO_PRICE, 0

    def see(
        self,
        ts: NDArray[np.int64],
        marks: NDArray[np.int32],
        standing: NDArray[np.int32],
        first: int,
    ) -> None:
        """Follow a piece of the tape.

        Args:
            ts: Times of its rows.
            marks: Marks, carried on.
            standing: Marks of the rows alone.
            first: Number of its first row.
        """
        self._take(ts, first, lambda rows: (marks[rows], standing[rows]))

    def look(self, tape: Tape, first: int) -> None:
        """Follow a piece of the tape of which the marks are not worked out yet.

        Args:
            tape: The piece, of one instrument.
            first: Number of its first row.
        """
        from ikbr.backtest.scan import marks_of

        def marks_at(rows: NDArray[np.intp]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
            standing = marks_of(tape.bid[rows], tape.ask[rows], tape.last[rows])
            if not (standing == NO_PRICE).any():
                return standing, standing
            every = marks_of(tape.bid, tape.ask, tape.last)
            return carried(every, self._last[0])[rows], standing

        self._take(tape.ts, first, marks_at)

    def _take(self, ts: NDArray[np.int64], first: int, marks_at: MarksAt) -> None:
        # A moment at which rows come is noted before them.
        stop = int(np.searchsorted(self.ts, ts[-1], "right"))
        inside = slice(self._done, stop)
        place = np.searchsorted(ts, self.ts[inside], "left")
        known = place > 0
        marks, standing = marks_at(np.append(np.maximum(place - 1, 0), len(ts) - 1))
        self.row[inside] = first + place
        self.mark[inside] = np.where(known, marks[:-1], self._last[0])
        self.standing[inside] = np.where(known, standing[:-1], self._last[1])
        self._done = stop
        self._last = int(marks[-1]), int(standing[-1]), first + len(ts)

    def finish(self, end_ns: int) -> None:
        """Note the moments after the last row, and the end of the run."""
        if self.ts[-1] < end_ns:
            self.ts = np.append(self.ts, end_ns)
            self.mark, self.standing, self.row = (
                np.append(values, 0) for values in (self.mark, self.standing, self.row)
            )
        rest = slice(self._done, None)
        self.mark[rest], self.standing[rest], self.row[rest] = self._last


def carried(marks: NDArray[np.int32], before: int) -> NDArray[np.int32]:
    """Carry marks on over rows at which nothing stands.

    Args:
        marks: The mark of every row, or NO_PRICE.
        before: The mark before the first row, or NO_PRICE.

    >>> carried(np.array([NO_PRICE, 5, NO_PRICE], np.int32), 3).tolist()
    [3, 5, 5]
    """
    silent = marks == np.int32(NO_PRICE)
    if not silent.any():
        return marks
    place = np.where(silent, -1, np.arange(len(marks)))
    np.maximum.accumulate(place, out=place)
    return np.where(place < 0, np.int32(before), marks[np.maximum(place, 0)])
