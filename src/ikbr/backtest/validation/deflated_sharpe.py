"""The deflated Sharpe ratio: what the best of many trials proves."""

from __future__ import annotations

import math
from statistics import NormalDist

import msgspec
import numpy as np

from ikbr.backtest.analytics.defined import Floats, finite, sample_deviation
from ikbr.backtest.analytics.ratios import probabilistic_sharpe

EULER_MASCHERONI = 0.5772156649015329


class Deflated(msgspec.Struct, frozen=True):
    """Judge the best of many trials; Sharpe ratios are per period, not annualised.

    Attributes:
        sharpe: Of the best trial.
        expected_maximum: What the best of so many trials without any skill would show.
        deflated: Probability that the true ratio of the best is above that.
        trials: How many were tried.
        independent: How many independent trials they amount to.
        periods: Returns that the best trial was judged by.
    """

    sharpe: float | None
    expected_maximum: float | None
    deflated: float | None
    trials: int
    independent: float
    periods: int


def expected_maximum_sharpe(trials: float, deviation: float) -> float | None:
    """Give the Sharpe ratio that the best of many trials without skill is expected to show.

    Args:
        trials: How many independent trials.
        deviation: Standard deviation of the trials' Sharpe ratios, in their own unit.

    Returns:
        A Sharpe ratio in the same unit, 0 for a single trial; None below one trial.

    Source: D. H. Bailey, M. López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio
    Management 40 (2014), equation 1: `σ ((1 - γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e)))` with the
    Euler-Mascheroni constant γ. The formula is of the limit of many trials; where it falls
    below 0 (N near 1), 0 stands, the expected maximum of one.

    >>> round(expected_maximum_sharpe(100, 0.5**0.5 / 250**0.5), 4), expected_maximum_sharpe(1, 1.0)
    (0.1132, 0.0)
    """
    if not (trials >= 1.0 and deviation >= 0.0 and math.isfinite(trials * deviation)):
        return None
    if trials == 1.0:
        return 0.0
    normal = NormalDist()
    first = normal.inv_cdf(1.0 - 1.0 / trials)
    second = normal.inv_cdf(1.0 - 1.0 / (trials * math.e))
    known = (1.0 - EULER_MASCHERONI) * first + EULER_MASCHERONI * second
    return max(deviation * known, 0.0)


def independent_trials(returns: Floats) -> float:
    """Say how many independent trials a number of similar ones amounts to.

    Args:
        returns: One row per period, one column per trial.

    Returns:
        Between 1 and the number of trials. Trials without variation have no correlation and
        are left out of its mean.

    Source: D. H. Bailey, M. López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio
    Management 40 (2014), appendix A.3: `ρ + (1 - ρ) M` with the mean correlation ρ of M trials,
    here not below 0.

    >>> independent_trials(np.array([[0.1, 0.1], [-0.1, -0.1], [0.2, 0.2]]))
    1.0
    """
    values = np.asarray(returns, dtype=np.float64)
    trials = values.shape[1]
    varied = [n for n in range(trials) if sample_deviation(values[:, n]) is not None]
    if len(varied) < 2:
        return float(max(trials, 1))
    known = values[:, varied]
    standard = (known - known.mean(axis=0)) / known.std(axis=0)
    count = len(varied)
    # The sum over all pairs is the variance of the sum: no matrix of all pairs is needed.
    together = float(np.mean(standard.sum(axis=1) ** 2))
    mean = min(max((together - count) / (count * (count - 1)), 0.0), 1.0)
    return float(mean + (1.0 - mean) * trials)


def trial_sharpes(returns: Floats) -> Floats:
    """Give the Sharpe ratio per period of each trial.

    Args:
        returns: One row per period, one column per trial.

    Returns:
        One ratio per trial; 0 for a trial whose returns do not vary: it risked nothing.

    Source: see `ratios.sharpe`, not annualised.

    >>> trial_sharpes(np.array([[0.01, 0.0], [0.03, 0.0]])).round(4).tolist()
    [1.4142, 0.0]
    """
    values = np.asarray(returns, dtype=np.float64)
    deviations = [sample_deviation(column) for column in values.T]
    means = values.mean(axis=0)
    return np.array(
        [mean / deviation if deviation else 0.0 for mean, deviation in zip(
            means.tolist(), deviations, strict=True)],
        dtype=np.float64,
    )  # fmt: skip


def deflated_sharpe(returns: Floats, best: int) -> Deflated:
    """Judge the best of many trials by what the best of as many without skill would show.

    Args:
        returns: One row per period, one column per trial: all that were tried, not only the
            good ones.
        best: The column of the trial that was chosen.

    Returns:
        The judgement; `deflated` is None where the probability is undefined (see
        `probabilistic_sharpe`).

    Source: D. H. Bailey, M. López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio
    Management 40 (2014), equation 2: the probabilistic Sharpe ratio of the best trial against
    `expected_maximum_sharpe`.

    >>> judged = deflated_sharpe(np.array([[0.02, 0.0], [0.01, 0.01], [0.03, -0.02]]), 0)
    >>> judged.trials, round(judged.sharpe, 2), round(judged.deflated, 2)
    (2, 2.0, 0.91)
    """
    values = np.asarray(returns, dtype=np.float64)
    periods, trials = values.shape
    sharpes = trial_sharpes(values) if periods >= 2 else np.zeros(trials)
    independent = independent_trials(values) if periods >= 2 else float(trials)
    spread = float(np.std(sharpes, ddof=1)) if trials > 1 else 0.0
    expected = expected_maximum_sharpe(independent, spread)
    deflated = None
    if expected is not None:
        deflated = probabilistic_sharpe(values[:, best], expected)
    return Deflated(
        sharpe=finite(float(sharpes[best])) if periods >= 2 else None,
        expected_maximum=expected,
        deflated=deflated,
        trials=trials,
        independent=independent,
        periods=periods,
    )
