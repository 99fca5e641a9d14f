"""Arrivals: what an order meets at the moment it reaches the exchange."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.order import OrderType
from ikbr.domain.tape import NO_PRICE
from ikbr.domain.timers import TimerHeap
from ikbr.sim import queue
from ikbr.sim.book import CLOSING, LIMIT, MARKET, MIDPOINT, OPENING, STOP, TRAIL, Book, SimOrder
from ikbr.sim.executions import Executions
from ikbr.sim.market import Hours, StandingMarket
from ikbr.sim.matching import middle
from ikbr.sim.refusals import AFTER_HOURS
from ikbr.sim.taking import Taking
from ikbr.sim.trailing import follow

MODES = {
    OrderType.MARKET: MARKET,
    OrderType.LIMIT: LIMIT,
    OrderType.STOP: STOP,
    OrderType.STOP_LIMIT: STOP,
    OrderType.TRAIL: TRAIL,
    OrderType.MIDPRICE: MIDPOINT,
    OrderType.MARKET_ON_OPEN: OPENING,
    OrderType.MARKET_ON_CLOSE: CLOSING,
    OrderType.LIMIT_ON_CLOSE: CLOSING,
}


class Arrivals:
    """Let orders trade at once with what stands, or rest."""

    __slots__ = (
        "_book",
        "_executions",
        "_handlers",
        "_hours",
        "_last",
        "_market",
        "_queue",
        "_quote",
        "_taking",
        "_timers",
    )

    def __init__(
        self,
        model: ExecutionModel,
        market: StandingMarket,
        timers: TimerHeap,
        book: Book,
        executions: Executions,
        taking: Taking,
        hours: Hours,
    ) -> None:
        """Bind the handlers of the modes."""
        self._market = market
        self._timers = timers
        self._book = book
        self._executions = executions
        self._taking = taking
        self._hours = hours
        self._quote = model.fill == "quote"
        self._last = model.fill == "last"
        self._queue = model.queue == "behind-displayed"
        self._handlers: tuple[Callable[[SimOrder], None], ...] = (
            self.meet,
            self.meet,
            self._stop,
            self._trail,
            self._midpoint,
            self._wait,
            self._wait,
        )

    def enter(self, so: SimOrder, *, told: bool = False) -> None:
        """Let an accepted order meet the market.

        Args:
            so: The order; its mode, prices and quantity are set.
            told: Whether its owner knows already that it works (after a modification).
        """
        mode = so.mode
        executions = self._executions
        hours = self._hours
        if not (hours.regular or so.outside_rth):
            if so.immediate:
                executions.cancel(so, f"{so.immediate} order outside regular hours")
                return
            so.held = mode in {MARKET, LIMIT, MIDPOINT}
            self._rest(so)
            executions.say(so, OrderEvent.ACK_PRE, 399, AFTER_HOURS)
            return
        if not told:
            ahead = mode in {MARKET, LIMIT, MIDPOINT}
            executions.say(so, OrderEvent.ACK if ahead else OrderEvent.ACK_PRE)
            if not so.live:
                return
        if self._market.halted[so.sym]:
            self._rest(so)
        else:
            self._handlers[mode](so)

    def resume(self, so: SimOrder) -> None:
        """Let an order that has met the market before wait in it again; see `Exchange.resume`.

        What stands is taken to be used up by it under a volume cap.
        """
        market, sym = self._market, so.sym
        if not (self._hours.regular or so.outside_rth) or so.mode not in {MARKET, LIMIT, STOP}:
            self.enter(so)
        elif so.mode == STOP:
            self._book.rest(so)
        else:
            if self._taking.cap_micro and self._quote:
                buys = so.sign > 0
                so.taken = (
                    (market.ask[sym], market.ask_size[sym])
                    if buys
                    else (market.bid[sym], market.bid_size[sym])
                )
            self._rest(so)

    def meet(self, so: SimOrder) -> None:
        """Trade a market or marketable limit order with what stands; the rest waits.

        Also what a stop does that finds the market beyond its trigger.
        """
        sym = so.sym
        market = self._market
        taking = self._taking
        now = self._timers.now_ns
        sign = so.sign
        quote, size = NO_PRICE, 0
        if self._quote:
            if sign > 0:
                quote, size = market.ask[sym], market.ask_size[sym]
            else:
                quote, size = market.bid[sym], market.bid_size[sym]
        elif self._last:
            quote = market.last[sym]
        marketable = quote != NO_PRICE and (so.limit - quote) * sign >= 0
        if taking.several and (marketable or so.mode == LIMIT):
            taking.cross(so, quote if marketable else so.limit, now)
        if marketable and taking.plain and so.live:
            age_ns = now - market.ts[sym]
            self._executions.execute(so, so.remaining, quote, now, "take", size, age_ns)
        elif marketable and so.live:
            if taking.cap_micro:
                so.taken = (quote, size)
            taking.take(so, quote, size, now, size, now - market.ts[sym])
        if so.live:
            if so.immediate and (marketable or self._quoted(sym)):
                self._executions.cancel(so, f"{so.immediate} order not filled at once")
            else:
                self._rest(so)

    def _rest(self, so: SimOrder) -> None:
        if so.mode == LIMIT and self._queue:
            market, sym = self._market, so.sym
            if so.sign > 0:
                touch, size = market.bid[sym], market.bid_size[sym]
            else:
                touch, size = market.ask[sym], market.ask_size[sym]
            so.queue = queue.begin(so.sign, so.limit, touch, size)
        self._book.rest(so)

    def _wait(self, so: SimOrder) -> None:
        self._book.rest(so)

    def _quoted(self, sym: int) -> bool:
        """Say whether an order that is not marketable knows it at once."""
        market = self._market
        return self._quote and (market.bid[sym] != NO_PRICE or market.ask[sym] != NO_PRICE)

    def _reference(self, so: SimOrder) -> int:
        """Give the price that triggers and trails: the last, before any print the quote."""
        sym = so.sym
        price = self._market.last[sym]
        if price != NO_PRICE:
            return price
        return self._market.ask[sym] if so.sign > 0 else self._market.bid[sym]

    def _stop(self, so: SimOrder) -> None:
        """Trigger a stop at once when the market is beyond it; else let it wait."""
        price = self._reference(so)
        if price == NO_PRICE or (price - so.stop) * so.sign < 0:
            self._book.rest(so)
            return
        so.triggered = True
        so.mode = LIMIT if so.request.order_type == OrderType.STOP_LIMIT else MARKET
        self._executions.say(so, OrderEvent.ACK, 0, "triggered")
        if so.live:
            self.meet(so)

    def _trail(self, so: SimOrder) -> None:
        """Set a trailing stop's trigger from what stands."""
        price = self._reference(so)
        if price != NO_PRICE:
            follow(so, price)
        self._stop(so)

    def _midpoint(self, so: SimOrder) -> None:
        """Trade a MIDPRICE order at the mid; without quotes, as a market order would."""
        sym, market = so.sym, self._market
        bid, ask = market.bid[sym], market.ask[sym]
        sign = so.sign
        now = self._timers.now_ns
        price, size = NO_PRICE, 0
        if self._quote and NO_PRICE not in {bid, ask}:
            price = middle(bid, ask, sign)
            size = market.ask_size[sym] if sign > 0 else market.bid_size[sym]
        elif self._last:
            price = market.last[sym]
        if price != NO_PRICE and (so.limit - price) * sign >= 0:
            if self._taking.cap_micro:
                so.taken = (price, size)
            self._taking.take(so, price, size, now, size, now - market.ts[sym])
        if so.live:
            if so.immediate and (price != NO_PRICE or self._quoted(sym)):
                self._executions.cancel(so, f"{so.immediate} order not filled at once")
            else:
                self._book.rest(so)
