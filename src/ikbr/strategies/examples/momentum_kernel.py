"""Momentum as a kernel: the same decisions as `momentum`, compiled in a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from ikbr.domain.ticker import NAN, Ticker
from ikbr.strategies.coercion import Range
from ikbr.strategies.kernel import KernelStrategy, cells
from ikbr.strategies.parameters import CHANGEABLE


class MomentumKernel(KernelStrategy):
    """Buy when the price rose by more than a threshold over the last prices; sell when it fell.

    Idea: as `momentum`, tick for tick the same orders, written as a kernel. Over `lookback`
    known last prices, momentum = last / oldest − 1.

    Source: as `momentum`: the owner's guide, "Example Strategy Implementation".

    Args:
        lookback: Number of prices looked at, the newest included.
        threshold: Momentum beyond which it acts, as a fraction (0.02 is two per cent).
        allow_short: Whether falling prices are sold short; else they are only left.
    """

    state: Mapping[str, Any] = {
        # Full of NaN, the oldest price, and so the momentum, is NaN until as many came.
        "prices": cells("lookback", NAN),
        "place": 0,
        "momentum": 0.0,
        "lowest": 0.0,
        "highest": 0.0,
    }

    def __init__(
        self,
        lookback: Annotated[int, Range(2, 1_000_000)] = 20,
        threshold: Annotated[float, Range(0.0, 10.0), CHANGEABLE] = 0.02,
        allow_short: bool = False,
    ) -> None:
        """Take the parameters."""
        self.lookback = lookback
        self.threshold = threshold
        self.allow_short = allow_short

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Note the last price; signal when it moved far enough."""
        last = tick.last
        if not last or last - last:  # unknown: 0, NaN or infinite
            return 0
        place = state.place
        state.prices[place] = last
        place += 1
        if place == params.lookback:
            place = 0
        state.place = place
        momentum = last / state.prices[place] - 1.0
        if momentum > state.highest:
            state.highest = momentum
        elif momentum < state.lowest:
            state.lowest = momentum
        state.momentum = momentum
        if momentum > params.threshold:
            return 1
        if momentum < -params.threshold:
            return -1
        return 0

    def reason(self, value: int, state: Any, ticker: Ticker) -> str:
        """Say how far the price moved."""
        return f"momentum {state.momentum:+.4%} over {self.lookback} prices"

    def describe(self) -> Mapping[str, float]:
        """Report the largest momentum seen, whichever way, beside the threshold."""
        highest = max((state.highest for state in self.states.values()), default=0.0)
        lowest = min((state.lowest for state in self.states.values()), default=0.0)
        return {"largest momentum": max(highest, lowest, key=abs), "threshold": self.threshold}
