"""The clearance: whether orders may go at all, and in which symbols."""

from __future__ import annotations

from collections import deque

from ikbr.domain.session import Session


class Clearance:
    """Hold what people, the broker and the calendar say about trading.

    Attributes:
        reconciled: Whether our books agree with the broker's.
        session: The session that runs or ran last; None before the first.
        blocked: Symbols in which nothing may be entered, and why.
    """

    __slots__ = ("_rejections", "blocked", "reconciled", "session")

    def __init__(self) -> None:
        """Start before anything is known."""
        self.reconciled = False
        self.session: Session | None = None
        self.blocked: dict[str, str] = {}
        self._rejections: dict[str, deque[int]] = {}

    def on_rejected(self, symbol: str, now_ns: int, window_ns: int) -> int:
        """Count a rejection by the broker.

        Returns:
            How many there were within the window.
        """
        times = self._rejections.setdefault(symbol, deque(maxlen=1_000))
        times.append(now_ns)
        while now_ns - times[0] > window_ns:
            times.popleft()
        return len(times)

    def unblock(self, symbol: str) -> None:
        """Let a symbol be traded again; its rejections are forgotten."""
        self.blocked.pop(symbol, None)
        self._rejections.pop(symbol, None)
