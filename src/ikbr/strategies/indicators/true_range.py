"""The average true range."""

from __future__ import annotations

from ikbr.strategies.indicators._window import NAN, checked_period


class ATR:
    """Average the true range of bars the way Wilder did.

    The true range of a bar is the span of its high, its low and the close before it. Warm-up:
    the first bar only gives a close; the first value comes with bar `period + 1` and is a plain
    average of `period` true ranges, as in TA-Lib's ATR. A bar with any price that is not finite
    is ignored whole.

    Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978), section III;
    https://ta-lib.org/functions/ (ATR).

    >>> atr = ATR(2)
    >>> [atr.update(*bar) for bar in ((2, 1, 2), (3, 2, 3), (4, 3, 3), (5, 3, 4))]
    [nan, nan, 1.0, 1.5]
    """

    __slots__ = ("_close", "_keep", "_seen", "_sum", "period", "ready", "value")

    def __init__(self, period: int = 14) -> None:
        """Start empty.

        Args:
            period: Number of true ranges that are averaged, 1 or more.
        """
        self.period = checked_period("ATR", period)
        self._keep = period - 1
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.value = NAN
        self.ready = False
        self._close = NAN
        self._seen = -1
        self._sum = 0.0

    def update(self, high: float, low: float, close: float) -> float:
        """Take the newest closed bar.

        Args:
            high: Highest price of the bar.
            low: Lowest price of the bar.
            close: Last price of the bar.

        Returns:
            The average true range in price units, NaN until `period + 1` bars were seen.
        """
        total = high + low + close
        if total - total != 0.0:
            return self.value
        before = self._close
        self._close = close
        top = high if high > before else before
        bottom = low if low < before else before
        if self.ready:
            self.value = average = (self.value * self._keep + top - bottom) / self.period
            return average
        self._seen += 1
        if self._seen:
            self._sum += top - bottom
            if self._seen == self.period:
                self.ready = True
                self.value = self._sum / self.period
        return self.value
