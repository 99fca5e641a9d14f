"""Repeats: the same alert again is one with a count, and what is over is told once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ikbr.domain.alerts import SEVERITIES
from ikbr.domain.events import Alert
from ikbr.ops.alerts.note import Note

KEPT = 1_000
"""Alerts that are remembered; the oldest is forgotten for a new one."""

WRONG_S = 60.0
"""For so long people may believe that something is over which has begun again."""

_NUMBER = re.compile(r"\d[\d.,]*")


@dataclass(slots=True)
class _Known:
    """Remember an alert.

    Attributes:
        note: What was said last.
        since_s: When it was told last.
        again: How often it came since.
        stands: Whether what it warns of has not ended.
        told: Whether people believe that it stands.
        changed_s: When it began or ended last.
    """

    note: Note
    since_s: float
    changed_s: float
    again: int = 0
    stands: bool = True
    told: bool = True


class Repeats:
    """Let the first of equal alerts through, and count the others.

    Alerts are equal when source, severity and words are, numbers apart.
    """

    def __init__(self, window_s: float) -> None:
        """Remember nothing yet.

        Args:
            window_s: For so long an alert that was told is only counted, seconds.
        """
        self._window_s = window_s
        self._known: dict[tuple[str, str, str], _Known] = {}

    def take(self, alert: Alert, now_s: float) -> Note | None:
        """Take an alert; give what is to be told now, if anything is.

        Args:
            alert: What happened.
            now_s: By a clock that only goes forward, seconds.
        """
        note = Note(alert.ts_ns, alert.severity, alert.source, alert.message, alert.over)
        if alert.over:
            return self._end(note, now_s)
        key = alert.source, alert.severity, _NUMBER.sub("#", alert.message)
        known = self._known.get(key)
        if known is not None and now_s - known.since_s < self._window_s:
            known.again += 1
            known.note = note
            if not known.stands:
                known.stands, known.changed_s = True, now_s
            return None
        self._known.pop(key, None)
        if len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[key] = _Known(note, now_s, now_s)
        return note

    def _end(self, over: Note, now_s: float) -> Note | None:
        """Take that something is over: told once, as seriously as it was."""
        of_source = [one for one in self._known.values() if one.note.source == over.source]
        if not of_source:
            return over._replace(over=False)
        told = [one for one in of_source if one.stands and one.told]
        for one in of_source:
            if one.stands:
                one.stands, one.changed_s = False, now_s
        for one in told:
            one.told = False
        if not told:
            return None
        worst = max((one.note.severity for one in told), key=SEVERITIES.index)
        return over._replace(severity=worst)

    def due(self, now_s: float, *, ending: bool = False) -> list[Note]:
        """Give what came again with its count, once its time is over.

        What began again after people were told of its end is told earlier: they must not be
        wrong about it for long.

        Args:
            now_s: By the same clock, seconds.
            ending: Whether there is no later.
        """
        notes = []
        for key, known in list(self._known.items()):
            wrong = known.stands and not known.told and now_s - known.changed_s >= WRONG_S
            if now_s - known.since_s < self._window_s and not ending and not wrong:
                continue
            if known.again:
                notes.append(_counted(known, now_s - known.since_s))
                known.since_s, known.again, known.told = now_s, 0, known.stands
            elif not known.stands and now_s - known.changed_s >= self._window_s:
                del self._known[key]
        return notes


def _counted(known: _Known, seconds: float) -> Note:
    times = "once more" if known.again == 1 else f"{known.again} more times"
    over = "" if known.stands else "; it is over"
    words = f"{known.note.words} ({times} within {max(1, round(seconds / 60))} min{over})"
    return known.note._replace(words=words)
