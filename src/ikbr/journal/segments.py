"""The folder of a live journal: one file per session, each chained to the one before it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ikbr.domain.errors import UsageError
from ikbr.journal.chain import Header
from ikbr.journal.files import Files, OsFiles, describe

OS_FILES = OsFiles()

_NAME = re.compile(r"(\d{6})-([A-Za-z0-9][A-Za-z0-9._-]{0,63})\.journal")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Previous(NamedTuple):
    """Say where the segment before ended.

    Attributes:
        name: Its file name; "" before the first.
        records: How many it holds.
        hash: Its last hash.
    """

    name: str = ""
    records: int = 0
    hash: str = ""


def segment_name(number: int, label: str) -> str:
    """Name a segment.

    Args:
        number: From 1, one more than the last.
        label: What the session is called, usually its day.

    >>> segment_name(7, "2026-03-02")
    '000007-2026-03-02.journal'
    """
    return f"{number:06d}-{label}.journal"


def check_label(label: str) -> None:
    """Refuse a label that makes no file name.

    Raises:
        UsageError: When it does not.
    """
    if not _LABEL.fullmatch(label):
        raise UsageError(
            f"journal label {label!r} makes no file name; use up to 64 letters, digits, "
            "'.', '-' and '_', such as 2026-03-02."
        )


def number_of(name: str) -> int:
    """Give the number of a segment; 0 for a file that is none."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else 0


def segment_names(directory: str, files: Files = OS_FILES) -> list[str]:
    """List the segments of a folder, oldest first.

    Raises:
        JournalError: When the folder cannot be read.
    """
    try:
        names = files.names(directory)
    except OSError as error:
        raise describe(f"journal folder {directory} cannot be read", error) from None
    return sorted(name for name in names if number_of(name))


def segment_meta(number: int, label: str, before: Previous, meta: Mapping[str, Any]) -> dict:  # type: ignore[type-arg]
    """Write what the header of a segment says."""
    previous = before._asdict() if before.name else None
    return {"segment": number, "label": label, "previous": previous, "meta": dict(meta)}


def previous_of(header: Header) -> Previous | None:
    """Read which segment a segment follows; None when it says nothing that can be understood."""
    if "previous" not in header.meta:
        return None
    found = header.meta["previous"]
    if found is None:
        return Previous()
    try:
        return Previous(str(found["name"]), int(found["records"]), str(found["hash"]))
    except (KeyError, TypeError, ValueError):
        return None


def read_file(directory: str, name: str, files: Files = OS_FILES) -> bytes:
    """Read a file of the folder.

    Raises:
        JournalError: When it cannot be read.
    """
    path = os.path.join(directory, name)
    try:
        return files.read(path)
    except OSError as error:
        raise describe(f"journal {path} cannot be read", error) from None
