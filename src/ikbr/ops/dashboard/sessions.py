"""Who is logged in: sessions in memory, known by the hash of a random cookie."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from ikbr.ops.dashboard.lockout import Rate
from ikbr.ops.dashboard.passwords import Role

LASTS_S = 12 * 3_600.0
MOST = 64
LINK_LASTS_S = 3_600.0
ACTIONS_PER_S, ACTIONS_AT_ONCE = 2.0, 10


@dataclass(slots=True, eq=False)
class Session:
    """Remember somebody who has logged in.

    Attributes:
        user: Who.
        role: "reader" sees, "trader" acts.
        csrf: What a page of ours sends along, and nobody else knows.
        ends_s: When it is over.
        actions: How often they may act.
        ended: Told when it is over before its time.
    """

    user: str
    role: Role
    csrf: str
    ends_s: float
    actions: Rate
    ended: list[Callable[[], None]] = field(default_factory=list)


class Sessions:
    """Keep the sessions, and the one-time link of the local user."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """Start with nobody logged in.

        Args:
            now_s: A clock that never goes back, seconds.
        """
        self._now_s = now_s
        self._sessions: dict[bytes, Session] = {}
        self._link: tuple[bytes, float] | None = None

    def open(self, user: str, role: Role) -> tuple[str, Session]:
        """Log somebody in.

        Returns:
            The cookie's value, which is kept nowhere here, and the session.
        """
        self._forget_old()
        while len(self._sessions) >= MOST:
            self._end(next(iter(self._sessions)))
        cookie = secrets.token_urlsafe(32)
        now = self._now_s()
        rate = Rate(ACTIONS_PER_S, ACTIONS_AT_ONCE, self._now_s)
        session = Session(user, role, secrets.token_urlsafe(32), now + LASTS_S, rate)
        self._sessions[_digest(cookie)] = session
        return cookie, session

    def find(self, cookie: str) -> Session | None:
        """Give the session of a cookie; None when there is none, or it is over."""
        session = self._sessions.get(_digest(cookie))
        return session if session is not None and session.ends_s > self._now_s() else None

    def close(self, session: Session) -> None:
        """Log somebody out."""
        for key, one in list(self._sessions.items()):
            if one is session:
                self._end(key)

    def has(self, session: Session) -> bool:
        """Say whether somebody is still logged in."""
        return self.left_s(session) > 0 and session in self._sessions.values()

    def left_s(self, session: Session) -> float:
        """Say how long a session goes on."""
        return session.ends_s - self._now_s()

    def new_link(self) -> str:
        """Make the token of a link that logs in once; an earlier one is void."""
        token = secrets.token_urlsafe(32)
        self._link = (_digest(token), self._now_s() + LINK_LASTS_S)
        return token

    def use_link(self, token: str) -> bool:
        """Say whether a token is that of the link; it is void afterwards."""
        if self._link is None:
            return False
        known, ends_s = self._link
        if ends_s <= self._now_s() or not secrets.compare_digest(known, _digest(token)):
            return False
        self._link = None
        return True

    def _forget_old(self) -> None:
        now = self._now_s()
        for key in [key for key, one in self._sessions.items() if one.ends_s <= now]:
            self._end(key)

    def _end(self, key: bytes) -> None:
        for tell in self._sessions.pop(key).ended:
            tell()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
