"""Scanning one segment: its sound records, and what follows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ikbr.journal.anchor import Anchor
from ikbr.journal.chain_check import ChainCheck
from ikbr.journal.records import Line


class Ending(NamedTuple):
    """Say how a segment ends.

    Attributes:
        problem: Why it was changed, or is shorter than it was; "" otherwise.
        line: Number of the first line that is wrong, from 1; 0 for none.
        torn: Bytes behind the last sound line, the work of a crash.
        reason: What is wrong with them.
    """

    problem: str = ""
    line: int = 0
    torn: int = 0
    reason: str = ""


class SegmentScan:
    """Go through a segment once; afterwards `ending` says how it ends.

    What lies behind the anchor may be torn by a crash: it had not been reported as durable. What
    lies before it may not.

    Attributes:
        check: Follows the chain.
        ending: How the segment ends; complete when all records were taken.
    """

    def __init__(self, data: bytes, anchor: Anchor | None = None) -> None:
        """Begin.

        Args:
            data: The file.
            anchor: How far it had come, where that is known.
        """
        self.check = ChainCheck()
        self.ending = Ending()
        self._data = data
        self._anchor = anchor

    def records(self) -> Iterator[Line]:
        """Give the sound records, in order."""
        data, check, start = self._data, self.check, 0
        while start < len(data):
            end = data.find(b"\n", start) + 1
            reason = check.take(data[start:end]) if end else "it has no end"
            if reason:
                self.ending = self._wrong(reason)
                return
            start = end
            if self._anchor is not None and start >= self._anchor.bytes and not self._meets():
                self.ending = Ending("it differs from what the anchor says", check.lines)
                return
            if check.record is not None:
                yield check.record
        if self._anchor is not None or check.header is None:
            self.ending = self._wrong("it ends too early")

    def finish(self) -> Ending:
        """Go through what is left, and say how it ends."""
        for _ in self.records():
            pass
        return self.ending

    def _wrong(self, reason: str) -> Ending:
        line = self.check.lines + 1
        if self._anchor is not None:
            return Ending(f"{reason}, before the end that the anchor knows", line)
        return Ending("", line, len(self._data) - self.check.length, reason)

    def _meets(self) -> bool:
        """Compare with the anchor, once; what follows was not yet reported as durable."""
        anchor, check = self._anchor, self.check
        self._anchor = None
        return anchor is None or (anchor.bytes, anchor.records, anchor.hash) == (
            check.length,
            check.count,
            check.digest,
        )
