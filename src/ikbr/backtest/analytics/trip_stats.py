"""Statistics of round trips."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from ikbr.backtest.analytics.defined import Floats, finite, ratio, sample_deviation
from ikbr.backtest.analytics.returns import average

SQN_CAP = 100
"""Round trips beyond which the system quality number grows no further."""


class TripStats(msgspec.Struct, frozen=True):
    """Describe the closed round trips of a run; money after commissions.

    Attributes:
        count: How many.
        wins, losses: How many earned and lost (a trip of exactly 0 is neither).
        win_rate: Share that earned.
        profit_factor: What winners earned over what losers lost; None without losers.
        expectancy: Mean profit per trip.
        payoff_ratio: Mean win over mean loss; None without either.
        average_win, average_loss: Means; the loss is negative.
        best, worst: Largest and smallest profit.
        sqn: System quality number.
        average_held_s: Mean time held, seconds.
        longest_losing_streak: Most losers in a row.
    """

    count: int = 0
    wins: int = 0
    losses: int = 0
    win_rate: float | None = None
    profit_factor: float | None = None
    expectancy: float | None = None
    payoff_ratio: float | None = None
    average_win: float | None = None
    average_loss: float | None = None
    best: float | None = None
    worst: float | None = None
    sqn: float | None = None
    average_held_s: float | None = None
    longest_losing_streak: int = 0


def profit_factor(profits: Floats) -> float | None:
    """Give what winners earned over what losers lost.

    Args:
        profits: Net profit per round trip.

    Returns:
        The ratio; None without losses.

    Source: gross profit / gross loss; R. Pardo, "The Evaluation and Optimization of Trading
    Strategies" (2008).

    >>> profit_factor(np.array([30.0, -10.0])), profit_factor(np.array([30.0]))
    (3.0, None)
    """
    return ratio(float(np.sum(profits[profits > 0])), -float(np.sum(profits[profits < 0])))


def system_quality(profits: Floats) -> float | None:
    """Give Van Tharp's system quality number.

    Args:
        profits: Net profit per round trip.

    Returns:
        The number; None with fewer than two trips or without variation.

    Source: V. K. Tharp, "Definitive Guide to Position Sizing" (2008): mean / deviation ×
    `sqrt(n)`, with n capped at 100.

    >>> round(system_quality(np.array([2.0, -1.0, 2.0])), 4)
    1.0
    """
    deviation = sample_deviation(profits)
    if deviation is None:
        return None
    return finite(math.sqrt(min(len(profits), SQN_CAP)) * float(np.mean(profits)) / deviation)


def longest_losing_streak(profits: Floats) -> int:
    """Count the most losers in a row.

    Args:
        profits: Net profit per round trip, in order.

    Returns:
        The length of the longest streak.

    >>> longest_losing_streak(np.array([1.0, -1.0, -2.0, 3.0, -1.0]))
    2
    """
    longest = streak = 0
    for profit in profits.tolist():
        streak = streak + 1 if profit < 0 else 0
        longest = max(longest, streak)
    return longest


def trip_stats(profits: Floats, held_ns: Floats) -> TripStats:
    """Describe a set of closed round trips.

    Args:
        profits: Net profit per round trip, in order of their ends.
        held_ns: Time held per round trip, ns.

    Returns:
        Their statistics; numbers without meaning are None.

    Source: see `profit_factor`, `system_quality`; expectancy: V. K. Tharp, "Trade Your Way to
    Financial Freedom" (1998), chapter 7.

    >>> trip_stats(np.array([30.0, -10.0]), np.array([2e9, 4e9])).payoff_ratio
    3.0
    """
    count = len(profits)
    if not count:
        return TripStats()
    won, lost = profits[profits > 0], profits[profits < 0]
    average_win, average_loss = average(won), average(lost)
    held = average(held_ns)
    payoff = ratio(average_win, average_loss)
    return TripStats(
        count=count,
        wins=len(won),
        losses=len(lost),
        win_rate=len(won) / count,
        profit_factor=profit_factor(profits),
        expectancy=average(profits),
        payoff_ratio=None if payoff is None else -payoff,
        average_win=average_win,
        average_loss=average_loss,
        best=finite(float(np.max(profits))),
        worst=finite(float(np.min(profits))),
        sqn=system_quality(profits),
        average_held_s=None if held is None else held / 1e9,
        longest_losing_streak=longest_losing_streak(profits),
    )
