"""Sessions that are recorded, what they have left, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from live_rig import Outcome, run_session

from ikbr.api.recorded_session import RecordedSession
from ikbr.api.replay import Replayed, ReplayRequest, replay_recorded
from ikbr.api.strategy_records import record_strategies
from ikbr.core.pipeline import Instance
from ikbr.data.session_tape import SessionTape, TapeWriter
from ikbr.live.session_record import FOLDER, TICKS, read_notes, read_record
from ikbr.live.session_recorder import SessionRecorder

Entry = tuple[str, int, Any]
COLUMNS = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")


def recorded_session(folder: Path, instances: Sequence[Instance], **options: Any) -> Outcome:
    recorder = SessionRecorder(folder / FOLDER, record_strategies(instances), lambda: ("", ""))
    return run_session(instances, recorder=recorder, **options)


def left_by(folder: Path, records: Sequence[Entry]) -> RecordedSession:
    where = folder / FOLDER
    record = read_record(where)
    tape = SessionTape(where / TICKS, record.instruments, record.sessions, synthetic=True)
    return RecordedSession(record, read_notes(where), tape, (), records)


def replayed(recorded: RecordedSession, **market: Any) -> Replayed:
    return replay_recorded(recorded, ReplayRequest(session=Path("it"), market=market))


def with_rows(
    recorded: RecordedSession, file: Path, change: Callable[[dict[str, Any]], Any]
) -> RecordedSession:
    """Write the tape anew with changed columns; a result of `change` chooses rows."""
    columns = {name: np.array(recorded.tape.column(name)) for name in COLUMNS}
    keep = change(columns)
    writer = TapeWriter(file)
    rows = zip(*(columns[name].tolist() for name in COLUMNS), strict=True)
    for number, row in enumerate(rows):
        if keep is None or keep[number]:
            writer.append(*row)
    writer.close()
    record = recorded.record
    tape = SessionTape(file, record.instruments, record.sessions, synthetic=True)
    return recorded._replace(tape=tape)
