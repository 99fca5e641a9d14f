"""The hash chain: blocks of lines, each sealed by a hash over itself and all before it.

A file is a header line, blocks of record lines with a seal line after each, and a last seal that
says `"end":true`. A seal's hash is SHA-256 over the previous hash and the bytes of the block; the
chain begins with the hash of the header line, and the last hash also covers the word "end".

Where the header says `"checked":true`, as in the journal of a live session, every record ends with
a checksum `"c"` over its line and all lines before it: a torn or changed record shows at once,
not only at the next seal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from zlib import crc32

import msgspec

from ikbr.domain.errors import JournalError
from ikbr.journal.memory_journal import Entry
from ikbr.journal.records import KINDS_VERSION, VERSION, Line

BLOCK = 4096
"""Records under one seal."""

_ENCODER = msgspec.json.Encoder(order="deterministic")


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """Begin a journal.

    Attributes:
        ikbr_journal: Version of the format.
        meta: What the run says about itself; no secrets, no wall clock.
        kinds: Version of the kinds of records that it may hold.
        checked: Whether every record carries a checksum.
    """

    ikbr_journal: int
    meta: dict[str, Any]
    kinds: int = 1
    checked: bool = False


class Seal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Close a block.

    Attributes:
        seal: Records since the beginning.
        prev: Hash of the seal before (of the header line for the first).
        hash: SHA-256 over `prev` (and "end" for the last) and the bytes of the block.
        end: Whether the journal was closed with it.
    """

    seal: int
    prev: str
    hash: str
    end: bool = False


def header_line(meta: Mapping[str, Any]) -> bytes:
    """Write the header line.

    Args:
        meta: What the run says about itself; must hold no secrets.
    """
    return _ENCODER.encode(Header(VERSION, dict(meta))) + b"\n"


def checked_header_line(meta: Mapping[str, Any]) -> bytes:
    """Write the header line of a journal whose records carry checksums.

    Args:
        meta: What the session says about itself; must hold no secrets.
    """
    return _ENCODER.encode(Header(VERSION, dict(meta), KINDS_VERSION, checked=True)) + b"\n"


def record_lines(first: int, entries: Sequence[Entry]) -> bytes:
    """Write records as lines.

    Args:
        first: Number of the first of them.
        entries: `(kind, ts_ns, body)`.

    Raises:
        JournalError: When a body cannot be encoded.
    """
    encode = _ENCODER.encode
    lines = []
    for n, (kind, ts_ns, body) in enumerate(entries, first):
        try:
            if isinstance(body, msgspec.Struct) and not body.__struct_config__.frozen:
                raise TypeError(f"an object of type {type(body).__name__} goes on changing")
            lines.append(encode(Line(n, ts_ns, kind, body)))
        except TypeError as error:
            raise JournalError(f"journal record {n} ({kind}) cannot be written: {error}.") from None
    lines.append(b"")
    return b"\n".join(lines)


def first_hash(header: bytes) -> str:
    """Give the hash that the chain begins with."""
    return sha256(header).hexdigest()


def next_hash(prev: str, block: bytes) -> str:
    """Give the hash of a block behind another."""
    return sha256(prev.encode() + block).hexdigest()


def seal_line(count: int, prev: str, block: bytes, *, end: bool) -> tuple[bytes, str]:
    """Write a seal.

    Args:
        count: Records since the beginning, with this block.
        prev: Hash of the seal before.
        block: The lines of the block.
        end: Whether it closes the journal.

    Returns:
        The line, and its hash.
    """
    digest = next_hash(prev if not end else prev + "end", block)
    return _ENCODER.encode(Seal(count, prev, digest, end)) + b"\n", digest


CHECK = b',"c":'
"""What stands before the checksum of a record."""


class ChainWriter:
    """Make the lines of a checked journal one by one.

    A line is made first and counted by `take` when it is written: what the disk refused leaves no
    trace.

    Attributes:
        records: Records so far.
        unsealed: Records since the last seal.
        ended: Whether the final seal was counted.
    """

    __slots__ = ("_check", "_hash", "_prev", "ended", "records", "unsealed")

    def __init__(self, header: bytes) -> None:
        """Begin behind a header line."""
        self.records = self.unsealed = 0
        self.ended = False
        self._check = crc32(header)
        self._follow(first_hash(header))

    @classmethod
    def after(cls, records: int, unsealed: int, prev: str, block: bytes, check: int) -> ChainWriter:
        """Go on where a journal ended.

        Args:
            records: Records that it holds.
            unsealed: Those after the last seal.
            prev: Hash of the last seal, or of the header.
            block: The lines behind it.
            check: The checksum so far.
        """
        chain = cls(b"")
        chain.records, chain.unsealed, chain._check = records, unsealed, check
        chain._follow(prev)
        chain._hash.update(block)
        return chain

    def record(self, kind: str, ts_ns: int, body: Any) -> tuple[bytes, int]:
        """Make the line of the next record.

        Returns:
            The line, and the checksum with it, for `take`.

        Raises:
            JournalError: When the body cannot be encoded.
        """
        try:
            line = _ENCODER.encode(Line(self.records, ts_ns, kind, body))
        except (TypeError, OverflowError, RecursionError) as error:
            raise JournalError(
                f"journal record {self.records} ({kind}) cannot be written: {error}."
            ) from None
        check = crc32(line, self._check)
        return b"%b%b%d}\n" % (line[:-1], CHECK, check), check

    def take(self, line: bytes, check: int) -> None:
        """Count the line of a record."""
        self._hash.update(line)
        self._check = check
        self.records += 1
        self.unsealed += 1

    def seal(self, *, end: bool = False) -> tuple[bytes, str]:
        """Make a seal over what was counted since the last one.

        Args:
            end: Whether it closes the journal; nothing unsealed may be left then.

        Returns:
            The line, and its hash, for `take_seal`.
        """
        digest = next_hash(self._prev + "end", b"") if end else self._hash.hexdigest()
        return _ENCODER.encode(Seal(self.records, self._prev, digest, end)) + b"\n", digest

    def take_seal(self, line: bytes, digest: str, *, end: bool = False) -> None:
        """Count a seal."""
        self.ended = end
        self._check = crc32(line, self._check)
        self.unsealed = 0
        self._follow(digest)

    @property
    def digest(self) -> str:
        """The hash of the chain so far, whether sealed or not."""
        return self._hash.hexdigest()

    @property
    def sealed_hash(self) -> str:
        """The hash of the last seal, or of the header before the first."""
        return self._prev

    def _follow(self, prev: str) -> None:
        self._prev = prev
        self._hash = sha256(prev.encode())
