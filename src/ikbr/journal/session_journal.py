"""The journal of a live session: an intent survives the death of the process once it is appended.

`append` makes one write to an open file, so nothing waits in this process; `commit`, called by a
thread off the hot path, brings what was written to the disk and moves the anchor behind it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import Any

from ikbr.domain.errors import JournalError, NotDurableError
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.session_events import JournalRepair
from ikbr.journal.anchor import Anchor, slot_of
from ikbr.journal.chain import checked_header_line
from ikbr.journal.committer import Committer
from ikbr.journal.files import Files, describe, write_whole
from ikbr.journal.lag import Lag
from ikbr.journal.repair import Found
from ikbr.journal.segment_writer import RESERVE, Mark, SegmentWriter
from ikbr.journal.segments import (
    Previous,
    check_label,
    segment_meta,
    segment_name,
)

COMMIT_S = 0.01
MAX_LAG_S = 1.0

_SECOND = 1_000_000_000
_WRITE, _SYNC, _SPACE, _ANCHOR, _ROOM = "write", "sync", "space", "anchor", "room"
_STEPS = {
    _WRITE: "a write failed",
    _SYNC: "a sync failed, and what it covered may be lost: begin a new session",
    _SPACE: "the disk is nearly full",
    _ANCHOR: "the anchor cannot be written",
}


class SessionJournal:
    """Append records durably (a `core.ports.Journal`).

    When the disk refuses, `failure` says why, and an intent that would open or enlarge a position
    raises `NotDurableError`: its order must not be sent. Everything else (what came back, what
    was cancelled, what closes a position or protects it) is taken, kept in memory, and written
    as soon as the disk takes it again.

    Attributes:
        directory: The folder.
        repair: What had to be done about an earlier session that was killed; None if nothing.
        lost: Records that neither the disk nor the memory had room for.
    """

    def __init__(
        self,
        directory: str,
        label: str,
        meta: Mapping[str, Any],
        files: Files,
        head: int,
        found: Found,
        *,
        before_send: bool,
        max_lag_ns: int,
    ) -> None:
        """Take over a folder that is tidy and locked; `open_session` does that."""
        self.directory = directory
        self.repair: JournalRepair | None = found.repair
        self.lost = 0
        self._meta = dict(meta)
        self._files = files
        self._head = head
        self._serial = found.serial
        self._number = found.number
        self._before_send = before_send
        self._max_lag_ns = max_lag_ns
        self._problems: dict[str, str] = {}
        self._oldest_ns = 0
        self._durable = Mark()
        self._closed = False
        self._lock = Lock()
        self._commit_lock = Lock()
        self._committer: Committer | None = None
        self._begin(*self._create(label), label, found.before)

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        """Write a record; when this returns it survives the death of the process.

        A decision alone is worth nothing: it is written together with the intent that follows, or
        with the next commit.

        Args:
            kind: One of `ikbr.journal.records.KINDS`.
            ts_ns: When it happened, ns UTC.
            body: Of the type that the kind names.

        Raises:
            NotDurableError: When the intent of an order that opens or enlarges a position cannot
                be written, or synced where that is to happen before the order is sent.
            JournalError: When the body cannot be encoded or the journal is closed.
        """
        is_intent = kind == "intent"
        opening = is_intent and not body[3] and not body[2].reduce_only
        with self._lock:
            if self._closed:
                raise JournalError(f"journal {self.directory} is closed; nothing can be added.")
            if opening:
                self._demand_durable(ts_ns)
            segment = self._segment
            line, check = segment.chain.record(kind, ts_ns, body)
            if not self._oldest_ns:
                self._oldest_ns = ts_ns
            if kind == "decision" and segment.keep(line, check, ts_ns):
                return
            record: tuple[bytes, int, int] | None = (line, check, ts_ns)
            try:
                segment.write(line, check, ts_ns)
                record = None
                segment.seal_if_due()
            except OSError as error:
                self._on_refused(error, opening, record)
            else:
                if self._problems:
                    self._problems.pop(_WRITE, None)
        if is_intent and self._before_send and not self.commit() and opening:
            why = f"not sent: {self.failure}"
            self.append("update", ts_ns, OrderUpdate(body[0], OrderEvent.REJECT, ts_ns, 0, why))
            raise NotDurableError(_no_order(self.failure))

    def rehearse(self, kind: str, ts_ns: int, body: Any) -> None:
        """Make the line of a record that is not kept, and let the disk's page be ready for one.

        Args:
            kind: As for `append`, like all that follows.
            ts_ns: When it would happen.
            body: What it would say.
        """
        with self._lock:
            if not self._closed:
                self._segment.chain.record(kind, ts_ns, body)
                with suppress(OSError):
                    self._segment.touch()

    @property
    def segment(self) -> str:
        """Name of the file that is being written."""
        return self._segment.name

    @property
    def failure(self) -> str:
        """Why orders that open a position are refused at present; "" when they are not."""
        return "; ".join(tuple(self._problems.values()))

    @property
    def durable(self) -> bool:
        """Whether an intent that is appended now is made durable."""
        return not self._problems

    def lag(self, now_ns: int) -> Lag:
        """Say how far the disk is behind.

        Args:
            now_ns: The time, ns UTC, by the clock that the records are stamped with.
        """
        with self._lock:
            durable, segment = self._durable, self._segment
            waiting = segment.length + len(segment.backlog) - durable.length
            age = max(0, now_ns - self._oldest_ns) if self._oldest_ns else 0
            return Lag(segment.chain.records - durable.records, waiting, age)

    def commit(self) -> bool:
        """Bring what was appended to the disk and move the anchor; not for the hot path.

        Returns:
            Whether all that was appended before the call is on the disk.
        """
        with self._commit_lock:
            with self._lock:
                if self._closed:
                    return False
                if self._segment.chain.records == self._durable.records and not self._problems:
                    return True
                if not self._try(_WRITE, self._segment.flush):
                    return False
                mark = self._segment.mark()
            done = _SYNC not in self._problems and self._try(_SYNC, self._sync)
            if done and self._try(_ANCHOR, lambda: self._anchor(mark)):
                self._settle(mark)
            self._try(_SPACE, self._segment.reserve)
            return done and self._durable == mark

    def rotate(self, label: str) -> None:
        """Close the segment and go on in a new one, as at the turn of a day.

        Args:
            label: What the new one is called, usually its day.

        Raises:
            UsageError: When the label makes no file name.
            JournalError: When the disk refuses.
        """
        check_label(label)
        with self._commit_lock, self._lock:
            old = self._segment
            try:
                # Its space is taken before the old one is closed: from then on it must not fail.
                handle, name = self._create(label)
                self._begin(handle, name, label, self._end())
            except OSError as error:
                raise describe(f"journal {self.directory} cannot be rotated", error) from None
            self._files.close(old.handle)

    def close(self) -> None:
        """Write the final seal and release the folder; closing twice is harmless.

        Raises:
            JournalError: When the disk refuses; the next session repairs the end.
        """
        if self._committer is not None:
            self._committer.stop()
        with self._commit_lock, self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._end()
            except OSError as error:
                raise describe(f"journal {self.directory} cannot be closed", error) from None
            finally:
                self._files.close(self._segment.handle)
                self._files.close(self._head)

    def __enter__(self) -> SessionJournal:
        """Use it in a `with` block, which closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def start_commits(self, interval_s: float) -> None:
        """Commit by a thread from now on, until it is closed."""
        self._committer = Committer(self.commit, interval_s)

    def _demand_durable(self, ts_ns: int) -> None:
        # A write may go through again by now; only trying tells.
        if self._problems.keys() - {_WRITE}:
            raise NotDurableError(_no_order(self.failure))
        if self._oldest_ns and ts_ns - self._oldest_ns > self._max_lag_ns:
            late = (ts_ns - self._oldest_ns) / _SECOND
            raise NotDurableError(_no_order(f"the disk is {late:.1f} s behind"))

    def _on_refused(
        self, error: OSError, opening: bool, record: tuple[bytes, int, int] | None
    ) -> None:
        self._problems[_WRITE] = f"a write failed ({_words(error)})"
        if record is None:
            return
        if opening:
            raise NotDurableError(_no_order(self.failure)) from None
        if not self._segment.keep(*record):
            self.lost += 1
            self._problems[_ROOM] = "records were lost as the disk refused them for too long"

    def _try(self, step: str, action: Callable[[], None]) -> bool:
        """Do a step; remember whether the disk refuses it."""
        try:
            action()
        except OSError as error:
            self._problems[step] = f"{_STEPS[step]} ({_words(error)})"
            return False
        self._problems.pop(step, None)
        return True

    def _sync(self) -> None:
        self._files.sync(self._segment.handle)

    def _settle(self, mark: Mark) -> None:
        with self._lock:
            self._durable = mark
            behind = self._segment.chain.records > mark.records
            self._oldest_ns = mark.ts_ns if behind else 0

    def _create(self, label: str) -> tuple[int, str]:
        name = segment_name(self._number + 1, label)
        path = os.path.join(self.directory, name)
        handle = self._files.create(path)
        try:
            self._files.reserve(handle, 0, RESERVE)
        except OSError:
            self._files.close(handle)
            self._files.remove(path)
            raise
        return handle, name

    def _begin(self, handle: int, name: str, label: str, before: Previous) -> None:
        number = self._number + 1
        header = checked_header_line(segment_meta(number, label, before, self._meta))
        self._segment = segment = SegmentWriter(self._files, handle, name, header)
        self._number = number
        self._files.sync(handle)
        self._files.sync_directory(self.directory)
        self._anchor(segment.mark())
        self._anchor(segment.mark())
        self._files.sync(self._head)
        self._durable, self._oldest_ns = segment.mark(), 0

    def _end(self) -> Previous:
        segment = self._segment
        mark = segment.end()
        self._anchor(mark)
        self._anchor(mark)
        self._files.sync(self._head)
        self._durable, self._oldest_ns = mark, 0
        return Previous(segment.name, mark.records, segment.chain.sealed_hash)

    def _anchor(self, mark: Mark) -> None:
        serial = self._serial + 1
        slot, at = slot_of(
            Anchor(serial, self._segment.name, mark.records, mark.length, mark.digest)
        )
        write_whole(self._files, self._head, slot, at)
        self._serial = serial


def _no_order(why: str) -> str:
    return (
        f"the intent cannot be made durable: {why}; no order that opens a position is sent, "
        "cancelling and closing go on."
    )


def _words(error: OSError) -> str:
    return error.strerror or str(error)
