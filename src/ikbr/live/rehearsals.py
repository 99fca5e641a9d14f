"""The rehearsals: keep the way of an order warm in the pauses between what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ikbr.broker.client import Client
from ikbr.broker.ib_broker import IBBroker
from ikbr.core.rehearsal import Rehearsal
from ikbr.journal.session_journal import SessionJournal
from ikbr.live.pipeline import LivePipeline

AFTER_S = 0.001
"""How long after a read an order is rehearsed; what belongs to one fill has come by then."""


class Rehearsals:
    """Rehearse an order after whatever was read, at most once in `AFTER_S`.

    Where nothing is read nothing is rehearsed: a market that stands still costs nothing.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        rehearse: Callable[[], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        """Wait for the first read.

        Args:
            loop: Wakes it.
            rehearse: Takes the way of an order.
            on_fault: Told of an error on it, after which nothing is rehearsed any more.
        """
        self._loop = loop
        self._rehearse = rehearse
        self._on_fault = on_fault
        self._handle: asyncio.TimerHandle | None = None
        self._over = False

    def on_read(self) -> None:
        """Note that something was read, and what had to be done about it is done."""
        if self._handle is None and not self._over:
            self._handle = self._loop.call_later(AFTER_S, self._run)

    def _run(self) -> None:
        self._handle = None
        try:
            self._rehearse()
        except Exception as fault:  # noqa: BLE001 - the next real order would meet it, too
            self._over = True
            self._on_fault(fault)


def begin_rehearsals(
    client: Client,
    broker: IBBroker,
    pipeline: LivePipeline,
    on_fault: Callable[[Exception], None],
) -> None:
    """Rehearse orders from now on, for as long as anything comes.

    Args:
        client: Says when something was read.
        broker: Writes the orders.
        pipeline: Whose way is rehearsed; with a journal that is not durable there is nothing to do.
        on_fault: Told of an error.
    """
    if isinstance(pipeline.journal, SessionJournal):
        desk, write_record = pipeline.trader.desk, pipeline.journal.rehearse
        rehearsal = Rehearsal(desk, broker.rehearse, write_record)
        loop = asyncio.get_running_loop()
        client.client.after_read = Rehearsals(loop, rehearsal.run, on_fault).on_read
