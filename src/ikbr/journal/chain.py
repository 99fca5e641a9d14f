"""The hash chain: blocks of lines, each sealed by a hash over itself and all before it.

A file is a header line, blocks of record lines with a seal line after each, and a last seal that
says `"end":true`. A seal's hash is SHA-256 over the previous hash and the bytes of the block; the
chain begins with the hash of the header line, and the last hash also covers the word "end".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from ikbr.domain.errors import JournalError
from ikbr.journal.memory_journal import Entry
from ikbr.journal.records import VERSION, Line

BLOCK = 4096
"""Records under one seal."""

_ENCODER = msgspec.json.Encoder(order="deterministic")


class Header(msgspec.Struct, frozen=True):
    """Begin a journal.

    Attributes:
        ikbr_journal: Version of the format.
        meta: What the run says about itself; no secrets, no wall clock.
    """

    ikbr_journal: int
    meta: dict[str, Any]


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
