"""Real-time bars: one every five seconds, told when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.domain.tape import NO_PRICE
from ikbr.domain.timers import Timer
from ikbr.gateway.messages import market_answers as say
from ikbr.gateway.past import PastBar, bars_of, rows_of
from ikbr.gateway.times import SECOND_NS

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

SPAN_NS = 5 * SECOND_NS


class RealTimeBars:
    """Tell one client the bars of one instrument.

    Source: IBKR, "Real time bars": five seconds only; without a print the bar repeats the price.
    """

    def __init__(
        self, session: Session, request_id: int, number: int, show: str, *, regular: bool
    ) -> None:
        """Begin with the next five seconds.

        Args:
            session: Whose.
            request_id: What the client calls it.
            number: Of the instrument.
            show: TRADES, MIDPOINT, BID or ASK.
            regular: Whether only regular hours count.
        """
        self._session = session
        self._world = session.world
        self._id = request_id
        self._number = number
        self._show = show
        self._regular = regular
        self._price: float | None = None
        self._played = -1
        self._timer: Timer
        self._arm()

    def close(self) -> None:
        """End."""
        self._timer.cancel()

    def _arm(self) -> None:
        due = self._world.now_ns // SPAN_NS * SPAN_NS + SPAN_NS
        self._timer = self._world.clock.call_at(due, self._tell, due)

    def _tell(self, end_ns: int) -> None:
        self._arm()
        if self._regular and not self._world.exchange.hours.regular:
            return
        if bars := self._made(end_ns):
            bar = bars[-1]
        else:
            price = self._price if self._price is not None else self._standing()
            if price is None:
                return
            bar = PastBar(0, price, price, price, price, 0, price, 0)
        self._price = bar.close
        scale = self._world.contracts.instruments[self._number].price_scale
        prices = {n: getattr(bar, n) / scale for n in ("open", "high", "low", "close", "wap")}
        self._session.send(
            say.REAL_TIME_BAR,
            prices
            | {
                "reqId": self._id,
                "time": (end_ns - SPAN_NS) // SECOND_NS,
                "volume": bar.volume,
                "count": bar.prints,
            },
        )

    def _made(self, end_ns: int) -> list[PastBar]:
        """Give the bar of what was played, if anything was."""
        player = self._world.player
        if self._played == player.played:
            return []
        self._played = player.played
        return bars_of(rows_of(player, self._number, end_ns - SPAN_NS, end_ns), SPAN_NS, self._show)

    def _standing(self) -> float | None:
        market, number = self._world.market, self._number
        bid, ask, last = market.bid[number], market.ask[number], market.last[number]
        if self._show == "TRADES":
            return None if last == NO_PRICE else last
        if NO_PRICE in {bid, ask}:
            return None
        return {"BID": bid, "ASK": ask}.get(self._show, (bid + ask) / 2)
