"""The budget of market data lines: what is used is known before anything is asked for.

Source: IBKR, TWS API, "Market data lines": 100 by default, for all clients of a user together; at
most 5 % of them tick by tick, three at least.
"""

from __future__ import annotations

from ikbr.broker.request_errors import NoLineError

LINES = 100
TICK_BY_TICK_SHARE, LEAST_TICK_BY_TICK = 0.05, 3


class LineBudget:
    """Count lines, and refuse where IB would answer 101 or 10190.

    Attributes:
        limit, tick_limit: How many there are, and how many of them tick by tick.
    """

    def __init__(self, limit: int = LINES) -> None:
        """Start with all lines free."""
        self.limit = limit
        self.tick_limit = max(int(limit * TICK_BY_TICK_SHARE), LEAST_TICK_BY_TICK)
        self._lines: set[str] = set()
        self._ticks: set[str] = set()

    @property
    def used(self) -> int:
        """Count the lines in use."""
        return len(self._lines)

    @property
    def free(self) -> int:
        """Count the lines that are left."""
        return self.limit - len(self._lines)

    def take(self, key: str, *, tick_by_tick: bool = False) -> None:
        """Use a line; taking one again changes nothing.

        Args:
            key: What it is for.
            tick_by_tick: Whether every tick is wanted.

        Raises:
            NoLineError: When none is left.

        >>> budget = LineBudget(1)
        >>> budget.take("SPY"); budget.take("SPY"); budget.used, budget.free
        (1, 0)
        """
        if key not in self._lines and self.free < 1:
            raise NoLineError(
                f"market data of {key}", 0, f"all {self.limit} market data lines are in use"
            )
        if tick_by_tick and key not in self._ticks:
            if len(self._ticks) >= self.tick_limit:
                raise NoLineError(
                    f"tick-by-tick data of {key}",
                    0,
                    f"all {self.tick_limit} tick-by-tick lines are in use",
                )
            self._ticks.add(key)
        self._lines.add(key)

    def release(self, key: str) -> None:
        """Give a line back."""
        self._lines.discard(key)
        self._ticks.discard(key)
