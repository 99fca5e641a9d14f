"""What all windowed indicators agree on."""

from __future__ import annotations

from ikbr.domain.errors import StrategyError

NAN = float("nan")

REBUILD_AFTER = 1024
"""Updates after which running sums are rebuilt from the window, at the least."""

CANCELLED = 1e-8
"""A sum of squares that shrank below this part of its peak has lost its digits."""


def checked_period(owner: str, period: int, least: int = 1) -> int:
    """Refuse a window that is no whole number or too short to mean anything.

    Args:
        owner: Name of the indicator, for the message.
        period: Number of observations in the window.
        least: The smallest period that makes sense.

    Returns:
        The period.

    Raises:
        StrategyError: If the period is not an integer of at least `least`.

    >>> checked_period("SMA", 20)
    20
    """
    if isinstance(period, bool) or not isinstance(period, int) or period < least:
        raise StrategyError(
            f"{owner}: period {period!r} must be a whole number of {least} or more."
        )
    return period


def laps_between_rebuilds(period: int) -> int:
    """Count the turns of the ring buffer after which its sums are rebuilt.

    At least `REBUILD_AFTER` updates lie between two rebuilds of `period` steps each, so the cost
    per update stays constant.

    >>> laps_between_rebuilds(20), laps_between_rebuilds(5_000)
    (52, 1)
    """
    return -(-REBUILD_AFTER // period)
