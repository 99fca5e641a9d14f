"""Mean reversion: what strayed far from its average is expected to come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from ikbr.domain.errors import StrategyError
from ikbr.domain.signal import Action, Signal
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import Range
from ikbr.strategies.indicators import ZScore
from ikbr.strategies.parameters import CHANGEABLE
from ikbr.strategies.prices import fair_price


class _State:
    """Keep what is known of one symbol; `aside`: stopped out, waiting for calm."""

    __slots__ = ("aside", "price", "score")

    def __init__(self, lookback: int) -> None:
        self.score = ZScore(lookback)
        self.price = 0.0
        self.aside = False


class MeanReversionStrategy(BaseStrategy):
    """Buy far below the average, leave near it, give up when it goes on falling.

    Idea: a price pushed away by someone's hurry tends to return when the hurry is over. The
    z-score of the latest changes of the price (mid of the quote, or last) measures how far it
    strayed: enter at `entry`, leave within `exit` of the average, give up beyond `stop` and
    stay aside until it is back within `exit`.

    Source: E. Chan, "Algorithmic Trading" (2013), chapters 2 and 3 (linear mean reversion by
    z-score, Bollinger bands).

    Args:
        lookback: Number of price changes that make the average.
        entry: z-score at which a position is entered.
        exit: z-score within which it is left.
        stop: z-score at which it is given up.
        allow_short: Whether prices far above the average are sold short.
    """

    def __init__(
        self,
        lookback: Annotated[int, Range(3, 1_000_000)] = 200,
        entry: Annotated[float, Range(0.1, 100.0), CHANGEABLE] = 2.0,
        exit: Annotated[float, Range(0.0, 100.0), CHANGEABLE] = 0.5,  # noqa: A002 - its usual name
        stop: Annotated[float, Range(0.1, 1000.0), CHANGEABLE] = 4.0,
        allow_short: bool = False,
    ) -> None:
        """Start without prices."""
        if not exit < entry < stop:
            raise StrategyError(
                f"MeanReversionStrategy: exit {exit:g}, entry {entry:g} and stop {stop:g} must "
                f"rise in this order."
            )
        self.lookback = lookback
        self.entry = entry
        self.exit = exit
        self.stop = stop
        self.allow_short = allow_short
        self._states: dict[str, _State] = {}
        self._extreme = 0.0

    def on_market_data(self, ticker: Ticker) -> Signal | None:
        """Score a new price; signal at the edges of the bands."""
        state = self._states.get(ticker.symbol)
        if state is None:
            state = self._states[ticker.symbol] = _State(self.lookback)
        price = fair_price(ticker)
        if price != price or price == state.price:
            return None
        state.price = price
        z = state.score.update(price)
        if not state.score.ready:
            return None
        if abs(z) > abs(self._extreme):
            self._extreme = z
        if state.aside:
            state.aside = abs(z) > self.exit
            return None
        held = self.position(ticker.symbol) + self.pending(ticker.symbol)
        if held:
            return self._leave(state, ticker.symbol, z if held > 0 else -z)
        if self.entry <= abs(z) < self.stop:
            action: Action = "BUY" if z < 0 else "SELL"
            if action == "BUY" or self.allow_short:
                return Signal(action, ticker.symbol, price, reason=f"z-score {z:+.2f}")
        return None

    def _leave(self, state: _State, symbol: str, z: float) -> Signal | None:
        """Leave a position; `z` is turned so that below 0 is against it."""
        if z >= -self.exit:
            return Signal("FLAT", symbol, state.price, reason=f"back at the mean, z {z:+.2f}")
        if z <= -self.stop:
            state.aside = True
            return Signal("FLAT", symbol, state.price, reason=f"stopped out, z {z:+.2f}")
        return None

    def describe(self) -> Mapping[str, float]:
        """Report the largest z-score seen, whichever way, beside the entry."""
        return {"largest z-score": self._extreme, "entry": self.entry}
