"""The highest and the lowest value of a sliding window."""

from __future__ import annotations

from collections import deque

from ikbr.strategies.indicators._window import NAN, checked_period


class Highest:
    """Keep the highest of the last `period` values.

    Warm-up: the first value comes with the `period`-th observation, as in TA-Lib's MAX. A queue
    of falling values holds only those that can still become the highest, so every value enters
    and leaves it once.

    Source: monotonic queue; D. Lemire, "Streaming maximum-minimum filter using no more than
    three comparisons per element", Nordic Journal of Computing 13 (2006).

    >>> highest = Highest(2)
    >>> [highest.update(x) for x in (3.0, 1.0, 2.0)]
    [nan, 3.0, 2.0]
    """

    __slots__ = ("_expiries", "_queue", "_seen", "period", "ready", "value")

    def __init__(self, period: int) -> None:
        """Start empty.

        Args:
            period: Number of values in the window, 1 or more.
        """
        self.period = checked_period(type(self).__name__, period)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.value = NAN
        self.ready = False
        self._queue: deque[float] = deque()
        self._expiries: deque[int] = deque()
        self._seen = 0

    def update(self, value: float) -> float:
        """Take the newest value.

        Args:
            value: The observation; ignored unless finite.

        Returns:
            The highest of the window, NaN until `period` values were seen.
        """
        if value - value != 0.0:
            return self.value
        queue = self._queue
        expiries = self._expiries
        self._seen = seen = self._seen + 1
        while queue and queue[-1] <= value:
            queue.pop()
            expiries.pop()
        queue.append(value)
        expiries.append(seen + self.period)
        if expiries[0] <= seen:
            queue.popleft()
            expiries.popleft()
        if self.ready or seen >= self.period:
            self.ready = True
            self.value = queue[0]
        return self.value


class Lowest(Highest):
    """Keep the lowest of the last `period` values.

    Warm-up and method as in `Highest`; as TA-Lib's MIN.

    Source: monotonic queue, see `Highest`.

    >>> lowest = Lowest(2)
    >>> [lowest.update(x) for x in (1.0, 3.0, 2.0)]
    [nan, 1.0, 2.0]
    """

    __slots__ = ()

    def update(self, value: float) -> float:
        """Take the newest value.

        Args:
            value: The observation; ignored unless finite.

        Returns:
            The lowest of the window, NaN until `period` values were seen.
        """
        if value - value != 0.0:
            return self.value
        queue = self._queue
        expiries = self._expiries
        self._seen = seen = self._seen + 1
        while queue and queue[-1] >= value:
            queue.pop()
            expiries.pop()
        queue.append(value)
        expiries.append(seen + self.period)
        if expiries[0] <= seen:
            queue.popleft()
            expiries.popleft()
        if self.ready or seen >= self.period:
            self.ready = True
            self.value = queue[0]
        return self.value
