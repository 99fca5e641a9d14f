"""Pairs: two prices that move together are bought and sold against each other when they part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from ikbr.domain.errors import StrategyError
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import Range
from ikbr.strategies.examples.hedged_legs import hedged
from ikbr.strategies.indicators import RollingBeta, ZScore
from ikbr.strategies.parameters import CHANGEABLE
from ikbr.strategies.prices import fair_price


class PairsStrategy(BaseStrategy):
    """Sell the spread of two symbols when it is wide, buy it when it is narrow.

    Idea: y − β·x of two related prices wanders around a mean. β is the hedge ratio of a rolling
    regression of the first symbol on the second; the z-score of the spread opens both legs at
    `entry` and closes them within `exit`. The legs are entered together or not at all; a leg
    that is left alone is closed.

    Source: E. Gatev, W. Goetzmann and K. Rouwenhorst, "Pairs Trading", Review of Financial
    Studies 19 (2006); E. Chan, "Algorithmic Trading" (2013), chapter 3 (rolling hedge ratio).

    Args:
        lookback: Number of pairs of prices in the regression and in the z-score.
        entry: z-score of the spread at which both legs are entered.
        exit: z-score within which they are left.
        exposure: Value of both legs together, as a share of the strategy's equity.
    """

    allow_short = True

    def __init__(
        self,
        lookback: Annotated[int, Range(3, 1_000_000)] = 500,
        entry: Annotated[float, Range(0.1, 100.0), CHANGEABLE] = 2.0,
        exit: Annotated[float, Range(0.0, 100.0), CHANGEABLE] = 0.5,  # noqa: A002 - its usual name
        exposure: Annotated[float, Range(0.01, 4.0), CHANGEABLE] = 0.5,
    ) -> None:
        """Start without prices."""
        if not exit < entry:
            raise StrategyError(f"PairsStrategy: exit {exit:g} must be less than entry {entry:g}.")
        self.entry = entry
        self.exit = exit
        self.exposure = exposure
        self._fit = RollingBeta(lookback)
        self._score = ZScore(lookback)
        self._latest = (0.0, 0.0)
        self._extreme = 0.0

    def on_start(self) -> None:
        """Insist on two symbols: what is explained, and what explains it."""
        if len(self.symbols) != 2:
            raise StrategyError(
                f"PairsStrategy needs two symbols, not {len(self.symbols)}; e.g. KO,PEP."
            )

    def on_market_data(self, ticker: Ticker) -> list[Signal] | None:
        """Measure the spread at every change of either price."""
        first, second = (self.ticker(symbol) for symbol in self.symbols)
        y, x = latest = fair_price(first), fair_price(second)
        if y != y or x != x or latest == self._latest:
            return None
        self._latest = latest
        # Measured by the fit of the past, which the newest prices have not bent yet.
        beta, intercept = self._fit.value, self._fit.intercept
        z = self._score.update(y - intercept - beta * x)
        self._fit.update(y, x)
        if beta != beta or not self._score.ready:
            return None
        if abs(z) > abs(self._extreme):
            self._extreme = z
        held = [self.position(symbol) for symbol in self.symbols]
        if any(self.pending(symbol) for symbol in self.symbols):
            return None
        if any(held):
            # Long the spread wants it to rise: turn z so that below 0 is against it.
            against = z if held[0] > 0 else -z
            if not all(held):
                return self._close("the other leg is gone")
            return self._close(f"spread z {z:+.2f}") if against >= -self.exit else None
        if abs(z) < self.entry or not beta > 0:
            return None
        return hedged((first, second), latest, beta, z, self.exposure * self.equity)

    def _close(self, reason: str) -> list[Signal]:
        prices = zip(self.symbols, self._latest, strict=True)
        return [Signal("FLAT", symbol, price, reason=reason) for symbol, price in prices]

    def describe(self) -> Mapping[str, Any]:
        """Report the hedge ratio and the largest z-score of the spread beside the entry."""
        return {
            "hedge ratio": self._fit.value,
            "largest z-score": self._extreme,
            "entry": self.entry,
        }
