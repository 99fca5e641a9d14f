"""The journal of a session on paper or live: opened for its account, closed at its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from ikbr.broker.client import Client
from ikbr.domain.errors import InvariantError
from ikbr.journal.replay import State
from ikbr.journal.session_journal import MAX_LAG_S, SessionJournal
from ikbr.journal.session_opening import continue_session
from ikbr.live.wire_record import WireRecord

ANY_LAG_S = 1e9


class LiveJournal:
    """Open the journal of an account once that is known, and write what goes over the wire.

    Attributes:
        opened: The journal; None before it was opened.
    """

    def __init__(
        self,
        folder_of: Callable[[str], Path],
        kind: str,
        client: Client,
        now_ns: Callable[[], int],
        *,
        wire: bool,
    ) -> None:
        """Wait for the account.

        Args:
            folder_of: Gives the folder of an account's journal.
            kind: Of the session, for its header.
            client: Whose messages about orders are kept.
            now_ns: The session's time, ns UTC.
            wire: Whether they are.
        """
        self._folder_of = folder_of
        self._kind = kind
        self._client = client
        self._now_ns = now_ns
        self._keeps_wire = wire
        self._wire: WireRecord | None = None
        self.opened: SessionJournal | None = None

    def open(
        self, account: str, now_ns: int, simulated: bool
    ) -> tuple[SessionJournal, State | None]:
        """Open it, and read what earlier sessions have left.

        Args:
            account: IB's name of it.
            now_ns: The session's time, ns UTC.
            simulated: Whether the gateway is a simulated one.

        Returns:
            The journal, and what was known; None when nothing was.
        """
        day = dt.datetime.fromtimestamp(now_ns // 1_000_000_000, dt.UTC).date()
        folder = self._folder_of(account)
        # Where time is the market's, it says nothing about how far the disk is behind.
        lag_s = ANY_LAG_S if simulated else MAX_LAG_S
        meta = {"mode": self._kind}
        journal, past = continue_session(folder, day.isoformat(), meta=meta, max_lag_s=lag_s)
        self.opened = journal
        if self._keeps_wire:
            self._wire = WireRecord(self._client.client, journal, self._now_ns)
        return journal, past

    @property
    def journal(self) -> SessionJournal:
        """The journal of a session that has begun."""
        if self.opened is None:
            raise InvariantError("a session began without a journal.")
        return self.opened

    def place(self) -> tuple[str, str]:
        """Say in which folder and segment it is."""
        return str(Path(self.journal.directory).resolve()), self.journal.segment

    def close(self) -> None:
        """Write what is left, and close it."""
        if self._wire is not None:
            self._wire.close()
        if self.opened is not None:
            self.opened.close()
