"""Following a journal line by line: whether each is what was written."""

from __future__ import annotations

from zlib import crc32

import msgspec

from ikbr.journal.chain import CHECK, Header, Seal, first_hash, next_hash, seal_line
from ikbr.journal.records import VERSION, Line

SEAL_START = b'{"seal":'
BROKEN = (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError)
"""What decoding bytes that nobody wrote may raise."""

_HEADER = msgspec.json.Decoder(Header)
_LINE = msgspec.json.Decoder(Line)
_SEAL = msgspec.json.Decoder(Seal)


class ChainCheck:
    """Follow the chain through the lines.

    Attributes:
        header: The header; None before it came.
        record: The record of the line taken last; None when it was none.
        count: Records so far.
        sealed: Those under a seal.
        closed: Whether the final seal is there.
        length: Bytes of the lines taken.
        lines: How many those are.
        prev: Hash of the last seal, or of the header.
        check: The checksum so far, where records carry one.
    """

    def __init__(self) -> None:
        """Begin before the header."""
        self.header: Header | None = None
        self.record: Line | None = None
        self.prev = ""
        self.count = self.sealed = self.length = self.lines = self.check = 0
        self.closed = False
        self._block: list[bytes] = []

    def take(self, line: bytes) -> str:
        """Take the next line, with its end.

        Returns:
            What is wrong with it, or nothing. After something wrong no more can be taken.
        """
        self.record = None
        problem = self._judge(line)
        if not problem:
            self.length += len(line)
            self.lines += 1
        return problem

    @property
    def block(self) -> bytes:
        """The lines since the last seal."""
        return b"".join(self._block)

    @property
    def digest(self) -> str:
        """The hash of the chain so far, whether sealed or not."""
        return next_hash(self.prev, self.block)

    def may_begin(self, torn: bytes) -> bool:
        """Say whether a last line without its end can be the beginning of what is due."""
        record = f'{{"n":{self.count},"t":'.encode()
        begins = torn.startswith(record) or record.startswith(torn)
        ends = any(self._expected(end=end).startswith(torn) for end in (False, True))
        return bool(self.prev) and not self.closed and (begins or ends)

    def _judge(self, line: bytes) -> str:
        if self.closed:
            return "something stands behind the final seal"
        if not self.prev:
            return self._header(line)
        if line.startswith(SEAL_START):
            return self._seal(line)
        try:
            record = _LINE.decode(line)
        except BROKEN:
            return "it is neither a record nor a seal"
        if record.n != self.count:
            return f"record {record.n} stands where {self.count} is due"
        if self.header is not None and self.header.checked and not self._fits(line):
            return f"the checksum of record {record.n} does not fit it"
        self.record = record
        self.count += 1
        self._block.append(line)
        return ""

    def _fits(self, line: bytes) -> bool:
        body, mark, _ = line.rpartition(CHECK)
        check = crc32(body + b"}", self.check)
        if not mark or line != b"%b%b%d}\n" % (body, CHECK, check):
            return False
        self.check = check
        return True

    def _header(self, line: bytes) -> str:
        try:
            header = _HEADER.decode(line)
        except BROKEN:
            return "it is not the header of a journal"
        if header.ikbr_journal != VERSION:
            return f"format {header.ikbr_journal} is unknown; this version reads {VERSION}"
        self.header = header
        self.prev = first_hash(line)
        self.check = crc32(line)
        return ""

    def _seal(self, line: bytes) -> str:
        end = line == self._expected(end=True)
        if not end and line != self._expected(end=False):
            return self._wrong_seal(line)
        self.prev = _SEAL.decode(line).hash
        self.check = crc32(line, self.check)
        self.closed = end
        self.sealed = self.count
        self._block.clear()
        return ""

    def _wrong_seal(self, line: bytes) -> str:
        try:
            seal = _SEAL.decode(line)
        except BROKEN:
            return "the seal is broken"
        if seal.seal != self.count:
            return f"the seal counts {seal.seal} records, there are {self.count}"
        return f"the seal does not fit the {len(self._block)} records before it, or the seal before"

    def _expected(self, *, end: bool) -> bytes:
        return seal_line(self.count, self.prev, self.block, end=end)[0]
