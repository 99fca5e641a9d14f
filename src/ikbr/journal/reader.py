"""Reading a journal: its records, and whether it is what was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from ikbr.domain.errors import JournalError, UsageError
from ikbr.journal.chain import Header
from ikbr.journal.chain_check import BROKEN, SEAL_START, ChainCheck
from ikbr.journal.records import Line, Record, typed
from ikbr.journal.session_reader import read_session

_HEADER = msgspec.json.Decoder(Header)
_LINE = msgspec.json.Decoder(Line)


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
    check = ChainCheck()
    for number, line in enumerate(lines, 1):
        problem = check.take(line + b"\n")
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


def read_header(path: Path | str) -> Header:
    """Read what a journal says about its run.

    Raises:
        UsageError: When it cannot be read or is no journal.
    """
    line = _read(Path(path)).split(b"\n", 1)[0]
    try:
        return _HEADER.decode(line)
    except BROKEN:
        raise UsageError(
            f"{path} is no journal: its first line is not the header of one."
        ) from None


def read_records(path: Path | str) -> Iterator[Record]:
    """Read the records of a journal, in order.

    The chain of a single file is not checked, that of a live journal's folder is.

    Args:
        path: A file, or the folder of a live journal.

    Raises:
        UsageError: When it cannot be read or is no journal.
        JournalError: When a line cannot be understood.
    """
    if Path(path).is_dir():
        yield from (record for _, record in read_session(str(path)))
        return
    kinds = read_header(path).kinds
    lines = _read(Path(path)).split(b"\n")
    for number, line in enumerate(lines[1:], 2):
        if not line or line.startswith(SEAL_START):
            continue
        try:
            record = _LINE.decode(line)
        except BROKEN:
            raise JournalError(
                f"{path}, line {number}: it is neither a record nor a seal; "
                "`ikbr journal verify` says more."
            ) from None
        yield typed(record, kinds)


def read_located(path: Path | str) -> Iterator[tuple[str, Record]]:
    """Read the records of a journal with the names of their segments, "" in a single file.

    Args:
        path: A file, or the folder of a live journal.

    Raises:
        UsageError: When it cannot be read or is no journal.
        JournalError: When a line cannot be understood, or a live journal was changed.
    """
    if Path(path).is_dir():
        yield from read_session(str(path))
    else:
        yield from (("", record) for record in read_records(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"journal {path} cannot be read: {error.strerror}.") from None
