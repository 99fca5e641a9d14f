"""Kernels that place, move and cancel resting orders: they fill records of what is to be done."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Sequence
from typing import Any

from ikbr.domain.errors import StrategyError
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import Answer
from ikbr.strategies.context import StrategyContext
from ikbr.strategies.kernel import KernelStrategy
from ikbr.strategies.kernel_layout import Layout, cells

PLACE, MOVE, CANCEL, QUOTE = 1, 2, 3, 4
"""Place a limit order; move those that rest on a side; cancel them; move or else place one."""

MOST = 8
"""Records that a kernel may fill at one tick."""


def orders_layout(bands: Sequence[tuple[int, int]]) -> Layout:
    """Lay out the records and what a kernel must know of the price grid."""
    return Layout(
        "orders",
        {
            "action": cells(MOST, 0),
            "side": cells(MOST, 0),
            "price": cells(MOST, 0.0),
            "quantity": cells(MOST, 0),
            "halted": False,
            "scale": 0,
            "band_from": cells(max(1, len(bands)), 0),
            "band_step": cells(max(1, len(bands)), 1),
        },
    )


class OrdersStrategy(KernelStrategy):
    """Decide in one function of numbers what resting orders there are to be.

    As `KernelStrategy`, but `on_orders` gets `orders` besides. It fills the records
    `orders.action[n]` (PLACE, MOVE, CANCEL or QUOTE), `.side[n]` (+1 buys, -1 sells),
    `.price[n]` and `.quantity[n]`, from n = 0 on, and returns how many it filled. It may read
    `orders.halted`, `orders.scale` (price units per 1.0), and the price grid by `step_at`,
    `grid_down` and `grid_up`.
    """

    kernel_name = "on_orders"
    kernel_arguments = ("state", "params", "tick", "orders")

    _orders: dict[str, Any]
    _orders_rows: array[int]

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Do nothing: `on_orders` is called instead."""
        return 0

    @staticmethod
    @abstractmethod
    def on_orders(state: Any, params: Any, tick: Any, orders: Any) -> int:
        """Look at a tick.

        Args:
            state: The symbol's row of the declared state; what is written stays.
            params: The strategy's parameters that are numbers.
            tick: What happened.
            orders: The records to fill.

        Returns:
            How many records are filled; 0 for nothing to do.
        """

    @property
    def orders_memory(self) -> array[int]:
        """The records of all symbols, as the compiled form reads and writes them."""
        return self._orders_rows

    def records(self, symbol: str) -> Any:
        """Give the records of a symbol."""
        return self._orders[symbol]

    def bind(self, context: StrategyContext) -> None:
        """Connect it with the pipeline, and start from fresh states."""
        super().bind(context)
        instruments = [context.tickers[symbol].instrument for symbol in context.symbols]
        # One layout for all symbols, as long as the longest grid needs.
        layout = orders_layout(max((i.tick_bands for i in instruments), key=len))
        self._orders_rows = layout.rows(len(instruments))
        self._orders = {}
        for number, instrument in enumerate(instruments):
            row = layout.view(self._orders_rows, number)
            _note_grid(row, instrument)
            self._orders[instrument.symbol] = row

    def run_kernel(self, ticker: Ticker) -> Any:
        """Run the kernel on a tick; give what it returned, whatever that is."""
        tick, row = self._tick_of(ticker), self._orders[ticker.symbol]
        row.halted = ticker.halted
        return self._kernel(tick.state, self._numbers, tick, row)

    def answer(self, value: Any, ticker: Ticker) -> Answer:
        """Carry out the records that the kernel filled.

        Raises:
            StrategyError: When it filled none that make sense.
        """
        who = f"{type(self).__name__}.{self.kernel_name}"
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST:
            raise StrategyError(
                f"{who} returned {value!r} for {ticker.symbol}; return how many records it "
                f"filled, 0 to {MOST}."
            )
        row, requests = self._orders[ticker.symbol], []
        # What is done here may fill an order at once, and the kernel run again meanwhile.
        told = [(row.action[n], row.side[n], row.price[n], row.quantity[n]) for n in range(value)]
        for number, (action, side, price, quantity) in enumerate(told):
            if action not in (PLACE, MOVE, CANCEL, QUOTE) or side not in (-1, 1):
                raise StrategyError(
                    f"{who}, record {number} for {ticker.symbol}: action {action} on side {side} "
                    f"is unknown; use PLACE, MOVE, CANCEL or QUOTE on side 1 or -1."
                )
            rests = self._rests(action, ticker.symbol, side, price)
            if action == PLACE or (action == QUOTE and not rests):
                reason = self.reason(side, self._states[ticker.symbol], ticker)
                requests.append(
                    OrderRequest(
                        ticker.symbol, Side(side), quantity, OrderType.LIMIT, price, reason=reason
                    )
                )
        return requests

    def _rests(self, action: int, symbol: str, side: int, price: float) -> bool:
        """Move or cancel what rests on a side; say whether anything does."""
        if action == PLACE:
            return False
        working = [o for o in self.orders if (o.symbol, o.side) == (symbol, side)]
        working = [o for o in working if not o.is_done]
        for order in working:
            if order.cancel_requested:
                continue
            if action == CANCEL:
                self.cancel(order.order_id)
            elif order.request.limit_price != price:
                self.modify(order.order_id, limit_price=price)
        return bool(working)


def _note_grid(row: Any, instrument: Instrument) -> None:
    row.scale = instrument.price_scale
    bands = instrument.tick_bands
    for number in range(len(row.band_from)):
        # A grid with fewer bands repeats its last one.
        start, step = bands[min(number, len(bands) - 1)]
        row.band_from[number], row.band_step[number] = start, step


def step_at(orders: Any, units: int) -> int:
    """Give the price grid's step at a price, as `Instrument.increment`.

    Args:
        orders: The records of a symbol.
        units: The price, price units.
    """
    step = orders.band_step[0]
    for band in range(len(orders.band_from)):
        if abs(units) >= orders.band_from[band]:
            step = orders.band_step[band]
    return int(step)


def grid_down(orders: Any, units: int) -> int:
    """Move a price down to the price grid, as `Instrument.on_grid`."""
    step = step_at(orders, units)
    return units // step * step


def grid_up(orders: Any, units: int) -> int:
    """Move a price up to the price grid, as `Instrument.on_grid`."""
    step = step_at(orders, units)
    return -(-units // step) * step


def fill_record(
    orders: Any, number: int, action: int, side: int, units: int, quantity: int
) -> None:
    """Fill a record.

    Args:
        orders: The records of a symbol.
        number: Which.
        action: PLACE, MOVE, CANCEL or QUOTE.
        side: +1 buys, -1 sells.
        units: The price, price units.
        quantity: Of a new order.
    """
    orders.action[number] = action
    orders.side[number] = side
    orders.price[number] = units / orders.scale
    orders.quantity[number] = quantity
