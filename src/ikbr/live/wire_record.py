"""The wire record: the journal of a session gets what went over the wire, a moment later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ikbr.broker.client import WireClient
from ikbr.broker.wire_log import LIMIT, Message, WireLog
from ikbr.domain.session_events import Callback, WireSend
from ikbr.journal.session_journal import SessionJournal
from ikbr.sim.recent import Recent

EVERY_S = 0.05
MOST = 100
"""Records at a time, so that the event loop is never held up by them."""
LISTED = frozenset(("openOrder", "execDetails", "commissionReport", "completedOrder"))
"""What IB tells again with every list that is asked for; the same words are kept once."""


class WireRecord:
    """Write the messages about orders into a journal, off the way of ticks and orders.

    They are evidence and nothing depends on them: those of the last moment are lost when the
    process is killed, and all of them while the disk refuses, so that what must be kept has room.
    """

    def __init__(
        self, client: WireClient, journal: SessionJournal, now_ns: Callable[[], int]
    ) -> None:
        """Listen from now on; needs a running event loop.

        Args:
            client: Whose messages are kept.
            journal: Of the session.
            now_ns: The session's time, ns UTC.
        """
        self._client = client
        self._journal = journal
        self._now_ns = now_ns
        self._told = 0
        self._listed: Recent[int, bool] = Recent(limit=LIMIT)
        client.log = self._log = WireLog(now_ns)
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._turn)

    def close(self) -> None:
        """Write what is left, before the journal is closed, and listen no more."""
        self._timer.cancel()
        self._client.log = None
        while self._write():
            pass

    def _turn(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._turn)
        self._write()

    def _write(self) -> bool:
        """Write some; say whether there were any."""
        messages = self._log.take(MOST)
        if not self._journal.durable:
            self._log.dropped += len(messages)
            return bool(messages)
        if self._log.dropped > self._told:
            lost, self._told = self._log.dropped - self._told, self._log.dropped
            self._journal.append("wire", self._now_ns(), WireSend("lost", 0, {"messages": lost}))
        for one in messages:
            if one.name in LISTED and self._is_known(one):
                continue
            self._journal.append("wire" if one.sent else "callback", one.ts_ns, _body(one))
        return bool(messages)

    def _is_known(self, one: Message) -> bool:
        # An execution comes with the number of the request that asked for it.
        words = hash((one.name, *one.fields[1 if one.name == "execDetails" else 0 :]))
        known = self._listed.get(words) is not None
        self._listed.put(words, True)
        return known


def _body(one: Message) -> WireSend | Callback:
    fields = {"fields": one.fields}
    if one.sent:
        return WireSend(one.name, one.order_id, fields)
    return Callback(one.name, one.order_id, fields)
