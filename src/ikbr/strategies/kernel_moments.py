"""Moments over a sliding window, for kernels: the numbers of `ZScore` and `RollingBeta`.

A kernel keeps the window and the running sums as cells of its state and hands both over; the
steps, and so the last digit, are those of the indicators of the same name, where their sources
stand. Loops stand for the library's sums: compiled code and Python add in the same order only so.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from ikbr.strategies.indicators._window import CANCELLED, NAN, REBUILD_AFTER

FILLED, NEXT, LAPS, RUN, PREVIOUS, BASE, OFFSET, SQUARES, PEAK, MEAN, SCORE = range(11)
MOMENTS = 11
"""Cells for the running sums of a z-score; start them at 0.0."""

PRODUCTS, BASE_Y, OFFSET_Y, BETA, INTERCEPT = range(11, 16)
BETAS = 16
"""Cells for the running sums of a hedge ratio; start them at 0.0."""


def z_score(window: Any, sums: Any, value: float) -> float:
    """Say how many standard deviations the newest value lies from the window's mean.

    Args:
        window: Cells, as many as values count.
        sums: Cells for the running sums, `MOMENTS` of them.
        value: The newest value; it must be finite.

    Returns:
        The score; NaN until the window is full.

    >>> window, sums = [0.0, 0.0], [0.0] * MOMENTS
    >>> [z_score(window, sums, x) for x in (1.0, 3.0, 3.0)]
    [nan, 1.0, 0.0]
    """
    squares = _slide(window, sums, value)
    if squares != squares:
        return NAN
    deviation = sqrt(squares / len(window))
    score = (value - sums[MEAN]) / deviation if deviation != 0.0 else 0.0
    sums[SCORE] = score
    return score


def is_full(window: Any, sums: Any) -> bool:
    """Say whether as many values came as the window holds."""
    return bool(sums[FILLED] >= len(window))


def _slide(window: Any, sums: Any, value: float) -> float:
    period = len(window)
    if sums[FILLED] > 0.0 and value == sums[PREVIOUS]:
        sums[RUN] += 1.0
    else:
        sums[RUN] = 1.0
        sums[PREVIOUS] = value
    index = int(sums[NEXT])
    old = window[index]
    window[index] = value
    index += 1
    if sums[FILLED] < period:
        sums[FILLED] += 1.0
        sums[NEXT] = index if index < period else 0
        if sums[FILLED] < period:
            return NAN
        return _rebuild(window, sums)
    base = sums[BASE]
    before = sums[OFFSET]
    change = value - old
    offset = before + change / period
    sums[OFFSET] = offset
    squares = sums[SQUARES] + change * ((value - base) - offset + (old - base) - before)
    if squares > sums[PEAK]:
        sums[PEAK] = squares
    sums[SQUARES] = squares
    if index == period:
        index = 0
        sums[LAPS] -= 1.0
    sums[NEXT] = index
    if sums[RUN] >= period:
        sums[MEAN] = value
        return 0.0
    if squares < CANCELLED * sums[PEAK] or sums[LAPS] <= 0.0:
        return _rebuild(window, sums)
    sums[MEAN] = base + offset
    return float(squares)


def _rebuild(window: Any, sums: Any) -> float:
    period = len(window)
    sums[LAPS] = -(-REBUILD_AFTER // period)
    base = window[period - 1]
    total = 0.0
    for value in window:
        total += value - base
    # A second pass about the mean itself: the base may lie far outside the rest.
    base += total / period
    total = 0.0
    for value in window:
        total += value - base
    offset = total / period
    squares = 0.0
    for value in window:
        distance = (value - base) - offset
        squares += distance * distance
    sums[BASE] = base
    sums[OFFSET] = offset
    sums[SQUARES] = sums[PEAK] = squares
    sums[MEAN] = base + offset
    return squares


def hedge_ratio(ys: Any, xs: Any, sums: Any, y: float, x: float) -> float:
    """Fit `y = intercept + beta x` to the last pairs by least squares.

    Args:
        ys: Cells, as many as pairs count.
        xs: The same.
        sums: Cells for the running sums, `BETAS` of them; it holds `BETA` and `INTERCEPT` after.
        y: What is to be hedged; it must be finite.
        x: What it is hedged with; it must be finite.

    Returns:
        The slope; NaN until as many pairs came, and while all x are equal.

    >>> ys, xs, sums = [0.0] * 3, [0.0] * 3, [0.0] * BETAS
    >>> [hedge_ratio(ys, xs, sums, y, x) for y, x in ((3.0, 1.0), (5.0, 2.0), (7.0, 3.0))]
    [nan, nan, 2.0]
    """
    period = len(xs)
    if sums[FILLED] > 0.0 and x == sums[PREVIOUS]:
        sums[RUN] += 1.0
    else:
        sums[RUN] = 1.0
        sums[PREVIOUS] = x
    if sums[FILLED] < period:
        index = int(sums[FILLED])
        xs[index] = x
        ys[index] = y
        sums[FILLED] += 1.0
        sums[BETA] = sums[INTERCEPT] = NAN
        if sums[FILLED] < period:
            return NAN
        _rebuild_pairs(ys, xs, sums)
    else:
        _slide_pairs(ys, xs, sums, y, x)
    if sums[RUN] >= period or not sums[SQUARES] > 0.0:
        sums[BETA] = sums[INTERCEPT] = NAN
        return NAN
    slope = sums[PRODUCTS] / sums[SQUARES]
    # Everything relative to the bases first: the large parts must not meet before the end.
    away = (y - sums[BASE_Y] - sums[OFFSET_Y]) - slope * (x - sums[BASE] - sums[OFFSET])
    sums[BETA] = slope
    sums[INTERCEPT] = y - away - slope * x
    return float(slope)


def _slide_pairs(ys: Any, xs: Any, sums: Any, y: float, x: float) -> None:
    period = len(xs)
    index = int(sums[NEXT])
    old_x, old_y = xs[index], ys[index]
    xs[index], ys[index] = x, y
    base_x, base_y = sums[BASE], sums[BASE_Y]
    before_x, before_y = sums[OFFSET], sums[OFFSET_Y]
    change_x = x - old_x
    offset_x = before_x + change_x / period
    sums[OFFSET] = offset_x
    sums[OFFSET_Y] = before_y + (y - old_y) / period
    squares = sums[SQUARES] + change_x * ((x - base_x) - offset_x + (old_x - base_x) - before_x)
    sums[PRODUCTS] += (x - base_x - offset_x) * (y - base_y - before_y) - (
        old_x - base_x - offset_x
    ) * (old_y - base_y - before_y)
    sums[SQUARES] = squares
    if squares > sums[PEAK]:
        sums[PEAK] = squares
    index += 1
    if index == period:
        index = 0
        sums[LAPS] -= 1.0
    sums[NEXT] = index
    if squares < CANCELLED * sums[PEAK] or sums[LAPS] <= 0.0:
        _rebuild_pairs(ys, xs, sums)


def _rebuild_pairs(ys: Any, xs: Any, sums: Any) -> None:
    period = len(xs)
    sums[LAPS] = -(-REBUILD_AFTER // period)
    base_x, offset_x = _centre(xs)
    base_y, offset_y = _centre(ys)
    squares = products = 0.0
    for index in range(period):
        away_x = (xs[index] - base_x) - offset_x
        squares += away_x * away_x
        products += away_x * ((ys[index] - base_y) - offset_y)
    sums[BASE], sums[OFFSET] = base_x, offset_x
    sums[BASE_Y], sums[OFFSET_Y] = base_y, offset_y
    sums[SQUARES] = sums[PEAK] = squares
    sums[PRODUCTS] = products


def _centre(values: Any) -> tuple[float, float]:
    """Give a base and the mean's distance from it."""
    base = values[len(values) - 1]
    total = 0.0
    for value in values:
        total += value - base
    base += total / len(values)
    total = 0.0
    for value in values:
        total += value - base
    return base, total / len(values)
