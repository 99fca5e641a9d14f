"""What a session has left: its tape, its notes and its records, read and checked together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ikbr.backtest.compare.trace import Entry
from ikbr.data.session_tape import SessionTape
from ikbr.domain.errors import DataError, JournalError, UsageError
from ikbr.domain.events import Bar
from ikbr.domain.session import Session
from ikbr.journal.reader import read_located
from ikbr.live.session_record import (
    FOLDER,
    RECORD,
    TICKS,
    Ended,
    Gap,
    Note,
    PastBar,
    SessionRecord,
    Stopping,
    read_notes,
    read_record,
)

ANSWER_NS = 10_000_000_000
"""An order without an answer for longer than this is not on its way, it is lost."""
HOUR_NS = 3_600_000_000_000
"""Looking around and reconciling take minutes at most."""


class RecordedSession(NamedTuple):
    """Hold what a session has left.

    Attributes:
        record: How it began.
        notes: What was noted meanwhile.
        tape: What it saw.
        before, journal: The journal's records of earlier sessions, and its own.
    """

    record: SessionRecord
    notes: Sequence[Note]
    tape: SessionTape
    before: Sequence[Entry]
    journal: Sequence[Entry]

    @property
    def stopping(self) -> Stopping | None:
        """How it began to end on purpose; None when it did not."""
        return next((note for note in self.notes if isinstance(note, Stopping)), None)

    @property
    def ended(self) -> Ended | None:
        """How it ended; None when it was killed."""
        return next((note for note in self.notes if isinstance(note, Ended)), None)

    @property
    def until_ns(self) -> int:
        """Up to when all of it is known, ns UTC."""
        last = int(self.tape.ts[-1])
        return self._known_ns(last) if self.ended is None else max(last, self.ended.ts_ns)

    def _known_ns(self, last_ns: int) -> int:
        """Leave out the moment of a kill: what had been sent then was not answered yet."""
        waiting: dict[int, int] = {}
        latest = 0
        for kind, ts_ns, body in self.journal:
            latest = max(latest, ts_ns)
            if kind == "intent":
                waiting[body[0]] = ts_ns
            elif kind in {"update", "fill"}:
                waiting.pop(body.order_id, None)
        ends = [ts_ns for ts_ns in waiting.values() if ts_ns > last_ns - ANSWER_NS]
        if latest >= last_ns:
            ends.append(last_ns)
        return min(ends) - 1 if ends else last_ns

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The trading hours that were in force: those known at first, and those that opened."""
        opened = {body.open_ns: body for kind, _, body in self.journal if kind == "session"}
        known = opened | {one.open_ns: one for one in self.record.sessions}
        first = min(known)
        return tuple(known[ns] for ns in sorted(known) if ns <= max(first, self.until_ns))

    @property
    def gaps(self) -> dict[str, int]:
        """From when on there was no data of a symbol, ns UTC."""
        found: dict[str, int] = {}
        for note in self.notes:
            if isinstance(note, Gap):
                found.setdefault(note.symbol, note.ts_ns)
        return found

    @property
    def incomplete(self) -> str:
        """Why rows are known to be missing on the tape; "" when none are."""
        missing = self.ended.rows - len(self.tape) if self.ended is not None else 0
        return f"{missing} rows of the tape are missing" if missing else ""


def read_recorded(session: Path, journal: Path | None) -> RecordedSession:
    """Read what a session has left.

    Args:
        session: Its folder.
        journal: The journal's folder or file; None for the one that the session names.

    Raises:
        IkbrError: When something of it is missing or damaged.
    """
    folder = session if (session / RECORD).is_file() else session / FOLDER
    record = read_record(folder)
    tape = SessionTape(
        folder / TICKS, record.instruments, record.sessions, synthetic=record.simulated
    )
    where = journal or Path(record.journal)
    if not where.exists():
        raise UsageError(
            f"the session's journal '{where}' is not there; say where it is with --journal."
        )
    segment = record.segment if where.is_dir() else ""
    try:
        before, own = _split(read_located(where), segment)
    except JournalError as error:
        raise DataError(f"the session's journal cannot be used: {error}") from None
    if not _is_of(own, record):
        raise DataError(
            f"journal '{where}' holds nothing of this session ({record.segment}); name another "
            f"with --journal."
        )
    _check(tape, session)
    return RecordedSession(record, read_notes(folder), tape, before, own)


def _split(located: Iterable[tuple[str, Any]], segment: str) -> tuple[list[Entry], list[Entry]]:
    """Part the records of earlier sessions from those of one; later ones are left out."""
    before: list[Entry] = []
    own: list[Entry] = []
    for name, record in located:
        if name < segment:
            before.append((record.kind, record.ts_ns, record.body))
            continue
        if record.kind == "start" and any(kind == "start" for kind, _, _ in own):
            break
        own.append((record.kind, record.ts_ns, record.body))
    return before, own


def _is_of(own: Sequence[Entry], record: SessionRecord) -> bool:
    """Say whether records are those of a session: begun just before, by its client."""
    started = next(((ts_ns, body) for kind, ts_ns, body in own if kind == "start"), None)
    settings = next((body for kind, _, body in own if kind == "settings"), None)
    if started is None or settings is None:
        return False
    names = {one.name for one in record.strategies}
    return (
        0 <= record.begin_ns - started[0] <= HOUR_NS
        and started[1].client_id == record.client_id
        and set(settings["strategies"]) == names
    )


def _check(tape: SessionTape, session: Path) -> None:
    if not len(tape):
        raise DataError(f"the tape of '{session}' is empty: the session saw no prices.")
    if bool((np.diff(tape.ts) < 0).any()):
        raise DataError(f"the tape of '{session}' goes back in time; it is damaged.")


class ShownBars:
    """Give the bars that a session was shown (a `History`)."""

    def __init__(self, notes: Sequence[Note]) -> None:
        self._bars: dict[tuple[str, str], list[Bar]] = {}
        for note in notes:
            if isinstance(note, PastBar):
                self._bars.setdefault((note.bar.symbol, note.text), []).append(note.bar)

    def bars(self, symbol: str, resolution: str, end_ns: int, count: int) -> Sequence[Bar]:
        """Give the last bars that closed at or before a time."""
        known = self._bars.get((symbol, resolution), ())
        return [bar for bar in known if bar.end_ns <= end_ns][-count:]
