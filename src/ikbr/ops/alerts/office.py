"""The office: what the courier does with what it hears, at every turn."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable
from typing import Protocol

from ikbr.domain.events import Alert
from ikbr.ops.alerts.lane import Lane
from ikbr.ops.alerts.note import Message, Note, message_of
from ikbr.ops.alerts.repeats import Repeats
from ikbr.ops.alerts.words import Setup, Trouble
from ikbr.ops.alerts.worker import Worker

FIRST_RETRY_S, LONGEST_RETRY_S = 2.0, 300.0
GIVE_UP_S = 3_600.0
"""A message that nobody took for so long is dropped, and counted."""
FRESH_S = 5.0
"""An event loop that has not turned for so long is taken to hang."""

Tell = Callable[[Trouble], None]


class Doors(Protocol):
    """Lead outside; see `ops.alerts.transport`."""

    def send(self, url: str, message: Message) -> str:
        """Send a message; say why it failed, or ""."""

    def ping(self, url: str) -> str:
        """Ask an address; say why it failed, or ""."""


class Office:
    """Sort alerts, and have them sent."""

    def __init__(self, setup: Setup, doors: Doors, tell: Tell, wall_s: Callable[[], float]) -> None:
        """Begin.

        Args:
            setup: Who speaks, and to whom.
            doors: Lead outside.
            tell: Told of trouble with a target.
            wall_s: Gives the time of the machine, seconds since 1970.
        """
        self._setup = setup
        self._repeats = Repeats(setup.rules.repeat_min * 60)
        self._counters = [
            _Counter(name, setup, doors, tell) for name in setup.urls if name in setup.routes
        ]
        self._heart = _Heart(setup, doors, tell) if setup.heartbeat else None
        self._wall_s = wall_s
        self._zone = zoneinfo.ZoneInfo(setup.rules.zone)
        self._lost = 0

    def take(self, alert: Alert, now_s: float) -> None:
        """Take an alert; `now_s` is by a clock that only goes forward, seconds."""
        note = self._repeats.take(alert, now_s)
        if note is not None:
            self._offer(note)

    def _offer(self, note: Note) -> None:
        for counter in self._counters:
            counter.lane.offer(note)

    def beat(self, *, ready: bool, lost: int, now_s: float) -> None:
        """Take that the event loop turns."""
        for counter in self._counters:
            counter.lane.left_out += lost - self._lost
        self._lost = lost
        if self._heart is not None:
            self._heart.beat(ready, now_s)

    def turn(self, now_s: float, *, ending: bool = False) -> None:
        """Do what is due.

        Args:
            now_s: By the same clock, seconds.
            ending: Whether there is no later.
        """
        for note in self._repeats.due(now_s, ending=ending):
            self._offer(note)
        local = dt.datetime.fromtimestamp(self._wall_s(), self._zone)
        for counter in self._counters:
            counter.turn(now_s, local.hour * 60 + local.minute, ending=ending)
        if self._heart is not None and not ending:
            self._heart.turn(now_s)

    @property
    def is_done(self) -> bool:
        """Whether everything was told."""
        return all(counter.is_done for counter in self._counters)


class _Counter:
    """Serve one target: its lane, and the thread that sends."""

    def __init__(self, name: str, setup: Setup, doors: Doors, tell: Tell) -> None:
        self.lane = Lane(setup.routes[name], setup.rules.per_hour)
        url = setup.urls[name]
        self._name = name
        self._label = setup.label
        self._worker: Worker[Message] = Worker(name, lambda message: doors.send(url, message))
        self._tell = tell
        self._message: Message | None = None
        self._first_s, self._tried_s = 0.0, float("-inf")
        self._failures = 0

    @property
    def is_done(self) -> bool:
        return self._message is None and self.lane.is_empty

    def turn(self, now_s: float, minute: int, *, ending: bool) -> None:
        why = self._worker.outcome()
        if why is not None:
            self._judge(why, now_s)
        if self._worker.busy:
            return
        if self._message is not None and self._failures and self._message.severity != "critical":
            self._give_way(self._message)
        if self._message is None:
            notes = self.lane.take(now_s, minute, ending=ending)
            if not notes:
                return
            self._message = message_of(notes, self._label)
            self._first_s, self._tried_s = now_s, float("-inf")
        # Where there is no later there is no reason to wait long.
        wait_s = FIRST_RETRY_S * 2.0 ** min(0 if ending else self._failures, 10)
        if now_s - self._tried_s >= min(wait_s, LONGEST_RETRY_S):
            self._tried_s = now_s
            self._worker.begin(self._message)

    def _give_way(self, mild: Message) -> None:
        """Let no message that nobody takes keep a critical one waiting."""
        if self.lane.has_critical:
            self.lane.left_out += mild.notes
            self._message, self._failures = None, 1

    def _judge(self, why: str, now_s: float) -> None:
        """Take how sending went."""
        assert self._message is not None
        if not why:
            if self._failures:
                self._tell(Trouble(f"{self._name} can be told again", over=True))
            self._message, self._failures = None, 0
            return
        if not self._failures:
            self._tell(Trouble(f"{self._name} could not be told, it is tried again: {why}"))
        self._failures += 1
        if now_s - self._first_s > GIVE_UP_S:
            self.lane.left_out += self._message.notes
            self._message = None


class _Heart:
    """Ask the heartbeat's address as long as the bot could trade."""

    def __init__(self, setup: Setup, doors: Doors, tell: Tell) -> None:
        self._every_s = setup.rules.heartbeat_s
        self._worker: Worker[str] = Worker("heartbeat", doors.ping)
        self._url = setup.heartbeat
        self._tell = tell
        self._ready = False
        self._beat_s = self._next_s = float("-inf")
        self._failed = False

    def beat(self, ready: bool, now_s: float) -> None:
        self._ready, self._beat_s = ready, now_s

    def turn(self, now_s: float) -> None:
        why = self._worker.outcome()
        if why is not None and bool(why) is not self._failed:
            self._failed = bool(why)
            words = f"the heartbeat fails: {why}" if why else "the heartbeat is heard again"
            self._tell(Trouble(words, over=not why))
        alive = self._ready and now_s - self._beat_s < FRESH_S
        if alive and now_s >= self._next_s and not self._worker.busy:
            self._next_s = now_s + self._every_s
            self._worker.begin(self._url)
