"""Samples: the marks at the moments at which a run notes its equity, shared by all sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ikbr.core.agenda import MINUTE_NS
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE


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
        # A moment at which rows come is noted before them.
        stop = int(np.searchsorted(self.ts, ts[-1], "right"))
        inside = slice(self._done, stop)
        place = np.searchsorted(ts, self.ts[inside], "left")
        known = place > 0
        self.row[inside] = first + place
        self.mark[inside] = np.where(known, marks[place - 1], self._last[0])
        self.standing[inside] = np.where(known, standing[place - 1], self._last[1])
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
