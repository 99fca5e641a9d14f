"""Market making: resting orders on both sides earn the spread; inventory moves them away."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor
from typing import Annotated

from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Fill, Order, OrderRequest, OrderType, Side
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import Range
from ikbr.strategies.prices import has_quote

Quote = tuple[int | None, int | None]
"""Wanted prices of our bid and ask in price units; None for no order on that side."""
WITHDRAWN: Quote = (None, None)


class MarketMakingStrategy(BaseStrategy):
    """Rest a bid and an ask around the mid, both shifted against the inventory.

    Idea: who is patient is paid the spread by who is not; the danger is to be left with what
    falls. So both quotes move down by `skew_ticks` for every `size` held (up when short), and
    the side that would exceed `max_inventory` is not quoted. Quotes never cross the market and
    are changed in place when the wanted price moves.

    Source: M. Avellaneda and S. Stoikov, "High-frequency Trading in a Limit Order Book",
    Quantitative Finance 8 (2008): the reservation price falls with the inventory.

    Args:
        size: Quantity of each order.
        half_spread_ticks: Distance of both quotes from their centre, in ticks of the price grid.
        skew_ticks: Shift of the centre per `size` held, in ticks.
        max_inventory: Largest position either way, in multiples of `size`.
    """

    allow_short = True

    def __init__(
        self,
        size: Annotated[int, Range(1, 1_000_000)] = 100,
        half_spread_ticks: Annotated[float, Range(0.5, 10_000.0)] = 1.0,
        skew_ticks: Annotated[float, Range(0.0, 10_000.0)] = 0.5,
        max_inventory: Annotated[int, Range(1, 1000)] = 5,
    ) -> None:
        """Start without quotes."""
        self.size = size
        self.half_spread_ticks = half_spread_ticks
        self.skew_ticks = skew_ticks
        self.max_inventory = max_inventory
        self._quoted: dict[str, Quote] = {}
        self._changes = 0

    def on_market_data(self, ticker: Ticker) -> list[OrderRequest] | None:
        """Move the quotes when the wanted prices changed."""
        wanted = self._wanted(ticker)
        if wanted == self._quoted.get(ticker.symbol):
            return None
        self._quoted[ticker.symbol] = wanted
        self._changes += 1
        sides = zip((Side.BUY, Side.SELL), wanted, strict=True)
        placed = [self._place(ticker, side, units) for side, units in sides]
        return [request for request in placed if request is not None]

    def on_fill(self, fill: Fill) -> list[OrderRequest] | None:
        """Quote afresh around the new inventory."""
        self._quoted.pop(fill.symbol, None)
        return self.on_market_data(self.ticker(fill.symbol))

    def on_order_update(self, order: Order) -> None:
        """Quote again when an order expired or was cancelled (not when it was rejected)."""
        if order.is_done and order.state is not OrderState.REJECTED:
            self._quoted.pop(order.symbol, None)

    def on_stop(self) -> None:
        """Withdraw everything."""
        for order in self.orders:
            self.cancel(order.order_id)

    def _wanted(self, ticker: Ticker) -> Quote:
        """Centre the quotes on the mid, shifted against the inventory, outside the market."""
        if ticker.halted or not has_quote(ticker):
            return WITHDRAWN
        instrument = ticker.instrument
        held = self.position(ticker.symbol)
        bid, ask = instrument.to_units(ticker.bid), instrument.to_units(ticker.ask)
        tick = instrument.increment(bid)
        centre = (bid + ask) / 2 - held / self.size * self.skew_ticks * tick
        reach = self.half_spread_ticks * tick
        buy = instrument.on_grid(min(floor(centre - reach), ask - tick), "down")
        sell = instrument.on_grid(max(ceil(centre + reach), bid + tick), "up")
        room = self.max_inventory * self.size
        return (
            buy if held + self.size <= room and buy > 0 else None,
            sell if held - self.size >= -room else None,
        )

    def _place(self, ticker: Ticker, side: Side, units: int | None) -> OrderRequest | None:
        """Bring the side's order to a price: change it, withdraw it, or ask for a new one."""
        symbol = ticker.symbol
        working = [o for o in self.orders if (o.symbol, o.side) == (symbol, side) and not o.is_done]
        price = None if units is None else ticker.instrument.to_price(units)
        for order in working:
            if order.cancel_requested:
                continue  # its end brings a new quote
            if price is None:
                self.cancel(order.order_id)
            elif order.request.limit_price != price:
                self.modify(order.order_id, limit_price=price)
        if working or price is None:
            return None
        return OrderRequest(symbol, side, self.size, OrderType.LIMIT, price, reason="quote")

    def describe(self) -> Mapping[str, int]:
        """Report how often the wanted quotes changed."""
        return {"changes of the quotes": self._changes}
