"""The hidden fair price of a made-up instrument, second by second, in whole numbers.

Fair prices are in millionths of a currency unit; returns in billionths. Volatility follows the
time of day and a GARCH(1,1) recursion from minute to minute, so that busy times cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import isqrt

import numpy as np

from ikbr.sim.synthetic.draws import NORMAL_SCALE, Draws, Ints

ONE = 1 << 16
"""One, in numbers with 16 binary places."""

MINUTE_S = 60
_MINUTE_SCALE = NORMAL_SCALE * isqrt(MINUTE_S * ONE * ONE) // ONE
_LARGEST = 12 * ONE
_BILLION = 10**9


@dataclass(frozen=True, slots=True)
class Volatile:
    """Hold the returns of one day.

    Attributes:
        returns: One per second, billionths.
        factor: Volatility of each minute against its mean, 16 binary places.
        variance: What the next day starts from, 16 binary places.
    """

    returns: Ints
    factor: Ints
    variance: int


def day_curve(minutes: int) -> Ints:
    """Shape activity over a day: busy at the open and close, quiet at noon (mean about 1000).

    Source: Admati and Pfleiderer, "A theory of intraday patterns" (1988), for the U shape.

    >>> day_curve(5).tolist()
    [2040, 840, 540, 840, 1740]
    """
    away = np.abs(2 * np.arange(minutes) - (minutes - 1)) * 1000 // max(minutes - 1, 1)
    early = np.maximum(0, minutes // 2 - np.arange(minutes)) * 300 // max(minutes // 2, 1)
    # The open is busier than the close, but only for its first part.
    curve: Ints = 540 + 1200 * away * away // 10**6 + np.where(away > 500, early, 0)
    return curve


def volatile_returns(draws: Draws, minutes: int, sigma: int, variance: int) -> Volatile:
    """Make a day of returns with clustering volatility.

    Source: GARCH(1,1), Bollerslev (1986), with weights 0.04, 0.14 and 0.82.

    Args:
        draws: Randomness.
        minutes: Length of the day.
        sigma: Mean volatility of one second, billionths.
        variance: Relative variance at the start, 16 binary places.
    """
    noise = draws.normals(minutes * MINUTE_S).reshape(minutes, MINUTE_S)
    factor = np.empty(minutes, np.int64)
    for minute, total in enumerate(noise.sum(axis=1).tolist()):
        factor[minute] = isqrt(variance * ONE)
        shock = (total * total << 16) // (_MINUTE_SCALE * _MINUTE_SCALE)
        variance = (4 * ONE + (14 * variance * shock >> 16) + 82 * variance) // 100
        variance = min(variance, _LARGEST)
    season = 600 + day_curve(minutes) * 2 // 5
    scale = (sigma * season * factor >> 16) // 1000
    returns = (noise * scale[:, None]) // NORMAL_SCALE
    return Volatile(returns.ravel(), factor, variance)


def trends(draws: Draws, minutes: int, strength: int) -> Ints:
    """Make the drift of each second: stretches of 8 to 40 minutes, one in three with a trend.

    Args:
        draws: Randomness.
        minutes: Length of the day.
        strength: Mean size of a trend from start to end, billionths.
    """
    drift = np.zeros(minutes * MINUTE_S, np.int64)
    at = 0
    while at < minutes:
        length = 8 + draws.one_below(33)
        direction = (1, -1, 0, 0, 0, 0)[draws.one_below(6)]
        size = strength // 2 + draws.one_below(strength)
        drift[at * MINUTE_S : (at + length) * MINUTE_S] = direction * size // (length * MINUTE_S)
        at += length
    return drift


def reverting(draws: Draws, seconds: int, step: int) -> Ints:
    """Make deviations from the fair price that fade with a half-life of about 90 seconds.

    Args:
        draws: Randomness.
        seconds: Length of the day.
        step: Standard deviation of one second's step, billionths.
    """
    steps = (draws.normals(seconds) * step // NORMAL_SCALE).tolist()
    faded = accumulate(steps, lambda level, shock: level - level // 128 + shock)
    return np.fromiter(faded, np.int64, seconds)


def price_path(start: int, returns: Ints, deviation: Ints) -> Ints:
    """Turn returns into fair prices, millionths.

    Args:
        start: Price before the first second, millionths.
        returns: One per second, billionths of the start.
        deviation: One per second, billionths of the start.

    Returns:
        One price more than there are seconds.
    """
    level = np.cumsum(returns)
    # A day never loses or gains more than half.
    level = np.clip(level + deviation, -_BILLION // 2, _BILLION // 2)
    return np.concatenate(([start], start + start // 1000 * level // (_BILLION // 1000)))
