"""Correlation: which holdings rise and fall together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SAMPLES = 120
"""Prices kept per symbol."""

MIN_COMMON = 20
"""Returns that two symbols must share before their correlation says anything."""


class ReturnHistory:
    """Keep the latest sampled prices of all symbols and correlate their returns.

    A correlation is computed when it is asked for and kept until the next sample.

    Attributes:
        samples: Prices kept per symbol.
        min_common: Returns that two symbols must share.
    """

    __slots__ = (
        "_cache",
        "_next",
        "_prices",
        "_returns",
        "last_ns",
        "min_common",
        "samples",
    )

    def __init__(self, samples: int = SAMPLES, min_common: int = MIN_COMMON) -> None:
        """Start without prices."""
        self.samples = samples
        self.min_common = min_common
        self.last_ns = 0
        self._prices: dict[str, NDArray[np.float64]] = {}
        self._next = 0
        self._cache: dict[tuple[str, str], float] = {}
        self._returns: dict[str, NDArray[np.float64]] = {}

    def on_sample(self, ts_ns: int, marks: Mapping[str, float]) -> None:
        """Take one price per symbol, at one moment and at equal distances of time.

        Args:
            ts_ns: When, ns UTC.
            marks: Prices; a symbol may be absent or NaN while it has none.
        """
        for symbol in marks:
            if symbol not in self._prices:
                self._prices[symbol] = np.full(self.samples, np.nan)
        at = self._next
        for symbol, prices in self._prices.items():
            prices[at] = marks.get(symbol, np.nan)
        self._next = (at + 1) % self.samples
        self.last_ns = ts_ns
        self._cache.clear()
        self._returns.clear()

    def correlation(self, one: str, other: str) -> float:
        """Correlate the returns of two symbols over the samples that both have.

        Returns:
            Pearson's coefficient in [-1, 1]; 0.0 while too little is known.
        """
        key = (one, other) if one <= other else (other, one)
        value = self._cache.get(key)
        if value is None:
            value = self._cache[key] = self._correlate(*key)
        return value

    def together(self, one: str, other: str, threshold: float) -> int:
        """Say whether two symbols move as one, and in which direction.

        Args:
            one: A symbol.
            other: Another.
            threshold: Absolute correlation from which two symbols count as one.

        Returns:
            +1 together, -1 against each other; 0 for neither, or while too little is known.
        """
        correlation = self.correlation(one, other)
        if not correlation or abs(correlation) < threshold:
            return 0
        return 1 if correlation > 0 else -1

    def _correlate(self, one: str, other: str) -> float:
        if one not in self._prices or other not in self._prices:
            return 0.0
        a, b = self._returns_of(one), self._returns_of(other)
        common = np.isfinite(a) & np.isfinite(b)
        if int(common.sum()) < self.min_common:
            return 0.0
        a, b = a[common], b[common]
        a, b = a - a.mean(), b - b.mean()
        scale = float(np.sqrt((a @ a) * (b @ b)))
        if scale == 0.0:
            return 0.0
        return min(1.0, max(-1.0, float(a @ b) / scale))

    def _returns_of(self, symbol: str) -> NDArray[np.float64]:
        known = self._returns.get(symbol)
        if known is None:
            prices = np.roll(self._prices[symbol], -self._next)
            with np.errstate(divide="ignore", invalid="ignore"):
                known = prices[1:] / prices[:-1] - 1.0
            self._returns[symbol] = known
        return known
