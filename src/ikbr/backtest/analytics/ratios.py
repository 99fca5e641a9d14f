"""Return per risk: Sharpe, Sortino, Calmar, Omega and how far to believe them."""

from __future__ import annotations

import math

import numpy as np

from ikbr.backtest.analytics.defined import Floats, finite, ratio, sample_deviation
from ikbr.backtest.analytics.returns import SESSIONS_PER_YEAR


def sharpe(
    returns: Floats, periods_per_year: float = SESSIONS_PER_YEAR, risk_free: float = 0.0
) -> float | None:
    """Give the annualised Sharpe ratio.

    Args:
        returns: Returns per period, as fractions.
        periods_per_year: How many such periods a year has.
        risk_free: Riskless return per period.

    Returns:
        The ratio; None with fewer than two returns or without variation.

    Source: W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21 (1994);
    mean / sample deviation × `sqrt(periods per year)`.

    >>> round(sharpe(np.array([0.01, -0.005, 0.01])), 4)
    9.1652
    """
    excess = np.asarray(returns, dtype=np.float64) - risk_free
    deviation = sample_deviation(excess)
    if deviation is None:
        return None
    return finite(float(np.mean(excess)) / deviation * math.sqrt(periods_per_year))


def sortino(
    returns: Floats, periods_per_year: float = SESSIONS_PER_YEAR, target: float = 0.0
) -> float | None:
    """Give the annualised Sortino ratio.

    Args:
        returns: Returns per period, as fractions.
        periods_per_year: How many such periods a year has.
        target: Required return per period.

    Returns:
        The ratio; None with fewer than two returns or when none fell short of the target.

    Source: F. A. Sortino, L. N. Price, "Performance Measurement in a Downside Risk Framework",
    Journal of Investing 3 (1994); mean excess / `sqrt(mean(min(excess, 0)²))`.

    >>> round(sortino(np.array([0.01, -0.005, 0.01])), 4)
    27.4955
    """
    if len(returns) < 2:
        return None
    excess = np.asarray(returns, dtype=np.float64) - target
    downside = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    value = ratio(float(np.mean(excess)), downside)
    return None if value is None else finite(value * math.sqrt(periods_per_year))


def calmar(annual_growth: float | None, max_drawdown: float | None) -> float | None:
    """Give growth per year over the deepest drawdown.

    Args:
        annual_growth: CAGR, a fraction.
        max_drawdown: The deepest drawdown, a positive fraction.

    Returns:
        The ratio; None without growth rate or drawdown.

    Source: T. W. Young, "Calmar Ratio: A Smoother Tool", Futures 20 (1991).

    >>> calmar(0.2, 0.1), calmar(0.2, 0.0)
    (2.0, None)
    """
    return ratio(annual_growth, max_drawdown)


def omega(returns: Floats, threshold: float = 0.0) -> float | None:
    """Give the gains above a threshold over the losses below it.

    Args:
        returns: Returns per period, as fractions.
        threshold: Return per period that separates gain from loss.

    Returns:
        The ratio; None when nothing fell short of the threshold.

    Source: C. Keating, W. F. Shadwick, "A Universal Performance Measure", Journal of
    Performance Measurement 6 (2002).

    >>> omega(np.array([0.02, -0.01, 0.01]))
    3.0
    """
    excess = np.asarray(returns, dtype=np.float64) - threshold
    gains = float(np.sum(excess[excess > 0.0]))
    losses = -float(np.sum(excess[excess < 0.0]))
    return ratio(gains, losses)


def probabilistic_sharpe(returns: Floats, benchmark: float = 0.0) -> float | None:
    """Give the probability that the true Sharpe ratio beats a benchmark.

    Short, skewed and fat-tailed samples make a high Sharpe ratio less believable.

    Args:
        returns: Returns per period, as fractions.
        benchmark: Sharpe ratio per period (not annualised) to beat.

    Returns:
        A probability; None with fewer than three returns, without variation, or when the
        estimate's variance is not positive.

    Source: D. H. Bailey, M. López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of
    Risk 15 (2012), equation 11: `Φ((SR - SR*) sqrt(n - 1) / sqrt(1 - γ₃ SR + (γ₄ - 1)/4 SR²))`
    with the per-period SR, skewness γ₃ and kurtosis γ₄ (3 for a normal distribution).

    >>> probabilistic_sharpe(np.array([0.01, -0.01, 0.01, -0.01]))
    0.5
    """
    values = np.asarray(returns, dtype=np.float64)
    deviation = sample_deviation(values)
    if deviation is None or len(values) < 3:
        return None
    mean = float(np.mean(values))
    standard = (values - mean) / float(np.std(values))
    return sharpe_above(
        mean / deviation,
        benchmark,
        len(values),
        skewness=float(np.mean(standard**3)),
        kurtosis=float(np.mean(standard**4)),
    )


def sharpe_above(
    estimate: float, benchmark: float, periods: int, *, skewness: float, kurtosis: float
) -> float | None:
    """Give the probability that a true Sharpe ratio beats a benchmark, from the moments.

    Args:
        estimate: Sharpe ratio per period, not annualised.
        benchmark: The one to beat, likewise.
        periods: How many returns the estimate is of.
        skewness: Of the returns; 0 for a normal distribution.
        kurtosis: Of the returns; 3 for a normal distribution.

    Returns:
        A probability; None when the estimate's variance is not positive.

    Source: see `probabilistic_sharpe`; the example is that of D. H. Bailey, M. López de Prado,
    "The Deflated Sharpe Ratio", Journal of Portfolio Management 40 (2014).

    >>> round(sharpe_above(2.5 / 250**0.5, 0.1132, 1250, skewness=-3.0, kurtosis=10.0), 3)
    0.9
    """
    variance = 1.0 - skewness * estimate + (kurtosis - 1.0) / 4.0 * estimate**2
    if not (variance > 0.0 and periods > 1):
        return None
    score = (estimate - benchmark) * math.sqrt((periods - 1) / variance)
    return finite(0.5 * math.erfc(-score / math.sqrt(2.0)))
