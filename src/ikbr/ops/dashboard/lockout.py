"""Lock-out: who guesses passwords has to wait, longer each time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

FREE = 5
FIRST_S = 30.0
LONGEST_S = 900.0
FORGOTTEN_S = 3_600.0
MOST = 4_096
"""Names and addresses that are remembered at most."""


class Lockout:
    """Count failures by name and by address."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """Start without failures.

        Args:
            now_s: A clock that never goes back, seconds.
        """
        self._now_s = now_s
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, keys: Iterable[str]) -> float:
        """Say how long they have to wait before they may try again; 0 for not at all."""
        return max((self._wait_s(key) for key in keys), default=0.0)

    def _wait_s(self, key: str) -> float:
        count, last_s = self._failures.get(key, (0, 0.0))
        if count < FREE:
            return 0.0
        locked_s = min(LONGEST_S, FIRST_S * float(1 << min(count - FREE, 30)))
        return max(0.0, last_s + locked_s - self._now_s())

    def failed(self, keys: Iterable[str]) -> None:
        """Count a failure."""
        now = self._now_s()
        for key in keys:
            count, last_s = self._failures.pop(key, (0, now))
            self._failures[key] = (1 if now - last_s > FORGOTTEN_S else count + 1, now)
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)

    def succeeded(self, keys: Iterable[str]) -> None:
        """Forget their failures."""
        for key in keys:
            self._failures.pop(key, None)


class Rate:
    """Allow so many in a second, on average, and a few more at once."""

    def __init__(self, per_s: float, at_once: int, now_s: Callable[[], float]) -> None:
        """Start with all of them free."""
        self._per_s, self._at_once, self._now_s = per_s, at_once, now_s
        self._left, self._seen_s = float(at_once), now_s()

    def take(self) -> bool:
        """Take one; say whether there was one."""
        now = self._now_s()
        self._left = min(self._at_once, self._left + (now - self._seen_s) * self._per_s)
        self._seen_s = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
