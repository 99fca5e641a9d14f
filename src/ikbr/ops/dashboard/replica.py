"""The replica of a bot: what it said last, for pages that come later."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

EVENTS = 200
"""Of each kind."""
POINTS = 20_000
KEPT = ("state", "risk", "latency")

Message = dict[str, Any]


class Replica:
    """Keep what a bot said.

    Attributes:
        bot_id: Which bot.
        info: What it said of itself.
        alive: Whether it is there.
        why: Why not.
    """

    def __init__(self, bot_id: str) -> None:
        """Know nothing yet."""
        self.bot_id = bot_id
        self.info: Message = {"name": bot_id}
        self.alive = False
        self.why = "it does not run"
        self._was_there = False
        self._newest: dict[str, Message] = {}
        self._prices: dict[str, Any] = {}
        self._events: dict[str, deque[tuple[int, Message]]] = {}
        self._count = 0
        self._points: deque[list[float]] = deque(maxlen=POINTS)

    def begin(self) -> None:
        """Begin anew: the bot tells everything again."""
        self._newest.clear()
        self._prices.clear()
        self._events.clear()
        self._points.clear()
        self.alive, self.why = True, ""
        self._was_there = True

    def is_away(self, killed: str) -> bool:
        """Keep that its process is not there; say whether that is news.

        Args:
            killed: Why a person stopped it; "" when nobody did.
        """
        before = self.why
        self.why = "it has ended" if self._was_there else "it does not run"
        if killed:
            self.why = f"stopped by a person: {killed}"
        return self.why != before

    def take(self, message: Message) -> Message:
        """Take what a bot says; give it as pages hear it."""
        message["bot"] = self.bot_id
        kind = message.get("type")
        if kind in KEPT:
            self._newest[kind] = message
        elif kind == "prices":
            self._prices.update(message["symbols"])
            self._newest[kind] = {**message, "symbols": self._prices}
        elif kind == "event":
            self._count += 1
            kept = self._events.setdefault(str(message.get("kind")), deque(maxlen=EVENTS))
            kept.append((self._count, message))
        elif kind == "equity":
            self._points.extend(message["points"])
        elif kind == "bot":
            self.info = message
        return message

    def described(self) -> Message:
        """Say what it is, for the list of bots."""
        told = {name: value for name, value in self.info.items() if name not in {"type", "bot"}}
        told.pop("session", None)
        return {"id": self.bot_id, **told, "alive": self.alive, "why": self.why}

    def everything(self) -> list[bytes]:
        """Give everything that is known, as one who comes hears it."""
        events = sorted(
            (one for kept in self._events.values() for one in kept), key=lambda one: one[0]
        )
        told: list[Message] = [*self._newest.values(), *(message for _, message in events)]
        if self._points:
            told.append({"type": "equity", "bot": self.bot_id, "points": list(self._points)})
        return [msgspec.json.encode(one) for one in told]
