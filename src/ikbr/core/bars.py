"""Bars made of ticks: by time, by number of prints, by volume."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ikbr.domain.errors import StrategyError
from ikbr.domain.events import Bar

_UNITS = {"s": 1_000_000_000, "sec": 1_000_000_000, "min": 60_000_000_000, "h": 3_600_000_000_000}
_SPEC = re.compile(r"^(\d+)\s*(s|sec|min|h|tick|ticks|vol|volume)$")


class BarSpec:
    """Say when a bar closes.

    Attributes:
        text: As the person wrote it.
        span_ns: Length of a time bar; 0 otherwise.
        ticks: Prints of a tick bar; 0 otherwise.
        volume: Shares of a volume bar; 0 otherwise.
    """

    __slots__ = ("span_ns", "text", "ticks", "volume")

    def __init__(self, text: str) -> None:
        """Read a specification.

        Raises:
            StrategyError: When it is not understood.

        >>> BarSpec("5min").span_ns, BarSpec("100tick").ticks, BarSpec("10000vol").volume
        (300000000000, 100, 10000)
        """
        match = _SPEC.match(text.strip().lower())
        if match is None or int(match[1]) == 0:
            raise StrategyError(
                f"bars {text!r} is not understood; write 1min, 30s, 1h, 100tick or 10000vol."
            )
        number, unit = int(match[1]), match[2]
        self.text = text
        self.span_ns = number * _UNITS.get(unit, 0)
        self.ticks = number if unit.startswith("tick") else 0
        self.volume = number if unit.startswith("vol") else 0

    @property
    def by_time(self) -> bool:
        """Whether the clock closes the bar (else the data does)."""
        return self.span_ns > 0


class BarBuilder:
    """Sum up prints until the bar is full.

    Attributes:
        symbol: Of which instrument.
        spec: When a bar closes.
        count: Prints in the open bar.
    """

    __slots__ = (
        "_close",
        "_high",
        "_low",
        "_open",
        "_start",
        "_value",
        "_volume",
        "count",
        "last_ns",
        "spec",
        "symbol",
    )

    def __init__(self, symbol: str, spec: BarSpec) -> None:
        """Start with an empty bar."""
        self.symbol = symbol
        self.spec = spec
        self.last_ns = 0
        self.clear()

    def clear(self) -> None:
        """Forget the open bar."""
        self.count = 0
        self._start = 0
        self._open = self._high = self._low = self._close = 0.0
        self._volume = 0
        self._value = 0.0

    def add(self, price: float, size: int, ts_ns: int) -> Bar | None:
        """Add a print.

        Returns:
            The bar that it filled, for tick and volume bars.
        """
        if self.count == 0:
            self._start = ts_ns
            self._open = self._high = self._low = price
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._volume += size
        self._value += price * size
        self.count += 1
        self.last_ns = ts_ns
        spec = self.spec
        if (spec.ticks and self.count >= spec.ticks) or (
            spec.volume and self._volume >= spec.volume
        ):
            return self.close(ts_ns)
        return None

    def add_many(
        self, prices: NDArray[np.float64], sizes: NDArray[np.int64], times: NDArray[np.int64]
    ) -> None:
        """Add many prints of one time bar at once; the same as adding them one by one."""
        total = len(prices)
        if total == 0:
            return
        high, low = float(prices.max()), float(prices.min())
        if self.count == 0:
            self._start = int(times[0])
            self._open = float(prices[0])
            self._high, self._low = high, low
        else:
            self._high, self._low = max(self._high, high), min(self._low, low)
        self._close = float(prices[-1])
        self._volume += int(sizes.sum())
        # Summed in order, so that the last digit is that of adding one by one.
        self._value = float(np.cumsum(np.concatenate(([self._value], prices * sizes)))[-1])
        self.count += total
        self.last_ns = int(times[-1])

    def close(self, end_ns: int) -> Bar | None:
        """Close the bar.

        Args:
            end_ns: The stamp; a time bar covers its span up to here.

        Returns:
            The bar, or None when nothing was printed.
        """
        if self.count == 0:
            return None
        span = self.spec.span_ns
        start = (end_ns - 1) // span * span if span else self._start
        bar = Bar(
            self.symbol,
            start,
            end_ns,
            self._open,
            self._high,
            self._low,
            self._close,
            self._volume,
            self.count,
            self._value / self._volume if self._volume else float("nan"),
        )
        self.clear()
        return bar
