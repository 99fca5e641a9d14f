"""A lane: what waits for one target, and when it may go there."""

from __future__ import annotations

from collections import deque
from fnmatch import fnmatchcase

from ikbr.domain.alerts import SEVERITIES, SUMMARY, AlertRoute, quiet_minutes
from ikbr.ops.alerts.note import Note

WAITING = 200
"""Notes that may wait for a target; more are counted and left out."""
TOGETHER = 8
"""Notes in one message."""
HOUR_S = 3_600.0


class Lane:
    """Keep the notes of one target until they may go.

    Attributes:
        left_out: Notes that it was not told, since it was last told how many.
    """

    def __init__(self, route: AlertRoute, per_hour: int) -> None:
        """Keep nothing yet.

        Args:
            route: What the target is told.
            per_hour: Most messages an hour; a quarter of them is kept for what is critical.
        """
        self._route = route
        self._per_hour = per_hour
        self._quiet = quiet_minutes(route.quiet)
        self._waiting: deque[Note] = deque()
        self._sent_s: deque[float] = deque()
        self.left_out = 0

    def offer(self, note: Note) -> None:
        """Take a note, if it is for this target; a critical one takes the place of a mild one."""
        if not self._wants(note):
            return
        if len(self._waiting) >= WAITING:
            self.left_out += 1
            mild = next((one for one in self._waiting if one.severity != "critical"), None)
            if note.severity != "critical" or mild is None:
                return
            self._waiting.remove(mild)
        self._waiting.append(note)

    def _wants(self, note: Note) -> bool:
        route = self._route
        if note.source == SUMMARY:
            return route.summary
        if SEVERITIES.index(note.severity) < SEVERITIES.index(route.severity):
            return False
        return not route.sources or any(fnmatchcase(note.source, one) for one in route.sources)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting and not self.left_out

    @property
    def has_critical(self) -> bool:
        """Whether something critical waits."""
        return any(note.severity == "critical" for note in self._waiting)

    def take(self, now_s: float, minute: int, *, ending: bool = False) -> list[Note]:
        """Give what may go now, and count it as one message.

        Args:
            now_s: By a clock that only goes forward, seconds.
            minute: Of the day, where the people are.
            ending: Whether there is no later, so that nothing waits for a better time.
        """
        waits = not ending and (self._is_quiet(minute) or self._is_soon(now_s))
        mild_may = not waits and self._has_room(now_s, critical=False)
        critical = [note for note in self._waiting if note.severity == "critical"]
        mild = [note for note in self._waiting if note.severity != "critical"] if mild_may else []
        chosen = [*critical, *mild][:TOGETHER]
        tells_more = bool(self.left_out) and mild_may
        if not (chosen or tells_more) or not self._has_room(now_s, critical=bool(critical)):
            return []
        taken = {id(note) for note in chosen}
        self._waiting = deque(note for note in self._waiting if id(note) not in taken)
        self._sent_s.append(now_s)
        if self.left_out:
            words = f"{self.left_out} more were left out; they are in the log and the journal"
            ts_ns = chosen[-1].ts_ns if chosen else 0
            chosen.append(Note(ts_ns, "warning", "alerts", words))
            self.left_out = 0
        return chosen

    def _is_quiet(self, minute: int) -> bool:
        if self._quiet is None:
            return False
        begin, end = self._quiet
        return begin <= minute < end if begin <= end else minute >= begin or minute < end

    def _is_soon(self, now_s: float) -> bool:
        return bool(self._sent_s) and now_s - self._sent_s[-1] < self._route.min_interval_s

    def _has_room(self, now_s: float, *, critical: bool) -> bool:
        while self._sent_s and now_s - self._sent_s[0] >= max(HOUR_S, self._route.min_interval_s):
            self._sent_s.popleft()
        recent = sum(now_s - sent < HOUR_S for sent in self._sent_s)
        return recent < self._per_hour - (0 if critical else self._per_hour // 4)
