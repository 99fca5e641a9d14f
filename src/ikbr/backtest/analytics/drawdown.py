"""Drawdowns: how deep, how long, how painful."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from ikbr.backtest.analytics.defined import BROKE, Floats, Nanos, finite


class Drawdown(msgspec.Struct, frozen=True):
    """Describe the deepest drawdown of a run and its longest time under water.

    Attributes:
        depth: The deepest fall below the peak before it, a positive fraction of that peak.
        peak_ts_ns: When that peak stood last, ns UTC; None if equity never fell.
        trough_ts_ns: When it was deepest.
        recovery_ts_ns: When the peak was reached again; None if it never was.
        duration_s: From that peak to the recovery, or to the end, seconds.
        longest_s: The longest such time of any drawdown, seconds.
    """

    depth: float
    peak_ts_ns: int | None = None
    trough_ts_ns: int | None = None
    recovery_ts_ns: int | None = None
    duration_s: float = 0.0
    longest_s: float = 0.0


def drawdowns(equity: Floats) -> Floats:
    """Give the distance below the running peak at every point.

    Args:
        equity: Account values, the starting capital first.

    Returns:
        Positive fractions of the peak; above 1 where the account owes money, 0 while no peak
        above zero exists.

    Source: `(peak - e) / peak`; M. Magdon-Ismail, A. Atiya, "Maximum Drawdown", Risk (2004).

    >>> drawdowns(np.array([100.0, 120.0, 90.0, 130.0])).tolist()
    [0.0, 0.0, 0.25, 0.0]
    """
    values = np.asarray(equity, dtype=np.float64)
    if not len(values):
        return np.empty(0, dtype=np.float64)
    peaks = np.maximum.accumulate(values)
    result = np.zeros(len(values), dtype=np.float64)
    np.divide(peaks - values, peaks, out=result, where=peaks > BROKE)
    return result


def max_drawdown(equity: Floats) -> float:
    """Give the deepest fall below a peak.

    Args:
        equity: Account values, the starting capital first.

    Returns:
        A positive fraction of the peak; 0 if it never fell.

    Source: see `drawdowns`.

    >>> max_drawdown(np.array([100.0, 120.0, 90.0, 130.0]))
    0.25
    """
    return float(np.max(drawdowns(equity), initial=0.0))


def ulcer_index(equity: Floats) -> float | None:
    """Give the root of the mean squared drawdown: deep and long ones weigh most.

    Args:
        equity: Account values at equal steps, the starting capital first.

    Returns:
        A positive fraction (the index in percent / 100); None without values.

    Source: P. G. Martin, B. McCann, "The Investor's Guide to Fidelity Funds" (1989).

    >>> ulcer_index(np.array([100.0, 100.0, 80.0, 100.0]))
    0.1
    """
    if not len(equity):
        return None
    return finite(math.sqrt(float(np.mean(drawdowns(equity) ** 2))))


def deepest(ts_ns: Nanos, equity: Floats) -> Drawdown:
    """Find the deepest drawdown and the longest time under water.

    Args:
        ts_ns: Times of the path, never decreasing, ns UTC.
        equity: Account value from then on.

    Returns:
        The drawdown, with a depth of 0 if equity never fell.

    Source: see `drawdowns`; a drawdown lasts from the last time at the peak until the peak is
    reached again.

    >>> day = 86_400 * 10**9
    >>> found = deepest(np.arange(5) * day, np.array([100.0, 120.0, 90.0, 120.0, 119.0]))
    >>> found.depth, found.duration_s / 86_400, found.longest_s / 86_400
    (0.25, 2.0, 2.0)
    """
    depths = drawdowns(equity)
    trough = int(np.argmax(depths)) if len(depths) else 0
    if not len(depths) or depths[trough] <= 0.0:
        return Drawdown(0.0)
    at_peak = np.flatnonzero(depths <= 0.0)
    place = int(np.searchsorted(at_peak, trough))
    peak_ts = int(ts_ns[at_peak[place - 1]])
    recovered = place < len(at_peak)
    recovery_ts = int(ts_ns[at_peak[place]]) if recovered else None
    end_ts = int(ts_ns[-1]) if recovery_ts is None else recovery_ts
    # Times at the peak, closed by the end of the run: the widest gap that held a fall.
    marks = np.append(at_peak, len(depths)) if at_peak[-1] != len(depths) - 1 else at_peak
    fell = np.diff(marks) > 1
    bounds = np.append(np.asarray(ts_ns), ts_ns[-1])[marks]
    longest = int(np.max(np.diff(bounds)[fell]))
    return Drawdown(
        depth=float(depths[trough]),
        peak_ts_ns=peak_ts,
        trough_ts_ns=int(ts_ns[trough]),
        recovery_ts_ns=recovery_ts,
        duration_s=(end_ts - peak_ts) / 1e9,
        longest_s=longest / 1e9,
    )
