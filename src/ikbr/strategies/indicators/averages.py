"""Simple and exponential moving averages."""

from __future__ import annotations

from ikbr.strategies.indicators._window import NAN, checked_period, laps_between_rebuilds


class SMA:
    """Average the last `period` values.

    Warm-up: the first value comes with the `period`-th observation, as in TA-Lib's SMA.

    Source: arithmetic mean over a sliding window; https://ta-lib.org/functions/ (SMA).

    >>> sma = SMA(3)
    >>> [sma.update(x) for x in (1.0, 2.0, 3.0, 7.0)]
    [nan, nan, 2.0, 4.0]
    """

    __slots__ = ("_base", "_buffer", "_laps", "_next", "_sum", "period", "ready", "value")

    def __init__(self, period: int) -> None:
        """Start empty.

        Args:
            period: Number of values to average, 1 or more.
        """
        self.period = checked_period("SMA", period)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.value = NAN
        self.ready = False
        self._buffer: list[float] = []
        self._base = 0.0
        self._sum = 0.0
        self._next = 0
        self._laps = laps_between_rebuilds(self.period)

    def update(self, value: float) -> float:
        """Take the newest value.

        Args:
            value: The observation; ignored unless finite.

        Returns:
            The average, NaN until `period` values were seen.
        """
        if value - value != 0.0:
            return self.value
        buffer = self._buffer
        if not self.ready:
            return self._warm_up(value)
        index = self._next
        self._sum += value - buffer[index]
        buffer[index] = value
        index += 1
        if index == self.period:
            self._turn()
        else:
            self._next = index
        self.value = average = self._base + self._sum / self.period
        return average

    def _warm_up(self, value: float) -> float:
        self._buffer.append(value)
        if len(self._buffer) == self.period:
            self._rebuild()
            self.ready = True
            self.value = self._base + self._sum / self.period
        return self.value

    def _turn(self) -> None:
        self._next = 0
        self._laps -= 1
        if self._laps <= 0:
            self._laps = laps_between_rebuilds(self.period)
            self._rebuild()

    def _rebuild(self) -> None:
        # Summing distances from a value of the window keeps the digits a large offset would eat.
        self._base = base = self._buffer[-1]
        self._sum = sum([value - base for value in self._buffer])


class EMA:
    """Average all values with weights that fall by `1 - 2 / (period + 1)` per step.

    Warm-up: the first value comes with the `period`-th observation and is the simple average of
    the first `period`, as in TA-Lib's EMA (default compatibility). The recursion forgets its own
    rounding errors, so nothing has to be rebuilt.

    Source: `E += k (x - E)`, `k = 2 / (period + 1)`; https://ta-lib.org/functions/ (EMA).

    >>> ema = EMA(3)
    >>> [ema.update(x) for x in (1.0, 2.0, 3.0, 7.0)]
    [nan, nan, 2.0, 4.5]
    """

    __slots__ = ("_seen", "_sum", "_weight", "period", "ready", "value")

    def __init__(self, period: int) -> None:
        """Start empty.

        Args:
            period: The span, 1 or more.
        """
        self.period = checked_period("EMA", period)
        self._weight = 2.0 / (period + 1)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.value = NAN
        self.ready = False
        self._seen = 0
        self._sum = 0.0

    def update(self, value: float) -> float:
        """Take the newest value.

        Args:
            value: The observation; ignored unless finite.

        Returns:
            The average, NaN until `period` values were seen.
        """
        if value - value != 0.0:
            return self.value
        if self.ready:
            last = self.value
            self.value = last = last + self._weight * (value - last)
            return last
        self._seen += 1
        self._sum += value
        if self._seen == self.period:
            self.ready = True
            self.value = self._sum / self.period
        return self.value
