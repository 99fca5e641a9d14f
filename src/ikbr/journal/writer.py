"""Writing a journal: to a file as the run goes, or from memory at its end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from ikbr.domain.errors import JournalError
from ikbr.journal.chain import BLOCK, first_hash, header_line, record_lines, seal_line
from ikbr.journal.memory_journal import Entry, MemoryJournal


class FileJournal:
    """Append records to a file, block by sealed block.

    `append` only collects; encoding, hashing and writing happen once per block, at `flush` and
    at `close`. A body is encoded then, so it must not change: hand over frozen structs, numbers,
    strings and tuples of them, never an `Order`. Same records and meta, same bytes.

    Attributes:
        path: The file.
        count: Records that are sealed.
        block: Records under one seal.
    """

    __slots__ = ("_entries", "_file", "_hash", "block", "count", "path")

    def __init__(
        self, path: Path | str, meta: Mapping[str, Any] | None = None, *, block: int = BLOCK
    ) -> None:
        """Begin a new file.

        Args:
            path: Where; its folder is made, an existing file is never overwritten.
            meta: What the run says about itself; no secrets, no wall clock.
            block: Records under one seal.

        Raises:
            JournalError: When the file exists or cannot be made.
        """
        self.path = Path(path)
        self.count = 0
        self.block = block
        self._entries: list[Entry] = []
        header = header_line(meta or {})
        self._hash = first_hash(header)
        try:
            if self.path.exists():
                raise JournalError(
                    f"journal {self.path} exists and is never overwritten; choose another name."
                )
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO | None = self.path.open("xb")
        except OSError as error:
            raise JournalError(f"journal {self.path} cannot be made: {error.strerror}.") from None
        self._file.write(header)

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        """Add a record.

        Args:
            kind: One of `ikbr.journal.records.KINDS`.
            ts_ns: When it happened, ns UTC.
            body: Of the type that the kind names; must not change afterwards.
        """
        entries = self._entries
        entries.append((kind, ts_ns, body))
        if len(entries) >= self.block:
            self.seal()

    def seal(self, *, end: bool = False) -> None:
        """Write the collected records and a seal.

        Args:
            end: Whether nothing more will come.

        Raises:
            JournalError: When the journal is closed or a body cannot be encoded.
        """
        if self._file is None:
            raise JournalError(f"journal {self.path} is closed; nothing can be added.")
        if not self._entries and not end:
            return
        block = record_lines(self.count, self._entries)
        self.count += len(self._entries)
        self._entries.clear()
        line, self._hash = seal_line(self.count, self._hash, block, end=end)
        self._file.write(block + line)

    def flush(self) -> None:
        """Seal what was collected and hand it to the operating system."""
        self.seal()
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Write the final seal; closing twice is harmless."""
        if self._file is None:
            return
        try:
            self.seal(end=True)
        finally:
            self._file.close()
            self._file = None

    def __enter__(self) -> FileJournal:
        """Use it in a `with` block, which closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; what was recorded before an exception is kept."""
        self.close()


def to_bytes(journal: MemoryJournal, meta: Mapping[str, Any] | None = None) -> bytes:
    """Write a journal from memory as the bytes that a `FileJournal` would have written."""
    parts = [header_line(meta or {})]
    prev = first_hash(parts[0])
    total = len(journal.records)
    for start in range(0, total - total % BLOCK, BLOCK):
        block = record_lines(start, journal.records[start : start + BLOCK])
        line, prev = seal_line(start + BLOCK, prev, block, end=False)
        parts += (block, line)
    start = total - total % BLOCK
    block = record_lines(start, journal.records[start:])
    parts += (block, seal_line(total, prev, block, end=True)[0])
    return b"".join(parts)
