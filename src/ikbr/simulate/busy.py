"""A strategy that does a little of everything, so that much can go wrong."""

from __future__ import annotations

import random
from typing import Any

from ikbr.domain.order import Order, OrderRequest, OrderType, Side, TimeInForce
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import BaseStrategy

MOST_WORKING = 5


class Busy(BaseStrategy):
    """Send, change and cancel orders of all kinds, as a seed decides.

    Attributes:
        resting: Whether it does nothing any more.
    """

    def __init__(self, seed: int = 0, activity: float = 0.25) -> None:
        """Begin.

        Args:
            seed: Decides what it does.
            activity: How often it does anything, of all ticks.
        """
        self.seed = seed
        self.activity = activity
        self.resting = False
        self._draw = random.Random(seed)

    def on_market_data(self, ticker: Ticker) -> Any:
        """Do something, or nothing."""
        draw = self._draw
        if self.resting or draw.random() >= self.activity or not ticker.bid > 0:
            return None
        mine = [order for order in self.orders if order.symbol == ticker.symbol]
        what = draw.random()
        if mine and (len(mine) >= MOST_WORKING or what < 0.35):
            self._change(draw.choice(mine), ticker)
            return None
        if what < 0.42:
            return Signal("FLAT", ticker.symbol, ticker.last, reason="enough")
        return self._order(ticker)

    def _change(self, order: Order, ticker: Ticker) -> None:
        draw, request = self._draw, order.request
        if draw.random() < 0.5:
            self.cancel(order.order_id)
        elif request.limit_price is not None:
            self.modify(order.order_id, limit_price=self._near(ticker, 12))
        elif request.stop_price is not None:
            self.modify(order.order_id, stop_price=self._near(ticker, 30))
        else:
            self.cancel(order.order_id)

    def _order(self, ticker: Ticker) -> OrderRequest:
        draw = self._draw
        side = draw.choice((Side.BUY, Side.SELL))
        quantity, symbol = draw.randrange(1, 9) * 10, ticker.symbol
        kind = draw.choice(("market", "limit", "limit", "stop", "stop limit", "bracket"))
        tif = draw.choice((TimeInForce.DAY, TimeInForce.GTC))
        if kind == "market":
            return OrderRequest(symbol, side, quantity, reason=kind)
        if kind == "limit":
            near = self._near(ticker, 12)
            return OrderRequest(
                symbol, side, quantity, OrderType.LIMIT, limit_price=near, tif=tif, reason=kind
            )
        beyond = round((ticker.ask if side > 0 else ticker.bid) + side * 0.05, 2)
        if kind == "stop":
            return OrderRequest(
                symbol, side, quantity, OrderType.STOP, stop_price=beyond, tif=tif, reason=kind
            )
        if kind == "stop limit":
            return OrderRequest(
                symbol, side, quantity, OrderType.STOP_LIMIT, stop_price=beyond,
                limit_price=round(beyond + side * 0.03, 2), reason=kind,
            )  # fmt: skip
        profit, loss = round(beyond + side * 0.10, 2), round(beyond - side * 0.20, 2)
        return OrderRequest(symbol, side, quantity, reason=kind, take_profit=profit, stop_loss=loss)

    def _near(self, ticker: Ticker, cents: int) -> float:
        return round(ticker.bid + self._draw.randrange(-cents, cents + 1) / 100, 2)
