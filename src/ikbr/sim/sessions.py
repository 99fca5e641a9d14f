"""Sessions: what the open and the close of regular trading do to orders."""

from __future__ import annotations

from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE
from ikbr.domain.timers import Timer, TimerHeap
from ikbr.sim.book import CLOSING, OPENING, Seat, SimOrder
from ikbr.sim.executions import Executions
from ikbr.sim.market import Hours, StandingMarket
from ikbr.sim.taking import Taking

EXTENDED_NS = 4 * 3600 * 1_000_000_000
"""From the regular to the extended close: 20:00 in New York, 17:00 on a short day."""


class Sessions:
    """Hold and release, arm and expire orders as sessions open and close."""

    __slots__ = ("_day_end", "_executions", "_hours", "_market", "_seats", "_taking", "_timers")

    def __init__(
        self,
        seats: list[Seat],
        market: StandingMarket,
        timers: TimerHeap,
        executions: Executions,
        taking: Taking,
        hours: Hours,
    ) -> None:
        """Start before the first session."""
        self._seats = seats
        self._market = market
        self._timers = timers
        self._executions = executions
        self._taking = taking
        self._hours = hours
        self._day_end: Timer | None = None

    def open(self, session: Session) -> None:
        """Begin regular trading; the extended hours before it are over by now at the latest."""
        if self._day_end is not None:
            self._end_of_day()
        hours = self._hours
        hours.regular = True
        hours.open_ns = session.open_ns
        hours.close_ns = session.close_ns
        hours.auctioned.clear()
        for so in self._orders():
            if not so.resting:
                continue
            if so.mode == CLOSING and so.armed:
                self._executions.cancel(so, "the closing auction did not take place")
            elif so.mode == OPENING:
                so.armed = True
            elif so.held:
                so.held = False
                self._executions.say(so, OrderEvent.ACK)

    def close(self, session: Session) -> None:
        """End regular trading."""
        self._hours.regular = False
        for so in self._orders():
            if not so.live:
                continue
            if so.mode == CLOSING and so.resting:
                self._close_one(so)
            elif so.mode == OPENING:
                if so.armed:
                    self._executions.cancel(so, "no print after the open")
            elif so.request.tif != "GTC" and not so.outside_rth:
                self._executions.cancel(so, "expired at the close")
        self._day_end = self._timers.call_at(session.close_ns + EXTENDED_NS, self._end_of_day)

    def _close_one(self, so: SimOrder) -> None:
        """Trade a closing order at the last price, unless an auction is to be expected."""
        sym = so.sym
        market = self._market
        if sym in self._hours.auctioned:
            so.armed = True
            return
        price = market.last[sym]
        if price == NO_PRICE:
            price = market.touch(sym, so.sign)
        if price != NO_PRICE and not market.halted[sym] and (so.limit - price) * so.sign >= 0:
            now = self._timers.now_ns
            size = so.remaining if self._taking.cap_micro == 0 else 0
            self._taking.take(so, price, size, now, 0, now - market.ts[sym], "auction")
        if so.live:
            self._executions.cancel(so, "not filled at the close")

    def _end_of_day(self) -> None:
        """End the day orders of the extended hours."""
        if self._day_end is not None:
            self._day_end.cancel()
            self._day_end = None
        for so in self._orders():
            if so.live and so.outside_rth and so.request.tif != "GTC":
                self._executions.cancel(so, "expired at the end of the extended session")

    def _orders(self) -> list[SimOrder]:
        return [so for seat in self._seats for so in seat.orders.values()]
