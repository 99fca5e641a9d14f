"""The record of a session: what besides its tape is needed to run it again.

It lies in the session's folder as `tape/session.json`, beside `ticks.bin` (`data/session_tape.py`)
and `notes.jsonl`, which says what came later: bars of the warm-up, gaps, the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from ikbr.core.opening import Opening
from ikbr.domain.errors import DataError
from ikbr.domain.events import Bar
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import Instrument
from ikbr.domain.limits import RiskLimits
from ikbr.domain.routing import RoutingRules
from ikbr.domain.session import Session
from ikbr.strategies.schedule import Schedule

VERSION = 1

FOLDER, RECORD, TICKS, NOTES = "tape", "session.json", "ticks.bin", "notes.jsonl"


class StrategyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a strategy is made again.

    Attributes:
        name: Of the instance.
        reference: A name, or a file with a class, as `--strategy` takes; "" when it has none.
        source: Fingerprint of its source.
        symbols: What it ran on.
        share: Its share of the capital.
        params: Its parameters and options by name.
        schedule: When it may enter and when it must be flat.
    """

    name: str
    reference: str
    source: str
    symbols: tuple[str, ...]
    share: float
    params: dict[str, Any]
    schedule: Schedule


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a session began.

    Attributes:
        version: Of this file.
        mode: "paper", "live" or "shadow".
        simulated: Whether the gateway was a simulated one.
        begin_ns: When trading began, ns UTC.
        client_id: Of the connection.
        journal: Folder of the journal.
        segment: The segment of it with which the session began.
        instruments, sessions: What was traded or held, and when.
        base: Currency of the account.
        fx: Value of one unit of other currencies in it.
        opening: What the books began with.
        carried: Orders of earlier sessions that still worked, by id.
        strategies: The strategies.
        limits, routing, quantity, all_hours: As in `core.pipeline.Plan`.
        model: How a simulated market treats orders, by the settings.
    """

    version: int = VERSION
    mode: str
    simulated: bool
    begin_ns: int
    client_id: int
    journal: str
    segment: str
    instruments: tuple[Instrument, ...]
    sessions: tuple[Session, ...]
    base: str
    fx: dict[str, float]
    opening: Opening
    carried: tuple[int, ...] = ()
    strategies: tuple[StrategyRecord, ...]
    limits: RiskLimits
    routing: RoutingRules
    quantity: int
    all_hours: bool
    model: ExecutionModel


class Gap(msgspec.Struct, frozen=True, tag="gap"):
    """Note that prices of a symbol were not known from a time on."""

    ts_ns: int
    symbol: str
    why: str


class PastBar(msgspec.Struct, frozen=True, tag="bar"):
    """Note a bar that a strategy was shown before the first tick.

    Attributes:
        text: Its length, as strategies write it.
        bar: The bar.
    """

    text: str
    bar: Bar


class Stopping(msgspec.Struct, frozen=True, tag="stopping"):
    """Note that the session began to end on purpose."""

    ts_ns: int
    reason: str
    flatten: bool


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Note that the session has ended.

    Attributes:
        ts_ns: When.
        rows: Rows that were taken.
        lost: Rows that the disk did not take.
    """

    ts_ns: int
    rows: int
    lost: int


Note = Gap | PastBar | Stopping | Ended


def read_record(folder: Path) -> SessionRecord:
    """Read how a session began.

    Args:
        folder: Of its tape.

    Raises:
        DataError: When the file is not there or cannot be understood.
    """
    path = folder / RECORD
    try:
        record = msgspec.json.decode(path.read_bytes(), type=SessionRecord)
    except OSError as error:
        raise DataError(
            f"'{path}' cannot be read ({error.strerror}); name the folder of a paper or live "
            f"session, such as sessions/2026-03-02T143000-paper."
        ) from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DataError(f"'{path}' is damaged or no record of a session: {error}.") from None
    if record.version > VERSION:
        raise DataError(
            f"'{path}' is of version {record.version}, and this ikbr reads {VERSION}; use the "
            f"version that wrote it, or a newer one."
        )
    return record


def read_notes(folder: Path) -> list[Note]:
    """Read what was noted while a session ran; a last line that a kill tore is left out.

    Raises:
        DataError: When a line cannot be understood.
    """
    path = folder / NOTES
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"'{path}' cannot be read ({error.strerror}).") from None
    return list(_notes(path, lines[:-1]))


def _notes(path: Path, lines: Iterable[bytes]) -> Iterable[Note]:
    for number, line in enumerate(lines, 1):
        try:
            yield msgspec.json.decode(line, type=Note)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise DataError(f"'{path}', line {number} is damaged: {error}.") from None
