"""Back-off: how long to wait before the next attempt."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """Wait longer after each failure, with jitter so that clients do not come back together.

    >>> backoff = Backoff(first_s=1.0, most_s=60.0, draw=lambda: 1.0)
    >>> [backoff.next_s() for _ in range(8)]
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    >>> backoff.reset()
    >>> backoff.next_s()
    1.0
    """

    __slots__ = ("_delay_s", "_draw", "_first_s", "_most_s")

    def __init__(self, first_s: float, most_s: float, draw: Callable[[], float]) -> None:
        """Start with the shortest wait.

        Args:
            first_s: The wait after the first failure, seconds.
            most_s: The longest wait.
            draw: Gives random numbers from 0 to 1; a wait lies between half and all of its length.
        """
        self._first_s = first_s
        self._most_s = most_s
        self._draw = draw
        self._delay_s = first_s

    def next_s(self) -> float:
        """Give the next wait, seconds."""
        delay = self._delay_s
        self._delay_s = min(delay * 2, self._most_s)
        return delay * (0.5 + 0.5 * self._draw())

    def reset(self) -> None:
        """Start anew, after a success."""
        self._delay_s = self._first_s
