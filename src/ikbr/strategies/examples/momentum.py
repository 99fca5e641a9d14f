"""Momentum: what rose over the last prices is held, what fell is not."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Annotated

from ikbr.domain.signal import Signal
from ikbr.domain.ticker import NAN, Ticker
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import Range
from ikbr.strategies.parameters import CHANGEABLE


class MomentumStrategy(BaseStrategy):
    """Buy when the price rose by more than a threshold over the last prices; sell when it fell.

    Idea: what moved goes on moving for a while, because news is digested slowly. Over
    `lookback` known last prices, momentum = last / oldest − 1. Each update of the ticker
    counts, whether the price changed or not.

    Source: the owner's guide, "Example Strategy Implementation"; N. Jegadeesh and S. Titman,
    "Returns to Buying Winners and Selling Losers", Journal of Finance 48 (1993), for the effect
    (over months, not ticks).

    Args:
        lookback: Number of prices looked at, the newest included.
        threshold: Momentum beyond which it acts, as a fraction (0.02 is two per cent).
        allow_short: Whether falling prices are sold short; else they are only left.
    """

    def __init__(
        self,
        lookback: Annotated[int, Range(2, 1_000_000)] = 20,
        threshold: Annotated[float, Range(0.0, 10.0), CHANGEABLE] = 0.02,
        allow_short: bool = False,
    ) -> None:
        """Start without prices."""
        self.lookback = lookback
        self.threshold = threshold
        self.allow_short = allow_short
        self._buffers: dict[str, deque[float]] = {}
        self._symbol = ""
        self._prices: deque[float] = deque()
        # Momentum within these bounds is neither a signal nor a new extreme, so that the usual
        # case costs one comparison.
        self._low = 0.0
        self._high = 0.0
        self._lowest = 0.0
        self._highest = 0.0

    def on_market_data(self, ticker: Ticker) -> Signal | None:
        """Note the last price; signal when it moved far enough."""
        last = ticker.last
        if not last or last - last:  # unknown: None, 0, NaN or infinite
            return None
        if ticker.symbol is not self._symbol:
            self._turn_to(ticker.symbol)
        prices = self._prices
        prices.append(last)
        momentum = last / prices[0] - 1.0
        if self._low <= momentum <= self._high:
            return None
        return self._judge(momentum, ticker.symbol, last)

    def on_parameter(self, name: str, value: float) -> None:
        """Take another threshold, and with it the bounds within which nothing is to be done."""
        super().on_parameter(name, value)
        self._high = min(self._highest, self.threshold)
        self._low = max(self._lowest, -self.threshold)

    def _turn_to(self, symbol: str) -> None:
        if symbol not in self._buffers:
            # Full of NaN, its oldest price, and so the momentum, is NaN until as many came.
            self._buffers[symbol] = deque([NAN] * self.lookback, maxlen=self.lookback)
        self._symbol = symbol
        self._prices = self._buffers[symbol]

    def _judge(self, momentum: float, symbol: str, last: float) -> Signal | None:
        """Keep the extremes and signal beyond the threshold."""
        if momentum > self._highest:
            self._highest = momentum
            self._high = min(momentum, self.threshold)
        elif momentum < self._lowest:
            self._lowest = momentum
            self._low = max(momentum, -self.threshold)
        if momentum > self.threshold:
            return Signal("BUY", symbol, last, reason=self._reason(momentum))
        if momentum < -self.threshold:
            return Signal("SELL", symbol, last, reason=self._reason(momentum))
        return None

    def _reason(self, momentum: float) -> str:
        return f"momentum {momentum:+.4%} over {self.lookback} prices"

    def describe(self) -> Mapping[str, float]:
        """Report the largest momentum seen, whichever way, beside the threshold."""
        largest = max(self._highest, self._lowest, key=abs)
        return {"largest momentum": largest, "threshold": self.threshold}
