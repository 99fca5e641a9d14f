"""Market making as a kernel: the same orders as `market_making`, compiled in a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor
from typing import Annotated, Any

from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Fill, Order
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import Answer
from ikbr.strategies.coercion import Range
from ikbr.strategies.kernel_orders import (
    CANCEL,
    QUOTE,
    OrdersStrategy,
    fill_record,
    grid_down,
    grid_up,
    step_at,
)
from ikbr.strategies.prices import has_quote


class MarketMakingKernel(OrdersStrategy):
    """Rest a bid and an ask around the mid, both shifted against the inventory.

    Idea: as `market_making`, tick for tick the same orders, written as a kernel: both quotes
    move down by `skew_ticks` for every `size` held (up when short), and the side that would
    exceed `max_inventory` is not quoted.

    Source: as `market_making`: M. Avellaneda and S. Stoikov, "High-frequency Trading in a Limit
    Order Book", Quantitative Finance 8 (2008).

    Args:
        size: Quantity of each order.
        half_spread_ticks: Distance of both quotes from their centre, in ticks of the price grid.
        skew_ticks: Shift of the centre per `size` held, in ticks.
        max_inventory: Largest position either way, in multiples of `size`.
    """

    allow_short = True
    # Wanted prices in price units; 0 for no order on that side.
    state: Mapping[str, Any] = {"quoted": False, "buy": 0, "sell": 0, "changes": 0}

    def __init__(
        self,
        size: Annotated[int, Range(1, 1_000_000)] = 100,
        half_spread_ticks: Annotated[float, Range(0.5, 10_000.0)] = 1.0,
        skew_ticks: Annotated[float, Range(0.0, 10_000.0)] = 0.5,
        max_inventory: Annotated[int, Range(1, 1000)] = 5,
    ) -> None:
        """Take the parameters."""

    @staticmethod
    def on_orders(state: Any, params: Any, tick: Any, orders: Any) -> int:
        """Move the quotes when the wanted prices changed."""
        buy = sell = 0
        if not orders.halted and has_quote(tick):
            bid, ask = round(tick.bid * orders.scale), round(tick.ask * orders.scale)
            step = step_at(orders, bid)
            held = tick.position
            centre = (bid + ask) / 2 - held / params.size * params.skew_ticks * step
            reach = params.half_spread_ticks * step
            room = params.max_inventory * params.size
            if held + params.size <= room:
                buy = max(grid_down(orders, min(floor(centre - reach), ask - step)), 0)
            if held - params.size >= -room:
                sell = grid_up(orders, max(ceil(centre + reach), bid + step))
        if state.quoted and buy == state.buy and sell == state.sell:
            return 0
        state.quoted = True
        state.buy = buy
        state.sell = sell
        state.changes += 1
        fill_record(orders, 0, QUOTE if buy else CANCEL, 1, buy, params.size)
        fill_record(orders, 1, QUOTE if sell else CANCEL, -1, sell, params.size)
        return 2

    def reason(self, value: int, state: Any, ticker: Ticker) -> str:
        """Say what an order is."""
        return "quote"

    def on_fill(self, fill: Fill) -> Answer:
        """Quote afresh around the new inventory."""
        self.states[fill.symbol].quoted = False
        return self.on_market_data(self.ticker(fill.symbol))

    def on_order_update(self, order: Order) -> None:
        """Quote again when an order expired or was cancelled (not when it was rejected)."""
        if order.is_done and order.state is not OrderState.REJECTED:
            self.states[order.symbol].quoted = False

    def on_stop(self) -> None:
        """Withdraw everything."""
        for order in self.orders:
            self.cancel(order.order_id)

    def describe(self) -> Mapping[str, int]:
        """Report how often the wanted quotes changed."""
        return {"changes of the quotes": sum(s.changes for s in self.states.values())}
