"""The budget of historical requests: waits where IB would answer with a pacing violation.

Source: IBKR, TWS API, "Historical data limitations": at most 50 requests open; for bars of 30
seconds or less no identical request within 15 seconds, fewer than six for one contract, exchange
and kind of data within two seconds, sixty in ten minutes, BID_ASK counting twice. Ticks are paced
like small bars here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from types import TracebackType

IDENTICAL_S = 15.0
BURST_S, MOST_IN_BURST = 2.0, 5
WINDOW_S, MOST_IN_WINDOW = 600.0, 60
MOST_OPEN = 50
MARGIN_S = 0.05
"""IB's clock is not ours."""


class HistoryBudget:
    """Let requests go when IB allows them; one budget serves all connections of a user.

    Attributes:
        waited_s: How long requests have waited in all.
    """

    def __init__(
        self,
        *,
        time_s: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        most_open: int = MOST_OPEN,
        window: int = MOST_IN_WINDOW,
    ) -> None:
        """Start with nothing asked.

        Args:
            time_s: Gives the time, seconds; it never goes back.
            sleep: Waits for so many seconds.
            most_open: How many requests may be under way at once.
            window: How many small requests ten minutes may have.
        """
        self._time_s = time_s
        self._sleep = sleep
        self._window = window
        self._open = asyncio.Semaphore(most_open)
        self._asked: deque[tuple[float, Hashable, Hashable]] = deque()
        self._paused_until = 0.0
        self.waited_s = 0.0

    async def turn(
        self, same: Hashable, kind: Hashable, *, small: bool, twice: bool = False
    ) -> Turn:
        """Wait for the turn of a request; use what comes back as a context while it is open.

        Args:
            same: What is equal for identical requests.
            kind: What is equal for requests of one contract, exchange and kind of data.
            small: Whether it is of bars of 30 seconds or less, or of ticks.
            twice: Whether it counts twice (BID_ASK).
        """
        await self._open.acquire()
        weight = 2 if twice else 1
        try:
            while (wait := self._wait_s(same, kind, small, weight)) > 0:
                self.waited_s += wait
                await self._sleep(wait)
        except BaseException:
            self._open.release()
            raise
        if small:
            self._asked.extend([(self._time_s(), same, kind)] * weight)
        return Turn(self._open)

    def pause(self, seconds: float) -> None:
        """Let nothing go for a while: IB has said that it was too much."""
        self._paused_until = max(self._paused_until, self._time_s() + seconds)

    def _wait_s(self, same: Hashable, kind: Hashable, small: bool, weight: int) -> float:
        """Say how long a request has to wait; 0 when it may go."""
        now, asked = self._time_s(), self._asked
        while asked and now - asked[0][0] >= WINDOW_S:
            asked.popleft()
        free_at = [self._paused_until]
        if small:
            equal = [at for at, one, _ in asked if one == same]
            alike = [at for at, _, one in asked if one == kind and now - at < BURST_S]
            if equal:
                free_at.append(equal[-1] + IDENTICAL_S + MARGIN_S)
            if len(alike) + weight > MOST_IN_BURST:
                free_at.append(alike[len(alike) + weight - MOST_IN_BURST - 1] + BURST_S + MARGIN_S)
            if len(asked) + weight > self._window:
                over = len(asked) + weight - self._window
                free_at.append(asked[over - 1][0] + WINDOW_S + MARGIN_S)
        return max(0.0, max(free_at) - now)


class Turn:
    """Hold a place among the open requests until the context ends."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        """Hold one of some places."""
        self._places = places

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        """Give the place back."""
        self._places.release()
