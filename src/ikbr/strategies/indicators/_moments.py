"""Mean and sum of squared deviations over a sliding window."""

from __future__ import annotations

from ikbr.strategies.indicators._window import (
    CANCELLED,
    NAN,
    checked_period,
    laps_between_rebuilds,
)


class SlidingMoments:
    """Keep the mean and the squared deviations of the last `period` values.

    The sums are those of the distances from a base inside the window (so a large offset costs no
    digits), slid by Welford's update, and rebuilt from the window every thousand updates or so
    and whenever an outlier that has left would leave its rounding error behind. A window of
    equal values is recognised by counting, so that its deviation is exactly 0.

    Source: B. P. Welford, "Note on a method for calculating corrected sums of squares and
    products", Technometrics 4 (1962); sliding form: T. F. Chan, G. H. Golub, R. J. LeVeque,
    "Algorithms for computing the sample variance", The American Statistician 37 (1983).
    """

    __slots__ = (
        "_base",
        "_buffer",
        "_laps",
        "_next",
        "_offset",
        "_peak",
        "_previous",
        "_run",
        "_squares",
        "mean",
        "period",
        "ready",
        "value",
    )

    def __init__(self, period: int, least: int = 2) -> None:
        """Start empty.

        Args:
            period: Number of values in the window.
            least: The smallest period that makes sense to the owner.
        """
        self.period = checked_period(type(self).__name__, period, least)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.value = NAN
        self.mean = NAN
        self.ready = False
        self._buffer: list[float] = []
        self._base = self._offset = self._squares = self._peak = 0.0
        self._previous = NAN
        self._run = self._next = 0
        self._laps = laps_between_rebuilds(self.period)

    def _slide(self, value: float) -> float:
        """Move the window on by one finite value.

        Returns:
            The sum of squared deviations from the mean; NaN until the window is full.
        """
        if value == self._previous:
            self._run += 1
        else:
            self._run = 1
            self._previous = value
        if not self.ready:
            return self._warm_up(value)
        period = self.period
        buffer = self._buffer
        index = self._next
        old = buffer[index]
        buffer[index] = value
        base = self._base
        before = self._offset
        change = value - old
        self._offset = offset = before + change / period
        squares = self._squares + change * ((value - base) - offset + (old - base) - before)
        if squares > self._peak:
            self._peak = squares
        self._squares = squares
        index += 1
        if index == period:
            index = 0
            self._laps -= 1
        self._next = index
        if self._run >= period:
            self.mean = value
            return 0.0
        if squares < CANCELLED * self._peak or self._laps <= 0:
            return self._rebuild()
        self.mean = base + offset
        return squares

    def _warm_up(self, value: float) -> float:
        self._buffer.append(value)
        if len(self._buffer) < self.period:
            return NAN
        self.ready = True
        return self._rebuild()

    def _rebuild(self) -> float:
        self._laps = laps_between_rebuilds(self.period)
        buffer = self._buffer
        base = buffer[-1]
        offset = sum([value - base for value in buffer]) / self.period
        # A second pass about the mean itself: the base may lie far outside the rest.
        base += offset
        distances = [value - base for value in buffer]
        self._base = base
        self._offset = offset = sum(distances) / self.period
        squares = sum([(distance - offset) ** 2 for distance in distances])
        self._squares = self._peak = squares
        self.mean = base + offset
        return squares
