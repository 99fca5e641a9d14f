"""Mean reversion as a kernel: the same decisions as `mean_reversion`, compiled in a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from ikbr.domain.errors import StrategyError
from ikbr.domain.signal import Action, Signal
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import Answer
from ikbr.strategies.coercion import Range
from ikbr.strategies.kernel import KernelStrategy, cells
from ikbr.strategies.kernel_moments import MOMENTS, is_full, z_score
from ikbr.strategies.parameters import CHANGEABLE
from ikbr.strategies.prices import fair_price


class MeanReversionKernel(KernelStrategy):
    """Buy far below the average, leave near it, give up when it goes on falling.

    Idea: as `mean_reversion`, tick for tick the same orders, written as a kernel: enter at a
    z-score of `entry`, leave within `exit` of the average, give up beyond `stop` and stay aside
    until it is back within `exit`.

    Source: as `mean_reversion`: E. Chan, "Algorithmic Trading" (2013), chapters 2 and 3.

    Args:
        lookback: Number of price changes that make the average.
        entry: z-score at which a position is entered.
        exit: z-score within which it is left.
        stop: z-score at which it is given up.
        allow_short: Whether prices far above the average are sold short.
    """

    state: Mapping[str, Any] = {
        "window": cells("lookback"),
        "sums": cells(MOMENTS),
        "price": 0.0,
        "score": 0.0,
        "extreme": 0.0,
        "aside": False,
    }
    opposite = "flat"

    def __init__(
        self,
        lookback: Annotated[int, Range(3, 1_000_000)] = 200,
        entry: Annotated[float, Range(0.1, 100.0), CHANGEABLE] = 2.0,
        exit: Annotated[float, Range(0.0, 100.0), CHANGEABLE] = 0.5,  # noqa: A002 - its usual name
        stop: Annotated[float, Range(0.1, 1000.0), CHANGEABLE] = 4.0,
        allow_short: bool = False,
    ) -> None:
        """Take the parameters."""
        if not exit < entry < stop:
            raise StrategyError(
                f"MeanReversionKernel: exit {exit:g}, entry {entry:g} and stop {stop:g} must "
                f"rise in this order."
            )
        self.entry = entry
        self.exit = exit
        self.stop = stop
        self.allow_short = allow_short

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Score a new price; signal at the edges of the bands."""
        price = fair_price(tick)
        if price != price or price == state.price:
            return 0
        state.price = price
        z = z_score(state.window, state.sums, price)
        if not is_full(state.window, state.sums):
            return 0
        state.score = z
        if abs(z) > abs(state.extreme):
            state.extreme = z
        if state.aside:
            state.aside = abs(z) > params.exit
            return 0
        held = tick.position + tick.pending
        if held:
            against = z if held > 0 else -z
            if against <= -params.stop:
                state.aside = True
            elif against < -params.exit:
                return 0
            return -1 if held > 0 else 1
        if params.entry <= abs(z) < params.stop:
            if z < 0:
                return 1
            if params.allow_short:
                return -1
        return 0

    def signal(self, value: int, state: Any, ticker: Ticker) -> Answer:
        """Enter when nothing is held, else leave."""
        symbol, z = ticker.symbol, state.score
        held = self.position(symbol) + self.pending(symbol)
        if not held:
            action: Action = "BUY" if value > 0 else "SELL"
            return Signal(action, symbol, state.price, reason=f"z-score {z:+.2f}")
        why = "stopped out" if state.aside else "back at the mean"
        against = z if held > 0 else -z
        return Signal("FLAT", symbol, state.price, reason=f"{why}, z {against:+.2f}")

    def describe(self) -> Mapping[str, float]:
        """Report the largest z-score seen, whichever way, beside the entry."""
        extremes = [state.extreme for state in self.states.values()]
        return {"largest z-score": max(extremes, key=abs, default=0.0), "entry": self.entry}
