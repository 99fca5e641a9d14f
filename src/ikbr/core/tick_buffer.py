"""Ring buffers of ticks with contiguous, zero-copy windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class TickBuffer:
    """Remember the latest prints of one instrument.

    The arrays are twice as long as the buffer: writing goes straight on, and only when the end
    is reached the latest `size` entries move to the front. A window is therefore always one
    contiguous slice, and adding costs three stores.

    Attributes:
        size: How many ticks are remembered.
        count: How many were ever added.

    >>> buffer = TickBuffer(3)
    >>> for n in range(5):
    ...     buffer.add_tick(100.0 + n, 10 * n, n)
    >>> buffer.prices.tolist(), buffer.window(2).tolist(), buffer.count
    ([102.0, 103.0, 104.0], [103.0, 104.0], 5)
    """

    __slots__ = ("_end", "_prices", "_timestamps", "_volumes", "count", "size")

    def __init__(self, size: int = 10_000) -> None:
        """Start empty.

        Args:
            size: How many ticks to remember, 1 or more.
        """
        if size < 1:
            raise ValueError(f"TickBuffer size {size} must be 1 or more")
        self.size = size
        self.count = 0
        self._end = 0
        self._prices = np.zeros(2 * size, dtype=np.float64)
        self._volumes = np.zeros(2 * size, dtype=np.int64)
        self._timestamps = np.zeros(2 * size, dtype=np.int64)

    def add_tick(self, price: float, volume: int, timestamp: int) -> None:
        """Add one tick.

        Args:
            price: Its price.
            volume: Its size.
            timestamp: Its time, ns UTC.
        """
        end = self._end
        if end == 2 * self.size:
            end = self._move_to_front()
        self._prices[end] = price
        self._volumes[end] = volume
        self._timestamps[end] = timestamp
        self._end = end + 1
        self.count += 1

    def add_ticks(
        self,
        prices: NDArray[np.float64],
        volumes: NDArray[np.int64],
        timestamps: NDArray[np.int64],
    ) -> None:
        """Add many ticks at once; the same as adding them one by one."""
        total = len(prices)
        keep = min(total, self.size)
        if keep == 0:
            return
        if self._end + keep > 2 * self.size:
            self._move_to_front()
        start, stop = self._end, self._end + keep
        self._prices[start:stop] = prices[total - keep :]
        self._volumes[start:stop] = volumes[total - keep :]
        self._timestamps[start:stop] = timestamps[total - keep :]
        self._end = stop
        self.count += total

    def _move_to_front(self) -> int:
        start = max(0, self._end - self.size)
        kept = self._end - start
        for column in (self._prices, self._volumes, self._timestamps):
            column[:kept] = column[start : self._end].copy()
        self._end = kept
        return kept

    def _slice(self, n: int | None) -> slice:
        held = len(self)
        return slice(self._end - (held if n is None else min(n, held)), self._end)

    def __len__(self) -> int:
        """Count the ticks that are remembered."""
        return min(self.count, self.size)

    def window(self, n: int | None = None) -> NDArray[np.float64]:
        """View the latest `n` prices (all when None), oldest first, without copying.

        The view shows what stands in the buffer now; it is overwritten as ticks come in.
        """
        return self._prices[self._slice(n)]

    @property
    def prices(self) -> NDArray[np.float64]:
        """All remembered prices, oldest first."""
        return self._prices[self._slice(None)]

    @property
    def volumes(self) -> NDArray[np.int64]:
        """All remembered sizes, oldest first."""
        return self._volumes[self._slice(None)]

    @property
    def timestamps(self) -> NDArray[np.int64]:
        """All remembered times, oldest first."""
        return self._timestamps[self._slice(None)]

    def clear(self) -> None:
        """Forget everything."""
        self._end = 0
        self.count = 0
