"""The link watch: what a session does when a link is lost: that to the gateway, or its to IB."""

from __future__ import annotations

import asyncio
import logging

from ikbr.broker.connection import Connection, LinkState
from ikbr.core.ports import Journal
from ikbr.domain.errors import BrokerError
from ikbr.domain.session_events import ConnectionState
from ikbr.live.alignment import Alignment
from ikbr.live.background import in_background, stops
from ikbr.live.clock import MarketClock
from ikbr.live.pipeline import EntryHolds, LivePipeline
from ikbr.live.supervision import Supervision

log = logging.getLogger("ikbr.live")

AGAIN_S = 2.0
"""Pause before a gateway that does not answer is asked again."""
LINK, PACE = "link", "pace"
"""Why entries wait: the connection is not ready; messages wait for their turn."""


class LinkWatch:
    """Hold entries while the link is lost; ask what happened before they go on.

    Attributes:
        closed: Whether the session is over, and nothing about the link matters any more.
    """

    def __init__(
        self,
        connection: Connection,
        alignment: Alignment,
        pipeline: LivePipeline,
        journal: Journal,
        market_clock: MarketClock,
        supervision: Supervision,
    ) -> None:
        """Begin with entries held: the session is not under way yet.

        Args:
            connection: Whose link it is.
            alignment: Asks what became of orders, and compares books.
            pipeline: Whose entries wait.
            journal: Keeps what happened to the link.
            market_clock: Is held while the past is looked at.
            supervision: Knows what explains a lost link, and calls for a person.
        """
        self._connection = connection
        self._alignment = alignment
        self._pipeline = pipeline
        self._clearance = pipeline.trader.risk.clearance
        self._journal = journal
        self._market_clock = market_clock
        self._supervision = supervision
        self._holds = EntryHolds(pipeline, pipeline.clock)
        self._holds.begin(LINK, "the session begins")
        self._cut_off = False
        self._task: asyncio.Task[None] | None = None
        self.closed = False
        connection.pacer.on_late = self._on_late

    def close(self) -> None:
        """Heed nothing about the link any more: the session is over."""
        self.closed = True
        self._supervision.stop()

    async def look_again(self) -> None:
        """Bring our books in line with the broker's.

        Raises:
            BrokerError: When the gateway does not answer.
        """
        await self._alignment.again()

    def on_state(self, state: LinkState) -> None:
        """Hear how the connection is from now on."""
        if self.closed:
            return
        now, why = self._pipeline.clock.now_ns, self._connection.why
        self._journal.append("connection", now, ConnectionState(state.value, 0, why))
        self._supervision.on_state(state, why)
        if state is LinkState.READY:
            if self._cut_off:
                self._cut_off = False
                # The market of a simulated gateway waits meanwhile.
                self._market_clock.hold()
                self._stop_asking()
                self._task = in_background(self._take_up(), stops(self._pipeline.trader))
            else:
                self._holds.release(LINK)
        elif state is not LinkState.STOPPED:
            self._stop_asking()
            self._cut_off = state is LinkState.CUT_OFF
            self._clearance.reconciled = False
            words = f"the connection is {state.value} ({why})"
            self._holds.hold(LINK, words, self._supervision.severity_of(state))
            if state is LinkState.DOWN:
                self._market_clock.hang_up()

    async def _take_up(self) -> None:
        """Go on after the gateway had lost IB, once it has answered; ask until it does."""
        while self._connection.state is LinkState.READY and not self.closed:
            try:
                await self.look_again()
            except BrokerError as error:
                log.warning("the gateway has IB again, but does not answer: %s", error)
            else:
                self._holds.release(LINK)
                return
            finally:
                self._market_clock.release()
            await asyncio.sleep(AGAIN_S)

    def _stop_asking(self) -> None:
        """End what was asked over a link that was lost since."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _on_late(self, late: bool) -> None:
        if late:
            self._holds.hold(PACE, "messages wait for their turn")
        else:
            self._holds.release(PACE)
