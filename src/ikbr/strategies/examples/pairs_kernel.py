"""Pairs as a kernel: the same decisions as `pairs`, compiled in a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from ikbr.domain.errors import StrategyError
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import NAN, Ticker
from ikbr.strategies.base_strategy import Answer
from ikbr.strategies.coercion import Range
from ikbr.strategies.examples.hedged_legs import hedged
from ikbr.strategies.kernel import cells
from ikbr.strategies.kernel_legs import LegsStrategy
from ikbr.strategies.kernel_moments import BETAS, INTERCEPT, MOMENTS, hedge_ratio, is_full, z_score
from ikbr.strategies.prices import fair_price


class PairsKernel(LegsStrategy):
    """Sell the spread of two symbols when it is wide, buy it when it is narrow.

    Idea: as `pairs`, tick for tick the same orders, written as a kernel: the z-score of
    y − β·x opens both legs at `entry` and closes them within `exit`.

    Source: as `pairs`: E. Gatev, W. Goetzmann and K. Rouwenhorst, "Pairs Trading", Review of
    Financial Studies 19 (2006); E. Chan, "Algorithmic Trading" (2013), chapter 3.

    Args:
        lookback: Number of pairs of prices in the regression and in the z-score.
        entry: z-score of the spread at which both legs are entered.
        exit: z-score within which they are left.
        exposure: Value of both legs together, as a share of the strategy's equity.
    """

    allow_short = True
    state: Mapping[str, Any] = {
        "ys": cells("lookback"),
        "xs": cells("lookback"),
        "fit": cells(BETAS),
        "spreads": cells("lookback"),
        "sums": cells(MOMENTS),
        "fair": cells(2, NAN),
        "latest": cells(2),
        "beta": NAN,
        "hedge": NAN,
        "intercept": NAN,
        "score": 0.0,
        "extreme": 0.0,
    }

    def __init__(
        self,
        lookback: Annotated[int, Range(3, 1_000_000)] = 500,
        entry: Annotated[float, Range(0.1, 100.0)] = 2.0,
        exit: Annotated[float, Range(0.0, 100.0)] = 0.5,  # noqa: A002 - the band's usual name
        exposure: Annotated[float, Range(0.01, 4.0)] = 0.5,
    ) -> None:
        """Take the parameters."""
        if not exit < entry:
            raise StrategyError(f"PairsKernel: exit {exit:g} must be less than entry {entry:g}.")
        self.entry = entry
        self.exit = exit
        self.exposure = exposure

    def on_start(self) -> None:
        """Insist on two symbols: what is explained, and what explains it."""
        if len(self.symbols) != 2:
            raise StrategyError(
                f"PairsKernel needs two symbols, not {len(self.symbols)}; e.g. KO,PEP."
            )

    @staticmethod
    def on_legs(state: Any, params: Any, tick: Any, legs: Any) -> int:
        """Measure the spread at every change of either price."""
        if tick.number > 1:
            return 0
        state.fair[tick.number] = fair_price(tick)
        y, x = state.fair[0], state.fair[1]
        if y != y or x != x or (y == state.latest[0] and x == state.latest[1]):
            return 0
        state.latest[0], state.latest[1] = y, x
        # The fit of the past measures it, which the newest prices have not bent yet.
        beta, intercept = state.hedge, state.intercept
        z = z_score(state.spreads, state.sums, y - intercept - beta * x) if beta == beta else NAN
        state.hedge = hedge_ratio(state.ys, state.xs, state.fit, y, x)
        state.intercept = state.fit[INTERCEPT]
        if beta != beta or not is_full(state.spreads, state.sums):
            return 0
        state.score = z
        state.beta = beta
        if abs(z) > abs(state.extreme):
            state.extreme = z
        if legs.pending[0] != 0 or legs.pending[1] != 0:
            return 0
        first, second = legs.position[0], legs.position[1]
        if first == 0 and second == 0:
            if abs(z) < params.entry or not beta > 0:
                return 0
            return -1 if z > 0 else 1
        # Long the spread wants it to rise: turn z so that below 0 is against it.
        against = z if first > 0 else -z
        return 1 if first == 0 or second == 0 or against >= -params.exit else 0

    def signal(self, value: int, state: Any, ticker: Ticker) -> Answer:
        """Enter both legs when nothing is held, else leave both."""
        held = [self.position(symbol) for symbol in self.symbols]
        z, worth = state.score, self.exposure * self.equity
        if not any(held):
            legs = [self.ticker(symbol) for symbol in self.symbols]
            return hedged(legs, state.latest, state.beta, z, worth)
        reason = f"spread z {z:+.2f}" if all(held) else "the other leg is gone"
        prices = zip(self.symbols, state.latest, strict=True)
        return [Signal("FLAT", symbol, price, reason=reason) for symbol, price in prices]

    def describe(self) -> Mapping[str, Any]:
        """Report the hedge ratio and the largest z-score of the spread beside the entry."""
        state = next(iter(self.states.values()), None)
        hedge, extreme = (state.hedge, state.extreme) if state else (NAN, 0.0)
        return {"hedge ratio": hedge, "largest z-score": extreme, "entry": self.entry}
