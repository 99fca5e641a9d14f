"""A note: what people are told of an alert, and how several of them become one message."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from ikbr.domain.alerts import SEVERITIES

LONGEST = 400
"""Characters of one note in a message."""
LONGEST_SUMMARY = 3_000
"""Source: Telegram's Bot API, sendMessage: at most 4096 characters a message."""


class Note(NamedTuple):
    """Tell one thing.

    Attributes:
        ts_ns: When it happened, ns UTC.
        severity: How serious it is, or was.
        source: Which part speaks.
        words: The sentence.
        over: Whether it tells that something is over.
    """

    ts_ns: int
    severity: str
    source: str
    words: str
    over: bool = False


class Message(NamedTuple):
    """Hold what goes to a target at once.

    Attributes:
        title: In a line who speaks, and of what.
        body: What there is to say.
        severity: The worst in it; "over" when it only tells that something is over.
        notes: How many it holds.
    """

    title: str
    body: str
    severity: str
    notes: int


def message_of(notes: Sequence[Note], label: str) -> Message:
    """Make one message.

    Args:
        notes: At least one, oldest first.
        label: Which bot speaks.
    """
    kinds = [_kind(note) for note in notes]
    worst = max(kinds, key=("over", *SEVERITIES).index)
    if len(notes) == 1:
        return Message(f"{label}: {worst}, {notes[0].source}", _line(notes[0]), worst, 1)
    title = f"{label}: {len(notes)} alerts, the worst {worst}"
    lines = [
        f"{kind}, {note.source}: {_line(note)}" for kind, note in zip(kinds, notes, strict=True)
    ]
    return Message(title, "\n".join(lines), worst, len(notes))


def _kind(note: Note) -> str:
    return "over" if note.over else note.severity


def _line(note: Note) -> str:
    longest = LONGEST_SUMMARY if "\n" in note.words else LONGEST
    words = note.words if len(note.words) <= longest else f"{note.words[: longest - 1]}…"
    return f"{clock_of(note.ts_ns)} {words}"


def clock_of(ts_ns: int) -> str:
    """Write the time of the day, in UTC.

    >>> clock_of(1_772_461_800_000_000_000)
    '14:30:00Z'
    """
    return f"{dt.datetime.fromtimestamp(ts_ns // 1_000_000_000, dt.UTC):%H:%M:%S}Z"
