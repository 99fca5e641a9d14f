"""Reading a live journal: its segments one after the other, checked on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ikbr.domain.errors import JournalError, UsageError
from ikbr.journal.anchor import HEAD, Anchor, read_head
from ikbr.journal.chain import Header
from ikbr.journal.files import Files
from ikbr.journal.records import Line, Record, typed
from ikbr.journal.segment_scan import Ending, SegmentScan
from ikbr.journal.segments import (
    OS_FILES,
    Previous,
    number_of,
    previous_of,
    read_file,
    segment_names,
)

_CHECKPOINT = b'"k":"checkpoint"'


class SessionVerdict(NamedTuple):
    """Say whether a live journal is sound.

    Attributes:
        segments: How many there are.
        records: Sound records in all of them.
        unsealed: Those behind the last seal.
        closed: Whether the last session closed it.
        torn: Bytes at the end that a crash left.
        segment: Name of the segment that is wrong; "" for none.
        line: Number of its first wrong line; 0 for none.
        message: The sentence for people.
    """

    segments: int
    records: int
    unsealed: int
    closed: bool
    torn: int
    segment: str
    line: int
    message: str

    @property
    def tampered(self) -> bool:
        """Whether it is not what was written."""
        return bool(self.segment)


class Journey:
    """Go through the segments of a folder, and keep what was found on the way.

    Attributes:
        anchor: What the anchor file says; None when it cannot be read.
        segment: Name of the segment that is being read.
        scan: Of that segment.
        problem: What is wrong; "" for nothing. Nothing is read behind it.
        broken_slots: How many slots of the anchor file cannot be read.
        segments, records: How many were read.
        last: Where the segment that was read last ended.
        before: Where the one before it ended.
    """

    def __init__(
        self, directory: str, files: Files = OS_FILES, *, since_checkpoint: bool = False
    ) -> None:
        """Look into the folder.

        Args:
            directory: The folder.
            files: The file system.
            since_checkpoint: Whether to begin with the newest segment that begins with a
                checkpoint; what lies before it is then taken on trust.

        Raises:
            UsageError: When it holds no journal.
            JournalError: When it cannot be read.
        """
        self._directory, self._files = directory, files
        self._names = segment_names(directory, files)
        if not self._names:
            raise UsageError(f"folder {directory} holds no journal: it has no segment files.")
        if since_checkpoint:
            self._names = self._names[newest_checkpoint(directory, self._names, files) :]
        self.anchor: Anchor | None = None
        self.broken_slots = 0
        self.segment = HEAD
        self.scan = SegmentScan(b"")
        self.problem = self._read_anchor()
        # The first one is believed where it says that it follows another.
        self._trusts = number_of(self._names[0]) > 1 and since_checkpoint
        self.segments = number_of(self._names[0]) - 1 if since_checkpoint else 0
        self.records = 0
        self.last = self.before = Previous()

    @property
    def kinds(self) -> int:
        """The version of the kinds in the segment that is being read."""
        header = self.scan.check.header
        return header.kinds if header is not None else 1

    def lines(self) -> Iterator[Line]:
        """Give the sound records, oldest first."""
        for name in self._names:
            if self.problem:
                return
            yield from self._segment(name)
        due = self.anchor.segment if self.anchor is not None else ""
        if due and due not in self._names and not self.problem:
            self.segment, self.problem = due, "it is missing"

    def _segment(self, name: str) -> Iterator[Line]:
        self.segment = name
        newest = name == self._names[-1]
        due = self.anchor if self.anchor is not None and self.anchor.segment == name else None
        self.scan = scan = SegmentScan(read_file(self._directory, name, self._files), due)
        if number_of(name) != self.segments + 1:
            self.problem = f"segment {self.segments + 1} is missing before it"
            return
        for line in scan.records():
            if line.n == 0 and not self._follows(scan.check.header):
                return
            yield line
        self._close(scan, newest)

    def _close(self, scan: SegmentScan, newest: bool) -> None:
        check, ending = scan.check, scan.ending
        if ending.problem:
            self.problem = f"line {ending.line}: {ending.problem}"
        elif not self._follows(check.header):
            pass
        elif not newest and not check.closed:
            self.problem = f"line {check.lines + 1}: {ending.reason or 'its final seal is missing'}"
        elif ending.torn and (not newest or self._ended_at(check.length)):
            self.problem = f"line {check.lines + 1}: {ending.reason}"
        self.before = self.last
        self.segments += 1
        self.records += check.count
        self.last = Previous(self.segment, check.count, check.prev)

    def _ended_at(self, length: int) -> bool:
        """Say whether the anchor knows of this end: then nothing may follow it."""
        anchor, closed = self.anchor, self.scan.check.closed
        return (
            closed
            and anchor is not None
            and (anchor.segment, anchor.bytes)
            == (
                self.segment,
                length,
            )
        )

    def _follows(self, header: Header | None) -> bool:
        if self._trusts and header is not None:
            self.last, self._trusts = previous_of(header) or Previous(), False
        # A crash may leave a newest segment without a whole header; it holds nothing.
        if header is not None and previous_of(header) != self.last:
            self.problem = "line 1: it does not follow the segment before it"
        return not self.problem

    def _read_anchor(self) -> str:
        try:
            head = read_head(self._files.read(f"{self._directory}/{HEAD}"))
        except OSError:
            return "the anchor file is missing"
        self.anchor, self.broken_slots = head
        return "" if head.anchor is not None else "the anchor file was changed"


def newest_checkpoint(directory: str, names: list[str], files: Files) -> int:
    """Find the newest segment whose first record is a checkpoint; the first one when none is."""
    for at in range(len(names) - 1, 0, -1):
        lines = read_file(directory, names[at], files).split(b"\n", 2)
        if len(lines) == 3 and _CHECKPOINT in lines[1][:64]:
            return at
    return 0


def read_session(
    directory: str, files: Files = OS_FILES, *, since_checkpoint: bool = False
) -> Iterator[tuple[str, Record]]:
    """Read a live journal, up to a torn end.

    Args:
        directory: Its folder.
        files: The file system.
        since_checkpoint: Whether to begin with the newest checkpoint.

    Yields:
        Records with the names of their segments, oldest first.

    Raises:
        JournalError: When it cannot be read, or was changed.
    """
    journey = Journey(directory, files, since_checkpoint=since_checkpoint)
    for line in journey.lines():
        yield journey.segment, typed(line, journey.kinds)
    if journey.problem:
        raise JournalError(
            f"journal {directory} was changed: {journey.segment}, {journey.problem}; "
            "`ikbr journal verify` says more."
        )


def verify_session(directory: str, files: Files = OS_FILES) -> SessionVerdict:
    """Check a live journal against its hash chain and its anchor.

    Raises:
        JournalError: When it cannot be read.
    """
    journey = Journey(directory, files)
    for _ in journey.lines():
        pass
    check, ending = journey.scan.check, journey.scan.ending
    if not journey.problem and check.closed and journey.broken_slots:
        journey.segment, journey.problem = HEAD, "the anchor file was changed"
    if journey.problem:
        line = ending.line if journey.segment != HEAD else 0
        where = f"{journey.segment}, {journey.problem}."
        return SessionVerdict(journey.segments, journey.records, 0, False, 0, journey.segment, line,
                              where)  # fmt: skip
    unsealed = check.count - check.sealed
    return SessionVerdict(journey.segments, journey.records - unsealed, unsealed, check.closed,
                          ending.torn, "", 0, _words(journey, unsealed, ending))  # fmt: skip


def _words(journey: Journey, unsealed: int, ending: Ending) -> str:
    count = f"{journey.records} records in {journey.segments} segments"
    if journey.scan.check.closed:
        return (
            f"closed: {count}, but {ending.torn} bytes follow."
            if ending.torn
            else (f"sound: {count}, closed.")
        )
    torn = f", and {ending.torn} torn bytes" if ending.torn else ""
    return f"not closed: {count}, {unsealed} of them after the last seal{torn}."
