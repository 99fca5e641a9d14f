"""Pacing: how many messages a client may send per second.

Source: IBKR, "Pacing limitations": market data lines divided by two per second; the third breach
ends the connection (TWS API message code 100).
"""

from __future__ import annotations

from collections import deque

SECOND_NS = 1_000_000_000


class Pace:
    """Count messages in a window of one second.

    Attributes:
        rate: Messages per second; 0 for any number.
        count: Messages in the window, the latest included.
        breaches: How often more came; one breach is told once per window.
    """

    __slots__ = ("_times", "_told_ns", "breaches", "count", "rate")

    def __init__(self, rate: int) -> None:
        """Start with no messages."""
        self.rate = rate
        self.count = 0
        self.breaches = 0
        self._times: deque[int] = deque(maxlen=max(rate, 1))
        self._told_ns = -SECOND_NS

    def allows(self, at_ns: int) -> bool:
        """Count a message and say whether it may pass.

        >>> pace = Pace(2)
        >>> [pace.allows(at) for at in (0, 1, 2, SECOND_NS + 1)], pace.breaches
        ([True, True, False, True], 1)
        """
        if not self.rate:
            return True
        times = self._times
        while times and at_ns - times[0] >= SECOND_NS:
            times.popleft()
        if len(times) < self.rate:
            times.append(at_ns)
            self.count = len(times)
            return True
        self.count = self.rate + 1
        if at_ns - self._told_ns >= SECOND_NS:
            self._told_ns = at_ns
            self.breaches += 1
        return False
