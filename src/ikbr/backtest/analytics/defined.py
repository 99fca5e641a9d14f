"""Numbers that are either finite or None."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Nanos = NDArray[np.int64]

BROKE = 1e-6
"""Equity up to this (money is counted in millionths) is nothing: it can earn no return."""

NEGLIGIBLE = 1e-12
"""A spread below this part of the largest value is rounding, not variation."""


def finite(value: float | None) -> float | None:
    """Turn what JSON cannot say into None.

    Args:
        value: Any number.

    Returns:
        A plain float, or None for NaN, infinities and None.

    >>> finite(1), finite(float("nan")), finite(float("inf")), finite(None)
    (1.0, None, None, None)
    """
    if value is None or not math.isfinite(value):
        return None
    return float(value)


def ratio(part: float | None, whole: float | None) -> float | None:
    """Divide, or say that it cannot be done.

    Args:
        part: Numerator.
        whole: Denominator.

    Returns:
        The quotient; None if a part is missing or zero divides.

    >>> ratio(1.0, 4.0), ratio(1.0, 0.0), ratio(None, 1.0)
    (0.25, None, None)
    """
    if part is None or whole is None or whole == 0.0:
        return None
    return finite(float(part) / float(whole))


def sample_deviation(values: Floats) -> float | None:
    """Give the sample standard deviation (n - 1) of values that do vary.

    Args:
        values: At least two numbers.

    Returns:
        The deviation; None with fewer than two values or when they differ by rounding only.

    Source: `sqrt(Σ (x - mean)² / (n - 1))`.

    >>> sample_deviation(np.array([1.0, 3.0])), sample_deviation(np.array([0.1, 0.1]))
    (1.4142135623730951, None)
    """
    if len(values) < 2:
        return None
    deviation = float(np.std(values, ddof=1))
    if deviation <= NEGLIGIBLE * float(np.max(np.abs(values))):
        return None
    return finite(deviation)
