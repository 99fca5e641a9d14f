"""The relative strength index."""

from __future__ import annotations

from ikbr.strategies.indicators._window import NAN, checked_period

STILL = 1e-14
"""Average movement below which the price counts as not having moved (TA-Lib's bound)."""


class RSI:
    """Compare rises with falls, both smoothed the way Wilder did: 0 (only falls) to 100.

    Warm-up: the first value comes with observation `period + 1` (there are `period` changes
    then) and uses plain averages, as in TA-Lib's RSI. A price that does not move at all gives
    50; TA-Lib gives 0 there, which would read as deeply oversold.

    Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978), section VI;
    https://ta-lib.org/functions/ (RSI).

    >>> rsi = RSI(2)
    >>> [rsi.update(x) for x in (1.0, 2.0, 1.0, 2.0)]
    [nan, nan, 50.0, 75.0]
    """

    __slots__ = ("_fall", "_keep", "_last", "_rise", "_seen", "period", "ready", "value")

    def __init__(self, period: int = 14) -> None:
        """Start empty.

        Args:
            period: Number of changes that are averaged, 1 or more.
        """
        self.period = checked_period("RSI", period)
        self._keep = period - 1
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.value = NAN
        self.ready = False
        self._last = NAN
        self._rise = self._fall = 0.0
        self._seen = -1

    def update(self, value: float) -> float:
        """Take the newest value.

        Args:
            value: The observation; ignored unless finite.

        Returns:
            The index, NaN until `period + 1` values were seen.
        """
        change = value - self._last
        if not self.ready:
            return self._warm_up(value)
        if change - change != 0.0:
            return self.value
        self._last = value
        period = self.period
        if change > 0.0:
            self._rise = rise = (self._rise * self._keep + change) / period
            self._fall = fall = self._fall * self._keep / period
        else:
            self._rise = rise = self._rise * self._keep / period
            self._fall = fall = (self._fall * self._keep - change) / period
        total = rise + fall
        self.value = index = 100.0 * rise / total if total > STILL else 50.0
        return index

    def _warm_up(self, value: float) -> float:
        if value - value != 0.0:
            return self.value
        if self._seen >= 0:
            change = value - self._last
            self._rise += max(change, 0.0) / self.period
            self._fall += max(-change, 0.0) / self.period
        self._last = value
        self._seen += 1
        if self._seen == self.period:
            self.ready = True
            total = self._rise + self._fall
            self.value = 100.0 * self._rise / total if total > STILL else 50.0
        return self.value
