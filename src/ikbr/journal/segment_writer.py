"""Writing one segment: each record with one write, and kept in memory when the disk refuses."""

from __future__ import annotations

from typing import NamedTuple

from ikbr.journal.chain import BLOCK, ChainWriter
from ikbr.journal.files import Files, write_whole

RESERVE = 1 << 20
"""Bytes of disk space that are kept free ahead: cancellations and fills still fit when an
intent no longer does."""

BACKLOG_LIMIT = 16 << 20
"""Bytes of records that wait in memory for a disk that refuses them."""


class Mark(NamedTuple):
    """Say how far a segment was written.

    Attributes:
        records: Records in the file.
        length: Its length in bytes.
        digest: Hash of the chain so far.
        ts_ns: Time of the latest record.
    """

    records: int = 0
    length: int = 0
    digest: str = ""
    ts_ns: int = 0


class SegmentWriter:
    """Write a segment. Nobody else may write to its file; calls must not overlap.

    Attributes:
        name: Of the file.
        handle: Of the file.
        chain: Makes the lines.
        length: Bytes that the disk took; what lies behind is the rest of a write that failed,
            and the next one goes over it.
        backlog: Lines that the disk refused; it has to take them before any other.
    """

    __slots__ = ("_files", "_last_ns", "_reserved", "backlog", "chain", "handle", "length", "name")

    def __init__(self, files: Files, handle: int, name: str, header: bytes) -> None:
        """Write the header.

        Raises:
            OSError: When the disk refuses.
        """
        self._files = files
        self.handle = handle
        self.name = name
        self.backlog = b""
        self.length = self._reserved = self._last_ns = 0
        self.chain = ChainWriter(header)
        self._put(header)

    def write(self, line: bytes, check: int, ts_ns: int) -> None:
        """Write the line of a record, behind what waits.

        Raises:
            OSError: When the disk refuses; then it is as if nothing had been tried.
        """
        self._put(self.backlog + line)
        self.backlog = b""
        self._take(line, check, ts_ns)

    def keep(self, line: bytes, check: int, ts_ns: int) -> bool:
        """Keep a record for the next write; say whether there was room."""
        if len(self.backlog) + len(line) > BACKLOG_LIMIT:
            return False
        self.backlog += line
        self._take(line, check, ts_ns)
        return True

    def touch(self) -> None:
        """Write the last byte once more: the page that a sync has cleaned costs its first writer.

        Raises:
            OSError: When the disk refuses.
        """
        self._files.write_at(self.handle, b"\n", self.length - 1)

    def flush(self) -> None:
        """Write what waits.

        Raises:
            OSError: When the disk refuses still.
        """
        if self.backlog:
            self._put(self.backlog)
            self.backlog = b""

    def seal_if_due(self) -> None:
        """Write a seal when a block is full.

        Raises:
            OSError: When the disk refuses; it is tried again with the next record.
        """
        if self.chain.unsealed >= BLOCK and not self.backlog:
            self._seal(end=False)

    def end(self) -> Mark:
        """Write what waits and the final seal, and bring all to the disk.

        Raises:
            OSError: When the disk refuses; it can be tried again.
        """
        self.flush()
        if self.chain.unsealed:
            self._seal(end=False)
        if not self.chain.ended:
            self._seal(end=True)
        self._files.truncate(self.handle, self.length)
        self._files.sync(self.handle)
        return self.mark()

    def mark(self) -> Mark:
        """Say how far it was written; only while nothing waits."""
        return Mark(self.chain.records, self.length, self.chain.digest, self._last_ns)

    def reserve(self) -> None:
        """Keep disk space free ahead.

        Raises:
            OSError: When there is too little.
        """
        if self._reserved - self.length < RESERVE // 2:
            self._files.reserve(self.handle, self.length, RESERVE)
            self._reserved = self.length + RESERVE

    def _seal(self, *, end: bool) -> None:
        line, digest = self.chain.seal(end=end)
        self._put(line)
        self.chain.take_seal(line, digest, end=end)

    def _take(self, line: bytes, check: int, ts_ns: int) -> None:
        self.chain.take(line, check)
        self._last_ns = ts_ns

    def _put(self, data: bytes) -> None:
        if self._files.write_at(self.handle, data, self.length) != len(data):
            write_whole(self._files, self.handle, data, self.length)
        self.length += len(data)
