"""Standard deviation, z-score and Bollinger bands over a sliding window."""

from __future__ import annotations

from math import sqrt

from ikbr.domain.errors import StrategyError
from ikbr.strategies.indicators._moments import SlidingMoments
from ikbr.strategies.indicators._window import NAN


class RollingStd(SlidingMoments):
    """Measure the standard deviation of the last `period` values.

    Warm-up: the first value comes with the `period`-th observation. `ddof=0` (the default) is
    the population deviation, as TA-Lib's STDDEV; `ddof=1` the sample deviation, as pandas.
    `mean` holds the mean of the same window. Equal values give exactly 0.

    Source: `sqrt(Σ (x - mean)² / (period - ddof))`; https://ta-lib.org/functions/ (STDDEV).

    >>> std = RollingStd(2)
    >>> [std.update(x) for x in (1.0, 3.0, 3.0)]
    [nan, 1.0, 0.0]
    """

    __slots__ = ("_divisor", "ddof")

    def __init__(self, period: int, ddof: int = 0) -> None:
        """Start empty.

        Args:
            period: Number of values in the window, 2 or more.
            ddof: 0 for the population, 1 for a sample.
        """
        super().__init__(period)
        self.ddof = _checked_ddof(type(self).__name__, ddof)
        self._divisor = period - ddof

    def update(self, value: float) -> float:
        """Take the newest value.

        Args:
            value: The observation; ignored unless finite.

        Returns:
            The deviation in the unit of the values, NaN until `period` values were seen.
        """
        if value - value != 0.0:
            return self.value
        squares = self._slide(value)
        self.value = deviation = sqrt(squares / self._divisor)
        return deviation


class ZScore(SlidingMoments):
    """Say how many standard deviations the newest value lies from the window's mean.

    The window includes the newest value. `mean` and `std` hold what it was measured with. When
    all values are equal the newest is at its mean: the score is 0.

    Source: `(x - mean) / std`; E. Kreyszig, "Advanced Engineering Mathematics", standard score.

    >>> z = ZScore(2)
    >>> [z.update(x) for x in (1.0, 3.0, 3.0)]
    [nan, 1.0, 0.0]
    """

    __slots__ = ("_divisor", "ddof", "std")

    def __init__(self, period: int, ddof: int = 0) -> None:
        """Start empty.

        Args:
            period: Number of values in the window, 2 or more.
            ddof: 0 for the population, 1 for a sample.
        """
        self.ddof = _checked_ddof(type(self).__name__, ddof)
        super().__init__(period)
        self._divisor = period - ddof

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.std = NAN

    def update(self, value: float) -> float:
        """Take the newest value.

        Args:
            value: The observation; ignored unless finite.

        Returns:
            The score, NaN until `period` values were seen.
        """
        if value - value != 0.0:
            return self.value
        self.std = std = sqrt(self._slide(value) / self._divisor)
        self.value = score = (value - self.mean) / std if std != 0.0 else 0.0
        return score


class Bollinger(SlidingMoments):
    """Draw bands `width` standard deviations around a simple moving average.

    `value` (and `mean`) is the middle band; `upper` and `lower` are the others. The deviation is
    the population's (`ddof=0`), as in TA-Lib's BBANDS with a simple average.

    Source: J. Bollinger, "Bollinger on Bollinger Bands" (2001);
    https://ta-lib.org/functions/ (BBANDS).

    >>> bands = Bollinger(2, width=2.0)
    >>> [bands.update(x) for x in (1.0, 3.0)], bands.lower, bands.upper, bands.percent_b(3.0)
    ([nan, 2.0], 0.0, 4.0, 0.75)
    """

    __slots__ = ("lower", "std", "upper", "width")

    def __init__(self, period: int = 20, width: float = 2.0) -> None:
        """Start empty.

        Args:
            period: Number of values in the window, 2 or more.
            width: Distance of the bands, in standard deviations, above 0.
        """
        if not 0.0 < width < float("inf"):
            raise StrategyError(f"Bollinger: width {width!r} must be a number above 0.")
        self.width = width
        super().__init__(period)

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.upper = self.lower = self.std = NAN

    def update(self, value: float) -> float:
        """Take the newest value.

        Args:
            value: The observation; ignored unless finite.

        Returns:
            The middle band, NaN until `period` values were seen.
        """
        if value - value != 0.0:
            return self.value
        self.std = std = sqrt(self._slide(value) / self.period)
        reach = self.width * std
        self.value = middle = self.mean
        self.upper = middle + reach
        self.lower = middle - reach
        return middle

    def percent_b(self, price: float) -> float:
        """Say where a price lies between the bands: 0 at the lower, 1 at the upper.

        Args:
            price: Any price, in the unit of the values.

        Returns:
            The place, NaN until warm and while the bands coincide.
        """
        span = self.upper - self.lower
        return (price - self.lower) / span if span > 0.0 else NAN


def _checked_ddof(owner: str, ddof: int) -> int:
    if ddof not in (0, 1):
        raise StrategyError(f"{owner}: ddof {ddof!r} must be 0 (population) or 1 (sample).")
    return ddof
