"""The tails of the returns: value at risk, expected shortfall, tail ratio."""

from __future__ import annotations

import numpy as np

from ikbr.backtest.analytics.defined import Floats, finite, ratio


def value_at_risk(returns: Floats, level: float = 0.05) -> float | None:
    """Give the loss per period that only a share of the periods exceeded.

    Args:
        returns: Returns per period, as fractions.
        level: That share (0.05 for a confidence of 95 %).

    Returns:
        A loss as a positive fraction (negative when even that quantile was a gain); None
        without returns.

    Source: historical simulation, P. Jorion, "Value at Risk" (2006), chapter 10; the quantile
    is interpolated linearly.

    >>> value_at_risk(np.array([-0.03, 0.01, 0.02]), 0.0)
    0.03
    """
    if not len(returns):
        return None
    return finite(-float(np.quantile(returns, level)))


def expected_shortfall(returns: Floats, level: float = 0.05) -> float | None:
    """Give the mean loss of the worst share of the periods (CVaR).

    Args:
        returns: Returns per period, as fractions.
        level: That share; at least the one worst period counts.

    Returns:
        A loss as a positive fraction; None without returns.

    Source: C. Acerbi, D. Tasche, "On the coherence of expected shortfall", Journal of Banking
    and Finance 26 (2002); the worst `floor((n - 1) × level) + 1` returns.

    >>> expected_shortfall(np.array([-0.03, 0.01, -0.01, 0.02]), 0.5)
    0.02
    """
    if not len(returns):
        return None
    count = int((len(returns) - 1) * level) + 1
    worst = np.partition(np.asarray(returns, dtype=np.float64), count - 1)[:count]
    return finite(-float(np.mean(worst)))


def tail_ratio(returns: Floats) -> float | None:
    """Compare the size of good periods with that of bad ones.

    Args:
        returns: Returns per period, as fractions.

    Returns:
        The 95th percentile over the 5th, both without sign; None if the latter is 0.

    Source: `|q95| / |q5|`; as in the empyrical library.

    >>> round(tail_ratio(np.array([-0.01, 0.0, 0.02])), 4)
    2.0
    """
    if not len(returns):
        return None
    low, high = np.quantile(returns, (0.05, 0.95))
    return ratio(abs(float(high)), abs(float(low)))
