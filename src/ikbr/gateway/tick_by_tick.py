"""Tick by tick: every print, or every change of the quote, of one instrument.

Source: IBKR, "Tick-by-tick data": Last leaves out what AllLast has besides; here both are alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.gateway.messages import market_answers as say
from ikbr.gateway.times import SECOND_NS

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

KINDS = {"Last": 1, "AllLast": 2, "BidAsk": 3, "MidPoint": 4}
_PRINT, _AUCTION = int(Kind.PRINT), int(Kind.AUCTION)


class TickByTick:
    """Tell one client every tick of one instrument."""

    def __init__(
        self, session: Session, request_id: int, number: int, kind: str, ignore_size: bool
    ) -> None:
        """Follow an instrument.

        Args:
            session: Whose.
            request_id: What the client calls it.
            number: Of the instrument.
            kind: Last, AllLast, BidAsk or MidPoint.
            ignore_size: Whether changes of sizes alone are left out.
        """
        self._session = session
        self._id = request_id
        self._number = number
        self._kind = KINDS[kind]
        self._ignore_size = ignore_size
        self._scale = session.world.contracts.instruments[number].price_scale
        self._venue = session.world.contracts.wire[number]["primaryExchange"]
        self._told: tuple[int, ...] = ()
        session.world.follow(number, self._on_row)

    def close(self) -> None:
        """Follow it no more."""
        self._session.world.unfollow(self._number, self._on_row)

    def _on_row(
        self,
        ts: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
    ) -> None:
        values = {"reqId": self._id, "kind": self._kind, "time": ts // SECOND_NS}
        if self._kind <= 2:
            if not _PRINT <= kind <= _AUCTION or last == NO_PRICE:
                return
            told = {"price": last / self._scale, "size": size, "exchange": self._venue}
        elif NO_PRICE in {bid, ask}:
            return
        elif self._kind == 3:
            seen = (bid, ask) if self._ignore_size else (bid, ask, bid_size, ask_size)
            if seen == self._told:
                return
            self._told = seen
            told = {"bid": bid / self._scale, "ask": ask / self._scale}
            told |= {"bidSize": bid_size, "askSize": ask_size}
        else:
            if self._told == (bid + ask,):
                return
            self._told = (bid + ask,)
            told = {"midPoint": (bid + ask) / 2 / self._scale}
        self._session.send(say.TICK_BY_TICK, values | told)
