"""The ending: stop entries, cancel our own orders, close what is held if asked, and look again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from ikbr.core.pipeline import Pipeline
from ikbr.core.protection import is_protective
from ikbr.core.winding_down import wind_down
from ikbr.domain.order import Order
from ikbr.strategies.running import FAULTS

log = logging.getLogger("ikbr.live")

LOOK_S = 0.02


class End(NamedTuple):
    """Say how a session ended.

    Attributes:
        reason: Why.
        orderly: Whether everything that was to happen has happened.
        working: Orders that still work at the broker.
        positions: What the strategies still hold, by symbol.
    """

    reason: str
    orderly: bool
    working: list[Order]
    positions: dict[str, int]

    def lines(self) -> list[str]:
        """Say what is left at the broker."""
        held = ", ".join(f"{s} {q:+d}" for s, q in self.positions.items()) or "nothing"
        told = [f"ended: {self.reason}; the strategies hold {held}"]
        for order in self.working:
            request = order.request
            kind = "protective exit" if is_protective(order) else "order"
            told.append(
                f"still works: {kind} {order.order_id}, {request.side.name} "
                f"{order.remaining} {request.symbol} {request.order_type.value}"
            )
        if not self.orderly:
            told.append("the end was not orderly: look at the account")
        return told


class Ending:
    """End a session."""

    def __init__(
        self, pipeline: Pipeline, *, flatten: bool, grace_s: float, connected: Callable[[], bool]
    ) -> None:
        """Prepare the end of a session.

        Args:
            pipeline: Whose.
            flatten: Whether what the strategies hold is closed.
            grace_s: How long it may take, seconds of wall time.
            connected: Says whether orders reach the broker.
        """
        self._pipeline = pipeline
        self._flatten = flatten
        self._grace_s = grace_s
        self._connected = connected

    def begin(self, reason: str) -> None:
        """Enter nothing any more; cancel, and close what is to be closed."""
        trader = self._pipeline.trader
        trader.desk.closed = True
        log.info("ending: %s", reason)
        if self._connected():
            wind_down(trader, reason, flatten=self._flatten)

    async def finish(self, reason: str, hurry: asyncio.Event) -> End:
        """Wait until nothing is under way any more, but not for ever.

        Args:
            reason: Why it ends.
            hurry: Ends the waiting.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._grace_s
        while self._under_way() and loop.time() < until and not hurry.is_set():
            if not self._connected():
                break
            await asyncio.sleep(LOOK_S)
        trader = self._pipeline.trader
        for running in trader.manager.running:
            if running.enabled:
                try:
                    running.on_stop()
                except FAULTS as error:  # a person's code may raise anything
                    trader.disable(running, error)
        working = list(trader.orders.working.values())
        return End(reason, not self._under_way(), working, trader.manager.net_positions())

    def _under_way(self) -> bool:
        trader = self._pipeline.trader
        if any(not is_protective(order) for order in trader.orders.working.values()):
            return True
        return self._flatten and bool(trader.manager.net_positions())
