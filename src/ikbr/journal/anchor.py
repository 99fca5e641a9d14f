"""The anchor: how far a journal had come, kept beside it, so that a missing end is noticed.

The file `HEAD` has two slots of one fixed length that are written in turn: a write that was torn
by a crash leaves the other one whole.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

import msgspec

HEAD = "HEAD"
SLOT = 512
"""Bytes; the smallest unit that disks write."""

SEGMENT_NAME_LIMIT = 128

_ENCODER = msgspec.json.Encoder(order="deterministic")


class Anchor(msgspec.Struct, frozen=True):
    """Say how far a journal had come.

    Attributes:
        serial: Counts the anchors; the highest one is the latest.
        segment: Name of the file that was being written.
        records: Records in it.
        bytes: Its length.
        hash: Hash of the chain so far: of the last seal, over what follows it.
    """

    serial: int
    segment: str
    records: int
    bytes: int
    hash: str


class _Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    check: int
    anchor: Anchor


_DECODER = msgspec.json.Decoder(_Slot)


class Head(NamedTuple):
    """Hold what was read from an anchor file.

    Attributes:
        anchor: The latest; None when no slot can be read.
        broken: How many slots cannot be read: one may be the work of a crash.
    """

    anchor: Anchor | None
    broken: int


def slot_of(anchor: Anchor) -> tuple[bytes, int]:
    """Give the bytes of an anchor and where in the file they belong."""
    check = crc32(_ENCODER.encode(anchor))
    line = _ENCODER.encode(_Slot(check, anchor))
    return line.ljust(SLOT - 1) + b"\n", (anchor.serial % 2) * SLOT


def read_head(data: bytes) -> Head:
    """Read an anchor file."""
    found = [_read_slot(data, at) for at in (0, SLOT)]
    whole = [anchor for anchor in found if anchor is not None]
    latest = max(whole, key=lambda anchor: anchor.serial, default=None)
    broken = len(found) - len(whole)
    return Head(latest, broken if len(data) <= 2 * SLOT else max(1, broken))


def _read_slot(data: bytes, at: int) -> Anchor | None:
    slot = data[at : at + SLOT]
    try:
        anchor = _DECODER.decode(slot).anchor
        # What is not written just so was not written by us.
        return anchor if slot_of(anchor) == (slot, at) else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
