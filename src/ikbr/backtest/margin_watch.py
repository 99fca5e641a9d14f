"""The margin watch: wakes the broker's margin desk only when a mark has moved far enough."""

from __future__ import annotations

import math

from ikbr.core.trader import Trader
from ikbr.core.valuation import Valuation
from ikbr.domain.events import Alert
from ikbr.domain.order import Order, OrderRequest
from ikbr.domain.tape import NO_PRICE
from ikbr.sim.account import Account
from ikbr.sim.market import HIGHEST, LOWEST

LARGEST_MOVE = 1e6


class MarginWatch:
    """Keep a band per held instrument within which no liquidation is possible.

    The account bounds the move that all marks may make at once; while every mark stays in its
    band nobody needs to ask. Outside it the account is asked, and the bands are drawn anew.

    Attributes:
        low, high: Bands by instrument number, price units.
        liquidations: Orders that the broker forced so far.
    """

    def __init__(self, account: Account, trader: Trader, valuation: Valuation) -> None:
        """Start without holdings."""
        self._account = account
        self._safe_move = account.safe_move
        self._trader = trader
        self._valuation = valuation
        count = len(valuation.held)
        self.low = [LOWEST] * count
        self.high = [HIGHEST] * count
        self.liquidations = 0
        self._drawn = False
        self._busy = False
        self._sent: list[Order] = []
        self._missed: set[str] = set()

    def redraw(self) -> None:
        """Draw the bands around the present marks."""
        move = self._safe_move()
        if move > LARGEST_MOVE:
            if self._drawn:
                count = len(self.low)
                self.low[:], self.high[:] = [LOWEST] * count, [HIGHEST] * count
                self._drawn = False
            return
        self._drawn = True
        for number, position in enumerate(self._valuation.held):
            if position is None or position.mark_units == NO_PRICE:
                self.low[number], self.high[number] = LOWEST, HIGHEST
                continue
            reach = abs(position.mark_units) * max(move, 0.0)
            self.low[number] = math.ceil(position.mark_units - reach)
            self.high[number] = math.floor(position.mark_units + reach)

    def on_mark(self, number: int, units: int) -> None:
        """Look at a mark that has just been booked."""
        if not self.low[number] <= units <= self.high[number] and not self._busy:
            self._ask()

    def _ask(self) -> None:
        if self._account.maintenance_excess_micro() >= 0:
            self._missed.clear()
        elif all(order.is_done for order in self._sent):
            self._busy = True
            try:
                self._liquidate()
            finally:
                self._busy = False
        self.redraw()

    def _liquidate(self) -> None:
        self._sent.clear()
        for request in self._account.liquidation_orders():
            symbol, quantity = request.symbol, request.quantity
            if symbol not in self._missed:
                self._alert(f"{request.side.name} {quantity} {symbol} is liquidated.")
            sent = self._force(request)
            self._sent += sent
            self.liquidations += bool(sent)
            missing = quantity - sum(order.request.quantity for order in sent)
            if missing and symbol not in self._missed:
                self._missed.add(symbol)
                done = "sold" if request.side < 0 else "bought"
                self._alert(
                    f"{missing} of {quantity} {symbol} could not be {done}: no strategy is known "
                    f"to hold them."
                )

    def _force(self, request: OrderRequest) -> list[Order]:
        """Have an order carried out; give what was sent for it."""
        orders = self._trader.orders
        first = orders.next_id
        self._trader.force(request)
        # Without latency strategies have heard of fills by now and may have sent more.
        return [
            order
            for order_id in range(first, orders.next_id)
            if (order := orders.orders[order_id]).request.reason == request.reason
            and order.symbol == request.symbol
        ]

    def _alert(self, words: str) -> None:
        trader = self._trader
        trader.alert(Alert(trader.clock.now_ns, "critical", "broker", f"margin call: {words}"))
