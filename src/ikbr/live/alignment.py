"""Alignment: our books follow the broker's, at the start, after every break and every minute.

Nothing is traded before `begin` has ended, nor from a break until `again` has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ikbr.broker.connection import Connection
from ikbr.broker.ib_broker import IBBroker
from ikbr.broker.notice import Notice
from ikbr.broker.whole_account import WholeAccount
from ikbr.core.memory import Orphans
from ikbr.core.trader import Trader
from ikbr.domain.errors import BrokerError
from ikbr.domain.events import Alert
from ikbr.journal.replay import State
from ikbr.live.background import in_background, stops
from ikbr.live.pipeline import LivePipeline
from ikbr.live.preparation import World
from ikbr.live.reconcile import Reconciler
from ikbr.live.recovery import settle, take_up

log = logging.getLogger("ikbr.live")

RECENT_NS = 200_000_000_000
"""Source: IBKR, TWS API, "Account Updates": values follow a trade within three minutes."""

CORRECTIONS_EVERY = 10
"""At which look executions are asked for although no order works."""


class Alignment:
    """Keep a session's books in line with the broker's."""

    def __init__(
        self, pipeline: LivePipeline, broker: IBBroker, connection: Connection, world: World,
        past: State | None, notes: list[str],
    ) -> None:  # fmt: skip
        """Take up what earlier sessions have left, and ask what became of it.

        Args:
            pipeline: Before its start.
            broker: Before its start.
            connection: Ready.
            world: What is traded, and what the account holds.
            past: What earlier sessions knew; None when there were none.
            notes: Gets what differed, in words.
        """
        self._notes = notes
        self._pipeline = pipeline
        self._broker = broker
        self._patience_s = connection.settings.timeout_s
        self._world = world
        self._past = past
        broker.follower.on_notice = self._on_notice
        self._orphans = take_up(pipeline, broker, past) if past is not None else Orphans([], {})
        orders = pipeline.trader.orders
        orders.next_id = max(orders.next_id, broker.start(orders.next_id))
        account = WholeAccount(
            connection.requests,
            world.contracts,
            connection.account,
            connection.settings.client_id,
        )
        since_ns = past.last_ns if past is not None else pipeline.clock.now_ns
        self._reconciler = Reconciler(pipeline, account, since_ns, broker.follower.executions.flush)
        self._looks = 0
        self._drift: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Bring the books in line before anything is traded.

        Raises:
            BrokerError: When the broker does not answer.
        """
        trader = self._pipeline.trader
        self._broker.ask_again(executions=True)
        with unheard(trader):
            await self._compare()
        # Both the journal and the gateway may have lost the numbers of the day.
        trader.orders.next_id = max(trader.orders.next_id, self._broker.follower.highest_id + 1)
        if self._past is not None:
            self._adopt_cash()
            self._notes += self._orphans.lines()
        trader.risk.clearance.reconciled = True

    async def again(self) -> None:
        """Bring the books in line after the link was lost.

        Raises:
            BrokerError: When the broker does not answer.
        """
        self._broker.start()
        await self._compare()
        self._pipeline.trader.risk.clearance.reconciled = True

    def check_drift(self) -> None:
        """Look for differences in the background, in the books and in what works."""
        self._looks += 1
        self._broker.ask_again(executions=self._looks % CORRECTIONS_EVERY == 0)
        if self._drift is None or self._drift.done():
            self._drift = in_background(self._look(), stops(self._pipeline.trader))

    def stop(self) -> None:
        """Look no more."""
        if self._drift is not None:
            self._drift.cancel()

    def _on_notice(self, notice: Notice) -> None:
        """Tell a person what the broker's word about an order does not settle."""
        words = f"order {notice.order_id}: {notice.words}"
        now = self._pipeline.clock.now_ns
        self._pipeline.trader.alert(Alert(now, "warning", "orders", words))

    async def _look(self) -> None:
        try:
            self._notes += await self._reconciler.check()
        except BrokerError as error:
            log.warning("the books could not be compared: %s", error)

    async def _compare(self) -> None:
        await settle(self._broker, self._patience_s)
        self._notes += await self._reconciler.check()

    def _adopt_cash(self) -> None:
        """Take over the broker's cash, unless it may not contain the latest fills yet."""
        pipeline = self._pipeline
        latest = max((f.ts_ns for f in pipeline.trader.orders.fills.values()), default=0)
        if latest > pipeline.clock.now_ns - RECENT_NS or pipeline.trader.orders.working:
            self._notes.append("The cash was not compared with the broker's: fills are too recent.")
        else:
            self._notes += self._reconciler.adopt_cash(self._world.state)


@contextmanager
def unheard(trader: Trader) -> Iterator[None]:
    """Let strategies hear nothing of what is only caught up with; they have not started yet."""
    before = [(one, one.hears_fills, one.hears_orders) for one in trader.manager.running]
    for one in trader.manager.running:
        one.hears_fills = one.hears_orders = False
    try:
        yield
    finally:
        for one, fills, orders in before:
            one.hears_fills, one.hears_orders = fills, orders
