"""The rolling hedge ratio."""

from __future__ import annotations

from ikbr.strategies.indicators._window import (
    CANCELLED,
    NAN,
    checked_period,
    laps_between_rebuilds,
)


class RollingBeta:
    """Fit `y = intercept + beta x` to the last `period` pairs by least squares.

    `value` is beta, the hedge ratio: how many of x offset one of y. `intercept` and `residual`
    (what the newest y has above the line, the spread of a pair) belong to the same fit.
    Warm-up: the first value comes with the `period`-th pair. While all x of the window are equal
    no slope exists: `value` is NaN and `ready` False. A pair with a number that is not finite is
    ignored whole. Sums are kept as in `RollingStd`.

    Source: ordinary least squares, `Σ (x - x̄)(y - ȳ) / Σ (x - x̄)²`; as a hedge ratio: E. Chan,
    "Algorithmic Trading" (2013), chapter 2.

    >>> beta = RollingBeta(3)
    >>> [beta.update(y, x) for y, x in ((3.0, 1.0), (5.0, 2.0), (7.0, 3.0))]
    [nan, nan, 2.0]
    >>> beta.intercept, beta.residual
    (1.0, 0.0)
    """

    __slots__ = (
        "_base_x",
        "_base_y",
        "_laps",
        "_next",
        "_offset_x",
        "_offset_y",
        "_peak",
        "_previous",
        "_products",
        "_run",
        "_squares",
        "_xs",
        "_ys",
        "intercept",
        "period",
        "ready",
        "residual",
        "value",
    )

    def __init__(self, period: int) -> None:
        """Start empty.

        Args:
            period: Number of pairs in the window, 2 or more.
        """
        self.period = checked_period("RollingBeta", period, 2)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.value = self.intercept = self.residual = NAN
        self.ready = False
        self._xs: list[float] = []
        self._ys: list[float] = []
        self._base_x = self._base_y = self._offset_x = self._offset_y = 0.0
        self._squares = self._products = self._peak = 0.0
        self._previous = NAN
        self._run = self._next = 0
        self._laps = laps_between_rebuilds(self.period)

    def update(self, y: float, x: float) -> float:
        """Take the newest pair.

        Args:
            y: What is to be hedged or explained.
            x: What it is hedged with.

        Returns:
            The slope, NaN until `period` pairs were seen and while all x are equal.
        """
        both = x + y
        if both - both != 0.0:
            return self.value
        if x == self._previous:
            self._run += 1
        else:
            self._run = 1
            self._previous = x
        if len(self._xs) < self.period:
            self._xs.append(x)
            self._ys.append(y)
            if len(self._xs) < self.period:
                return self.value
            self._rebuild()
        else:
            self._slide(y, x)
        if self._run >= self.period or not self._squares > 0.0:
            self.ready = False
            self.value = self.intercept = self.residual = NAN
            return self.value
        self.ready = True
        self.value = slope = self._products / self._squares
        # Everything relative to the bases first: the large parts must not meet before the end.
        away = (y - self._base_y - self._offset_y) - slope * (x - self._base_x - self._offset_x)
        self.residual = away
        self.intercept = y - away - slope * x
        return slope

    def _slide(self, y: float, x: float) -> None:
        period = self.period
        index = self._next
        old_x = self._xs[index]
        old_y = self._ys[index]
        self._xs[index] = x
        self._ys[index] = y
        base_x = self._base_x
        base_y = self._base_y
        before_x = self._offset_x
        change_x = x - old_x
        self._offset_x = offset_x = before_x + change_x / period
        before_y = self._offset_y
        self._offset_y = before_y + (y - old_y) / period
        squares = self._squares + change_x * ((x - base_x) - offset_x + (old_x - base_x) - before_x)
        self._products += (x - base_x - offset_x) * (y - base_y - before_y) - (
            old_x - base_x - offset_x
        ) * (old_y - base_y - before_y)
        self._squares = squares
        if squares > self._peak:
            self._peak = squares
        index += 1
        if index == period:
            index = 0
            self._laps -= 1
        self._next = index
        if squares < CANCELLED * self._peak or self._laps <= 0:
            self._rebuild()

    def _rebuild(self) -> None:
        self._laps = laps_between_rebuilds(self.period)
        self._base_x, self._offset_x, away_x = _centred(self._xs)
        self._base_y, self._offset_y, away_y = _centred(self._ys)
        self._squares = self._peak = sum([x * x for x in away_x])
        self._products = sum([x * y for x, y in zip(away_x, away_y, strict=True)])


def _centred(values: list[float]) -> tuple[float, float, list[float]]:
    """Give a base, the mean's distance from it and all distances from the mean."""
    base = values[-1]
    base += sum([value - base for value in values]) / len(values)
    distances = [value - base for value in values]
    offset = sum(distances) / len(values)
    return base, offset, [distance - offset for distance in distances]
