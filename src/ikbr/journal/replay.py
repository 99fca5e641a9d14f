"""Replaying a journal: from its records to the state of the run that wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ikbr.domain.instrument import Instrument
from ikbr.journal.checkpoint import Checkpoint
from ikbr.journal.checkpoints import state_at
from ikbr.journal.files import Files
from ikbr.journal.memory_journal import Entry
from ikbr.journal.reader import read_records
from ikbr.journal.records import Record
from ikbr.journal.segments import OS_FILES
from ikbr.journal.session_reader import read_session
from ikbr.journal.state import State

__all__ = ["State", "recall_session", "replay"]


def replay(
    source: Path | str | Iterable[Entry] | Iterable[Record],
    instruments: Mapping[str, Instrument] | None = None,
) -> State:
    """Rebuild the state of the run that wrote a journal.

    Args:
        source: A file, the folder of a live journal, the records of a `MemoryJournal`, or
            records that were read.
        instruments: What may be held, when no settings record describes it.

    Raises:
        UsageError: When a file cannot be read.
        JournalError: When the records do not fit together.
    """
    state = State(instruments)
    records: Iterable[Any] = read_records(source) if isinstance(source, Path | str) else source
    for record in records:
        if isinstance(record, Record):
            state.apply(record.kind, record.ts_ns, record.body)
        else:
            kind, ts_ns, body = record
            state.apply(kind, ts_ns, body)
    return state


def recall_session(directory: Path | str, files: Files = OS_FILES) -> State:
    """Rebuild what is known of a live journal from its newest checkpoint on.

    Args:
        directory: Its folder.
        files: The file system.

    Returns:
        What `replay` gives, but for orders and fills that ended long before the checkpoint.

    Raises:
        UsageError: When there is no journal.
        JournalError: When what is read was changed, or does not fit together.
    """
    state = State()
    records = read_session(str(directory), files, since_checkpoint=True)
    for number, (_, record) in enumerate(records):
        if number == 0 and isinstance(record.body, Checkpoint):
            state = state_at(record.body)
        state.apply(record.kind, record.ts_ns, record.body)
    return state
