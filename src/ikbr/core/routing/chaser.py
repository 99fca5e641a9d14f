"""The chaser: moves a limit order with the touch, and lets it cross when it has waited enough."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.core.ports import Clock
from ikbr.core.routing.choose import through
from ikbr.domain.order import Order
from ikbr.domain.routing import RoutingRules
from ikbr.domain.ticker import Ticker

Modify = Callable[[int, float], None]


class Chaser:
    """Follow orders whose limit follows the near touch.

    It only ever moves towards the market, so that an order never loses its place for nothing: a
    touch that moves away from the order makes it follow, one that comes closer fills it.
    """

    __slots__ = ("_clock", "_modify", "_refresh", "_rules")

    def __init__(
        self, rules: RoutingRules, clock: Clock, modify: Modify, refresh: Callable[[], None]
    ) -> None:
        """Connect with those who tell the time and change orders.

        Args:
            rules: How often and how long.
            clock: Sets the timers.
            modify: Changes the limit of an order, if risk lets it.
            refresh: Brings market data up to the present.
        """
        self._rules = rules
        self._clock = clock
        self._modify = modify
        self._refresh = refresh

    def follow(self, order: Order, ticker: Ticker) -> None:
        """Begin to follow an order that was sent."""
        self._wait(order, ticker, 0)

    def _wait(self, order: Order, ticker: Ticker, moves: int) -> None:
        due = self._clock.now_ns + round(self._rules.chase_s * 1e9)
        self._clock.call_at(due, self._look, order, ticker, moves)

    def _look(self, order: Order, ticker: Ticker, moves: int) -> None:
        if order.is_done or order.cancel_requested:
            return
        self._refresh()
        if ticker.bid < ticker.ask:
            moves += 1
            last = moves >= self._rules.chase_times
            wanted = self._price(order, ticker, crosses=last)
            limit = order.request.limit_price
            if limit is None or (wanted - limit) * order.side > 0:
                self._modify(order.order_id, wanted)
            if last:
                return
        self._wait(order, ticker, moves)

    def _price(self, order: Order, ticker: Ticker, *, crosses: bool) -> float:
        if crosses:
            limit = through(self._rules, order.instrument, order.side, ticker).limit_price
            assert limit is not None
            return limit
        return ticker.bid if order.side > 0 else ticker.ask
