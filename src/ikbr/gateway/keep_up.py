"""Keeping up: the bar under way, told every few seconds after the bars of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.gateway.history import Wanted, bar_under_way, bar_values
from ikbr.gateway.messages import market_answers as say
from ikbr.gateway.times import SECOND_NS

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

EVERY_NS = 5 * SECOND_NS


class KeepUp:
    """Tell one client the bar under way.

    Source: IBKR, "Historical bars": keepUpToDate, for bars of five seconds and more.
    """

    def __init__(self, session: Session, request_id: int, wanted: Wanted) -> None:
        """Begin with the next five seconds."""
        self._session = session
        self._world = session.world
        self._id = request_id
        self._wanted = wanted
        self._told: dict[str, object] = {}
        self._played = -1
        self._arm()

    def close(self) -> None:
        """End."""
        self._timer.cancel()

    def _arm(self) -> None:
        now = self._world.now_ns
        due = now // EVERY_NS * EVERY_NS + EVERY_NS
        self._timer = self._world.clock.call_at(due, self._tell)

    def _tell(self) -> None:
        self._arm()
        # A night is twelve thousand times five seconds: where nothing was played, nothing is new.
        if self._played == self._world.player.played:
            return
        self._played = self._world.player.played
        # The bar that ends at this moment is told whole once more before the next begins.
        clock = self._world.clock
        bar = bar_under_way(self._world, self._wanted, clock.now_ns - 1)
        if bar is None:
            return
        values = bar_values(self._world, self._wanted, bar)
        if values != self._told:
            self._told = values
            self._session.send(say.HISTORICAL_DATA_UPDATE, values | {"reqId": self._id})
