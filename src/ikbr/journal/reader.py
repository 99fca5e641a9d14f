"""Reading a journal: its records, and whether it is what was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from ikbr.domain.errors import JournalError, UsageError
from ikbr.journal.chain import Header, Seal, first_hash, seal_line
from ikbr.journal.records import VERSION, Line, Record, typed

_HEADER = msgspec.json.Decoder(Header)
_LINE = msgspec.json.Decoder(Line)
_SEAL = msgspec.json.Decoder(Seal)

_SEAL_START = b'{"seal":'


class Verdict(NamedTuple):
    """Say whether a journal is sound.

    Attributes:
        records: Records that are sealed and sound.
        unsealed: Records after the last seal, in a journal that was not closed.
        closed: Whether the final seal is there.
        line: Number of the first line that is wrong, from 1; 0 for none.
        message: The sentence for people.
    """

    records: int
    unsealed: int
    closed: bool
    line: int
    message: str

    @property
    def tampered(self) -> bool:
        """Whether it is not what was written."""
        return self.line > 0


def verify(source: Path | str | bytes) -> Verdict:
    """Check a journal line by line against its hash chain.

    Args:
        source: The file, or its bytes.

    Returns:
        The verdict; a journal that was cut off at or behind a seal is "not closed".

    Raises:
        UsageError: When the file cannot be read.
    """
    data = source if isinstance(source, bytes) else _read(Path(source))
    lines = data.split(b"\n")
    torn = lines.pop()
    check = _Check()
    for number, line in enumerate(lines, 1):
        problem = check.line(line + b"\n")
        if problem:
            return Verdict(check.sealed, 0, False, number, f"line {number}: {problem}.")
    number = len(lines) + 1
    if torn and not check.may_begin(torn):
        return Verdict(check.sealed, 0, False, number, f"line {number}: it was not written so.")
    if check.closed:
        return Verdict(check.sealed, 0, True, 0, f"sound: {check.sealed} records, closed.")
    if not lines:
        return Verdict(0, 0, False, 1, "line 1: the header is missing.")
    loose = check.count - check.sealed
    message = f"not closed: {loose} records after the last seal" + (
        ", and a torn line." if torn else "."
    )
    return Verdict(check.sealed, loose, False, 0, message)


class _Check:
    """Follow the chain through the lines."""

    def __init__(self) -> None:
        self.prev = ""
        self.block: list[bytes] = []
        self.count = self.sealed = 0
        self.closed = False

    def line(self, line: bytes) -> str:
        """Take the next line; say what is wrong with it, or nothing."""
        if self.closed:
            return "something stands behind the final seal"
        if not self.prev:
            return self._header(line)
        if line.startswith(_SEAL_START):
            return self._seal(line)
        try:
            record = _LINE.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return "it is neither a record nor a seal"
        if record.n != self.count:
            return f"record {record.n} stands where {self.count} is due"
        self.count += 1
        self.block.append(line)
        return ""

    def may_begin(self, torn: bytes) -> bool:
        """Say whether a last line without its end can be the beginning of what is due."""
        record = f'{{"n":{self.count},"t":'.encode()
        seal = self._expected(end=False)
        begins = torn.startswith(record) or record.startswith(torn) or seal.startswith(torn)
        return bool(self.prev) and not self.closed and (begins or self._closing(torn))

    def _closing(self, torn: bytes) -> bool:
        return self._expected(end=True).startswith(torn)

    def _header(self, line: bytes) -> str:
        try:
            header = _HEADER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return "it is not the header of a journal"
        if header.ikbr_journal != VERSION:
            return f"format {header.ikbr_journal} is unknown; this version reads {VERSION}"
        self.prev = first_hash(line)
        return ""

    def _seal(self, line: bytes) -> str:
        end = line == self._expected(end=True)
        if not end and line != self._expected(end=False):
            return self._wrong_seal(line)
        self.prev = _SEAL.decode(line).hash
        self.closed = end
        self.sealed = self.count
        self.block.clear()
        return ""

    def _wrong_seal(self, line: bytes) -> str:
        try:
            seal = _SEAL.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return "the seal is broken"
        if seal.seal != self.count:
            return f"the seal counts {seal.seal} records, there are {self.count}"
        return f"the seal does not fit the {len(self.block)} records before it, or the seal before"

    def _expected(self, *, end: bool) -> bytes:
        return seal_line(self.count, self.prev, b"".join(self.block), end=end)[0]


def read_header(path: Path | str) -> Header:
    """Read what a journal says about its run.

    Raises:
        UsageError: When it cannot be read or is no journal.
    """
    line = _read(Path(path)).split(b"\n", 1)[0]
    try:
        return _HEADER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UsageError(
            f"{path} is no journal: its first line is not the header of one."
        ) from None


def read_records(path: Path | str) -> Iterator[Record]:
    """Read the records of a journal, in order, without checking the chain.

    Raises:
        UsageError: When it cannot be read or is no journal.
        JournalError: When a line cannot be understood.
    """
    read_header(path)
    lines = _read(Path(path)).split(b"\n")
    for number, line in enumerate(lines[1:], 2):
        if not line or line.startswith(_SEAL_START):
            continue
        try:
            record = _LINE.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise JournalError(
                f"{path}, line {number}: it is neither a record nor a seal; "
                "`ikbr journal verify` says more."
            ) from None
        yield typed(record)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"journal {path} cannot be read: {error.strerror}.") from None
