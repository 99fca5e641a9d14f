"""The probability of backtest overfitting: how often the best in-sample is poor out of sample."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from ikbr.backtest.analytics.defined import NEGLIGIBLE, Floats

MOST_BLOCKS = 16
"""Source: Bailey et al. (2015), section 5: 16 blocks make 12,870 splits, a fine enough grid."""

CELLS = 4_000_000
"""Most numbers that are held at once: splits looked at together × trials."""


class Overfitting(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the choice of the best in-sample fares out of sample.

    Attributes:
        probability: Share of splits in which the best in-sample came out at or below the
            median out of sample.
        probability_of_loss: Share of splits in which it lost money out of sample.
        slope: Of a line through (in-sample, out-of-sample) Sharpe ratios of the chosen; a
            negative one says that what shone more fell deeper. None without variation.
        splits, blocks, periods, trials: What this stands on.
        logits: `ln(rank / (1 - rank))` of the chosen out of sample, one per split; at or below 0
            is overfit.
        in_sample, out_of_sample: Sharpe ratios per period of the chosen, one per split.
    """

    probability: float
    probability_of_loss: float
    slope: float | None
    splits: int
    blocks: int
    periods: int
    trials: int
    logits: tuple[float, ...]
    in_sample: tuple[float, ...]
    out_of_sample: tuple[float, ...]


def blocks_for(periods: int) -> int | None:
    """Choose into how many blocks to cut: as many as can be, an even number, at most 16.

    Args:
        periods: How many returns there are.

    Returns:
        The number of blocks; None with fewer than four returns.

    >>> blocks_for(500), blocks_for(11), blocks_for(3)
    (16, 10, None)
    """
    if periods < 4:
        return None
    return min(periods - periods % 2, MOST_BLOCKS)


def overfitting(returns: Floats, blocks: int | None = None) -> Overfitting | None:
    """Estimate the probability of backtest overfitting.

    The periods are cut into blocks. Every half of the blocks chooses the trial with the highest
    Sharpe ratio, and the other half judges it by its rank among all trials (ties share the
    mean of their ranks).

    Args:
        returns: One row per period, one column per trial, all over the same periods.
        blocks: Into how many blocks to cut, an even number; None to choose.

    Returns:
        The estimate; None with fewer than two trials or four periods, or when no trial's
        returns vary.

    Source: D. H. Bailey, J. M. Borwein, M. López de Prado, Q. J. Zhu, "The Probability of
    Backtest Overfitting", Journal of Computational Finance 20 (2017; preprint 2015), section
    2.3, the combinatorially symmetric cross-validation (CSCV). Periods that do not divide
    evenly are left out at the beginning.

    >>> skill = np.array([0.01, 0.02, 0.01, 0.03, 0.01, 0.02, 0.02, 0.01])
    >>> overfitting(np.column_stack((skill, -skill, skill - 0.02)), 4).probability
    0.0
    """
    values = np.asarray(returns, dtype=np.float64)
    periods, trials = values.shape
    chosen = blocks if blocks is not None else blocks_for(periods)
    if chosen is None or chosen < 2 or chosen % 2 or periods // chosen < 1:
        return None
    if trials < 2 or periods < 4 or not (np.ptp(values, axis=0) > 0.0).any():
        return None
    length = periods // chosen
    kept = values[periods - length * chosen :]
    cut = kept.reshape(chosen, length, trials)
    sums, squares = cut.sum(axis=1), (cut**2).sum(axis=1)
    inside: list[float] = []
    outside: list[float] = []
    logits: list[float] = []
    half = length * chosen // 2
    for picks in _choices(chosen, max(CELLS // trials, 1)):
        found = _judge(picks, sums, squares, half)
        inside += found[0].tolist()
        outside += found[1].tolist()
        logits += found[2].tolist()
    return Overfitting(
        probability=sum(value <= 0.0 for value in logits) / len(logits),
        probability_of_loss=sum(value < 0.0 for value in outside) / len(outside),
        slope=_slope(np.array(inside), np.array(outside)),
        splits=len(logits),
        blocks=chosen,
        periods=len(kept),
        trials=trials,
        logits=tuple(logits),
        in_sample=tuple(inside),
        out_of_sample=tuple(outside),
    )


def _choices(blocks: int, at_once: int) -> Iterator[NDArray[np.bool_]]:
    """Yield every half of the blocks as rows of true and false, some at a time."""
    halves = combinations(range(blocks), blocks // 2)
    while some := list(islice(halves, at_once)):
        picks = np.zeros((len(some), blocks), dtype=np.bool_)
        picks[np.arange(len(some))[:, None], np.array(some)] = True
        yield picks


def _judge(
    picks: NDArray[np.bool_], sums: Floats, squares: Floats, half: int
) -> tuple[Floats, Floats, Floats]:
    chosen, rest = picks.astype(np.float64), (~picks).astype(np.float64)
    inside = _sharpes(chosen @ sums, chosen @ squares, half)
    outside = _sharpes(rest @ sums, rest @ squares, half)
    best = inside.argmax(axis=1)[:, None]
    own = np.take_along_axis(outside, best, axis=1)
    below = (outside < own).sum(axis=1)
    equal = (outside == own).sum(axis=1)
    rank = (below + (equal + 1) / 2) / (outside.shape[1] + 1)
    return np.take_along_axis(inside, best, axis=1)[:, 0], own[:, 0], np.log(rank / (1.0 - rank))


def _sharpes(sums: Floats, squares: Floats, count: int) -> Floats:
    """Give Sharpe ratios per period from sums; 0 where the returns do not vary."""
    mean = sums / count
    variance = squares / count - mean**2
    flat = variance <= NEGLIGIBLE * squares / count
    deviation = np.sqrt(np.where(flat, 1.0, variance) * count / max(count - 1, 1))
    return np.asarray(np.where(flat, 0.0, mean / deviation), dtype=np.float64)


def _slope(x: Floats, y: Floats) -> float | None:
    centred = x - x.mean()
    spread = float(centred @ centred)
    if spread <= NEGLIGIBLE:
        return None
    value = float(centred @ (y - y.mean())) / spread
    return value if math.isfinite(value) else None
