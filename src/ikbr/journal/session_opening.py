"""Opening the journal of live sessions: tidy up after a crash, begin a new segment, go on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ikbr.domain.errors import JournalError
from ikbr.journal.anchor import HEAD, Anchor, slot_of
from ikbr.journal.checkpoints import checkpoint_of
from ikbr.journal.files import Files, describe, write_whole
from ikbr.journal.repair import tidy
from ikbr.journal.replay import recall_session
from ikbr.journal.segments import OS_FILES, check_label
from ikbr.journal.session_journal import COMMIT_S, MAX_LAG_S, SessionJournal
from ikbr.journal.state import State

_SECOND = 1_000_000_000


def open_session(
    directory: Path | str,
    label: str,
    *,
    meta: Mapping[str, Any] | None = None,
    before_send: bool = False,
    commit_s: float = COMMIT_S,
    max_lag_s: float = MAX_LAG_S,
    files: Files = OS_FILES,
) -> SessionJournal:
    """Open the journal of live sessions: tidy up after a crash, begin a new segment.

    What earlier sessions left is read with `ikbr.journal.replay.recall_session`.

    Args:
        directory: The folder; it is made if it is not there. One process at a time may use it.
        label: What the session is called, usually its day: letters, digits, '.', '-', '_'.
        meta: What the session says about itself; no secrets.
        before_send: Whether an intent is on the disk, not only with the operating system, before
            its order is sent.
        commit_s: How often a thread brings the rest to the disk, seconds; 0 for no thread:
            then call `commit`.
        max_lag_s: How far the disk may be behind before no order is opened, seconds.
        files: The file system.

    Raises:
        UsageError: When the label makes no file name.
        JournalError: When another process uses the folder, the disk refuses, or what is there was
            changed or lacks what had been durable.
    """
    check_label(label)
    directory = str(directory)
    try:
        files.make_directory(directory)
        head = files.open(os.path.join(directory, HEAD))
    except OSError as error:
        raise describe(f"journal folder {directory} cannot be used", error) from None
    try:
        if not files.lock(head):
            raise JournalError(
                f"journal folder {directory} is in use by another process; two sessions must "
                "not share one."
            )
        found = tidy(directory, files)
        if found.serial < 0:
            # Before anything can be missing there is an anchor that misses nothing.
            for serial in (0, 1):
                write_whole(files, head, *slot_of(Anchor(serial, "", 0, 0, "")))
            files.sync(head)
            files.sync_directory(directory)
            found = found._replace(serial=1)
        journal = SessionJournal(
            directory,
            label,
            meta or {},
            files,
            head,
            found,
            before_send=before_send,
            max_lag_ns=round(max_lag_s * _SECOND),
        )
    except OSError as error:
        files.close(head)
        raise describe(f"journal folder {directory} cannot be written", error) from None
    except JournalError:
        files.close(head)
        raise
    if commit_s > 0:
        journal.start_commits(commit_s)
    return journal


def continue_session(
    directory: Path | str, label: str, *, files: Files = OS_FILES, **options: Any
) -> tuple[SessionJournal, State | None]:
    """Open the journal, and read what earlier sessions have left, from the newest checkpoint on.

    What was known becomes the checkpoint of the new segment, so that the next one need not read
    what lies before it.

    Args:
        directory: The folder.
        label: What the session is called.
        files: The file system.
        options: The others of `open_session`.

    Returns:
        The journal, and what was known; None when there was no session.

    Raises:
        UsageError: When the label makes no file name.
        JournalError: As `open_session`, or when the records do not fit together.
    """
    journal = open_session(directory, label, files=files, **options)
    try:
        past = recall_session(directory, files)
        if past.start is None:
            return journal, None
        journal.append("checkpoint", past.last_ns, checkpoint_of(past))
    except JournalError:
        journal.close()
        raise
    return journal, past
