"""A strategy of one's own.

ikbr backtest --strategy examples/dip_buyer.py --symbols SPY,AAPL --seed 7 --param drop=0.004
"""

from typing import Annotated

from ikbr import BaseStrategy, Fill, Range, Schedule, Side, Signal, Ticker


class DipBuyer(BaseStrategy):
    """Buy when the price fell by a fraction from its high; leave at half the way back.

    Idea: a fall without news is often somebody in a hurry, and half of it comes back. It is here
    to show how a strategy is written, not to earn money.

    Args:
        drop: How far below the high since the last sale it buys (0.004 is 0.4 per cent).
    """

    schedule = Schedule(no_entry_after="close-30m", flatten_at="close-5m")

    def __init__(self, drop: Annotated[float, Range(0.0001, 0.5)] = 0.004) -> None:
        self.drop = drop
        self._high: dict[str, float] = {}

    def on_market_data(self, ticker: Ticker) -> Signal | None:
        """Note the high; buy far enough below it, sell when half of the fall came back."""
        last = ticker.last
        if not last > 0:  # not known yet
            return None
        high = self._high.get(ticker.symbol, 0.0)
        if last > high:
            self._high[ticker.symbol] = high = last
        fall = 1.0 - last / high
        if fall > self.drop:
            return Signal("BUY", ticker.symbol, last, reason=f"{fall:.2%} below the high")
        if fall < self.drop / 2 and self.position(ticker.symbol) > 0:
            return Signal("FLAT", ticker.symbol, last, reason="half the way back")
        return None

    def on_fill(self, fill: Fill) -> None:
        """Begin anew after a sale."""
        if fill.side is Side.SELL:
            self._high[fill.symbol] = fill.price
