"""Tidying up after a crash: what is whole stays, a torn end is cut off and kept aside."""

from __future__ import annotations

import os
from typing import NamedTuple

from ikbr.domain.errors import JournalError
from ikbr.domain.session_events import JournalRepair
from ikbr.journal.chain import ChainWriter
from ikbr.journal.files import Files, describe, write_whole
from ikbr.journal.segment_scan import SegmentScan
from ikbr.journal.segments import Previous, number_of, read_file, segment_names
from ikbr.journal.session_reader import Journey


class Found(NamedTuple):
    """Say where a journal ended before it was opened again.

    Attributes:
        before: Its last segment, closed by now.
        number: Number of that segment; 0 for none.
        serial: Of the latest anchor; -1 for none.
        repair: What had to be done; None when it had been closed.
    """

    before: Previous = Previous()
    number: int = 0
    serial: int = -1
    repair: JournalRepair | None = None


def tidy(directory: str, files: Files) -> Found:
    """Bring the last segment of a folder to a whole, closed end.

    Args:
        directory: The folder.
        files: The file system.

    Raises:
        JournalError: When the journal was changed or lacks what had been durable, or when it
            cannot be repaired. Nothing was touched then, or it can be tried again.
    """
    names = segment_names(directory, files)
    if not names:
        return Found()
    journey = Journey(directory, files, since_checkpoint=True)
    last_ns = 0
    for line in journey.lines():
        last_ns = line.t
    if journey.problem:
        raise JournalError(
            f"journal {directory} was changed, or lost what had been durable: {journey.segment}, "
            f"{journey.problem}. Nothing was opened. Keep the folder as evidence and begin with "
            "an empty one."
        )
    serial = journey.anchor.serial if journey.anchor is not None else -1
    newest, scan = names[-1], journey.scan
    if scan.check.closed and not scan.ending.torn:
        return Found(journey.last, number_of(newest), serial)
    try:
        return _mend(directory, newest, scan, last_ns, journey.before, serial, files)
    except OSError as error:
        raise describe(f"journal {directory}/{newest} cannot be repaired", error) from None


def _mend(
    directory: str,
    name: str,
    scan: SegmentScan,
    last_ns: int,
    before: Previous,
    serial: int,
    files: Files,
) -> Found:
    check, torn = scan.check, scan.ending.torn
    path = os.path.join(directory, name)
    kept = _keep_aside(directory, name, check.length, files) if torn else ""
    repair = JournalRepair(torn, kept, scan.ending.reason)
    if check.header is None:
        # The crash came before the header was whole: the segment never began.
        files.remove(path)
        files.sync_directory(directory)
        return Found(before, number_of(name) - 1, serial, repair)
    handle = files.open(path)
    try:
        ending, records, digest = _ending(scan, last_ns, repair)
        # First cut, then close: what is between a torn end and a new one must not stay.
        files.truncate(handle, check.length)
        write_whole(files, handle, ending, check.length)
        files.sync(handle)
    finally:
        files.close(handle)
    return Found(Previous(name, records, digest), number_of(name), serial, repair)


def _ending(scan: SegmentScan, last_ns: int, repair: JournalRepair) -> tuple[bytes, int, str]:
    """Write what closes a segment that was left open: a record of the repair, and seals."""
    check = scan.check
    if check.closed:
        return b"", check.count, check.prev
    chain = ChainWriter.after(
        check.count, check.count - check.sealed, check.prev, check.block, check.check
    )
    line, sum_ = chain.record("repair", last_ns, repair)
    chain.take(line, sum_)
    lines = [line]
    for end in (False, True):
        seal, digest = chain.seal(end=end)
        chain.take_seal(seal, digest)
        lines.append(seal)
    return b"".join(lines), chain.records, digest


def _keep_aside(directory: str, name: str, length: int, files: Files) -> str:
    """Copy a torn end into a file of its own; give its name."""
    torn = read_file(directory, name, files)[length:]
    taken = set(files.names(directory))
    number = 1
    while (kept := f"{name}.torn-{number}") in taken:
        number += 1
    handle = files.create(os.path.join(directory, kept))
    try:
        write_whole(files, handle, torn, 0)
        files.sync(handle)
    finally:
        files.close(handle)
    return kept
