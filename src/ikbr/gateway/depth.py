"""Market depth: the one level that the tape knows, best bid and best ask.

Source: IBKR, "Market depth": operation 0 inserts, 1 updates, 2 deletes a row; side 1 is the bid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.domain.tape import NO_PRICE
from ikbr.gateway.messages import market_answers as say

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

INSERT, UPDATE, DELETE = 0, 1, 2
ASK, BID = 0, 1


class Depth:
    """Tell one client the book of one instrument."""

    def __init__(self, session: Session, request_id: int, number: int, *, smart: bool) -> None:
        """Tell what stands and follow the instrument.

        Args:
            session: Whose.
            request_id: What the client calls it.
            number: Of the instrument.
            smart: Whether rows name the exchange they stand on.
        """
        self._session = session
        self._id = request_id
        self._number = number
        self._smart = smart
        self._scale = session.world.contracts.instruments[number].price_scale
        self._venue = session.world.contracts.wire[number]["primaryExchange"]
        self._told: dict[int, tuple[int, int]] = {}
        market = session.world.market
        self._side(BID, market.bid[number], market.bid_size[number])
        self._side(ASK, market.ask[number], market.ask_size[number])
        session.world.follow(number, self._on_row)

    def close(self) -> None:
        """Follow it no more."""
        self._session.world.unfollow(self._number, self._on_row)

    def _on_row(
        self,
        _ts: int,
        _kind: int,
        bid: int,
        ask: int,
        _last: int,
        bid_size: int,
        ask_size: int,
        _size: int,
    ) -> None:
        self._side(BID, bid, bid_size)
        self._side(ASK, ask, ask_size)

    def _side(self, side: int, price: int, size: int) -> None:
        told = self._told.get(side)
        if price == NO_PRICE:
            if told is not None:
                del self._told[side]
                self._tell(side, DELETE, 0, 0)
        elif told != (price, size):
            self._told[side] = (price, size)
            self._tell(side, INSERT if told is None else UPDATE, price, size)

    def _tell(self, side: int, operation: int, price: int, size: int) -> None:
        row = {
            "reqId": self._id,
            "position": 0,
            "operation": operation,
            "side": side,
            "price": price / self._scale,
            "size": size,
        }
        if self._smart:
            named = row | {"marketMaker": self._venue, "isSmart": True}
            self._session.send(say.MARKET_DEPTH_L2, named)
        else:
            self._session.send(say.MARKET_DEPTH, row)
