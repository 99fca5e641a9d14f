"""Returns of an equity series, over the whole and per year."""

from __future__ import annotations

import math

import numpy as np

from ikbr.backtest.analytics.defined import BROKE, Floats, Nanos, finite, ratio, sample_deviation

SESSIONS_PER_YEAR = 252.0


def simple_returns(equity: Floats) -> Floats:
    """Give the return from each point of an equity series to the next.

    A return on nothing does not exist: after the first point without money the series ends.

    Args:
        equity: Account values, the starting capital first.

    Returns:
        One return per step, as fractions; fewer if the account went bankrupt.

    Source: `r = e₁ / e₀ - 1`.

    >>> simple_returns(np.array([100.0, 110.0, 99.0])).round(4).tolist()
    [0.1, -0.1]
    >>> simple_returns(np.array([100.0, -10.0, 50.0])).round(4).tolist()
    [-1.1]
    """
    values = np.asarray(equity, dtype=np.float64)
    if len(values) < 2:
        return np.empty(0, dtype=np.float64)
    broke = np.flatnonzero(values <= BROKE)
    if len(broke):
        values = values[: broke[0] + 1]
    return values[1:] / values[:-1] - 1.0


def total_return(capital: float, final_equity: float) -> float | None:
    """Give the return of the whole run.

    Args:
        capital: Account value at the start.
        final_equity: Account value at the end.

    Returns:
        A fraction; None without capital.

    Source: `e / c - 1`.

    >>> total_return(100.0, 105.0)
    0.05
    """
    if not capital > BROKE:
        return None
    return finite((final_equity - capital) / capital)


def cagr(capital: float, final_equity: float, years: float) -> float | None:
    """Give the compound annual growth rate.

    Args:
        capital: Account value at the start.
        final_equity: Account value at the end.
        years: Length of the run; of sessions, their number / 252.

    Returns:
        A fraction per year, -1 if nothing is left; None if the account owes money or there
        was no time.

    Source: `(e / c)^(1 / years) - 1`; CFA Institute, "Quantitative Methods", geometric mean.

    >>> round(cagr(100.0, 121.0, 2.0), 4)
    0.1
    """
    if not (capital > BROKE and years > 0.0) or final_equity < 0.0:
        return None
    if final_equity <= BROKE:
        return -1.0
    exponent = math.log(final_equity / capital) / years
    return finite(math.expm1(exponent)) if exponent < 700.0 else None


def annual_volatility(returns: Floats, periods_per_year: float = SESSIONS_PER_YEAR) -> float | None:
    """Give the standard deviation of returns per year.

    Args:
        returns: Returns per period, as fractions.
        periods_per_year: How many such periods a year has.

    Returns:
        A fraction, 0 for constant returns; None with fewer than two returns.

    Source: sample deviation × `sqrt(periods per year)`.

    >>> round(annual_volatility(np.array([0.01, -0.01])), 4)
    0.2245
    """
    if len(returns) < 2:
        return None
    return finite((sample_deviation(returns) or 0.0) * math.sqrt(periods_per_year))


def values_at(ts_ns: Nanos, values: Floats, at_ns: Nanos, before: float) -> Floats:
    """Read a step function: the last value known at each time.

    Args:
        ts_ns: Times of the values, never decreasing.
        values: What held from then on.
        at_ns: When to read.
        before: What held before the first value.

    Returns:
        One value per element of `at_ns`.

    >>> values_at(np.array([10, 20]), np.array([1.0, 2.0]), np.array([5, 10, 99]), 0.0).tolist()
    [0.0, 1.0, 2.0]
    """
    index = np.searchsorted(ts_ns, at_ns, side="right")
    padded = np.concatenate(([before], np.asarray(values, dtype=np.float64)))
    return padded[index]


def bucket_equity(ts_ns: Nanos, equity: Floats, capital: float, bucket_ns: int) -> Floats:
    """Sample an equity path at the ends of equal stretches of the clock.

    Args:
        ts_ns: Times of the path, never decreasing, ns UTC.
        equity: Account value from then on.
        capital: Account value before the first point.
        bucket_ns: Length of a stretch, ns; stretches begin at its multiples since 1970.

    Returns:
        The capital and the value at the end of every stretch that the path touches.

    >>> bucket_equity(np.array([1, 9, 12]), np.array([10.0, 11.0, 12.0]), 10.0, 10).tolist()
    [10.0, 11.0, 12.0]
    """
    if not len(ts_ns):
        return np.array([capital])
    first = int(ts_ns[0]) // bucket_ns
    last = int(ts_ns[-1]) // bucket_ns
    # A stretch ends just before the next begins: what happens on the edge belongs to the next.
    ends = (np.arange(first, last + 1, dtype=np.int64) + 1) * bucket_ns - 1
    return np.concatenate(([capital], values_at(ts_ns, equity, ends, capital)))


def average(values: Floats) -> float | None:
    """Give the mean; None of nothing.

    >>> average(np.array([1.0, 2.0])), average(np.array([]))
    (1.5, None)
    """
    return ratio(float(np.sum(values)), len(values))
