"""Where a trader keeps what must outlive it: its lock, its kill latch, its journal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ikbr.broker.client_lock import ClientIdLock
from ikbr.live.latch import KillLatch


@dataclass(frozen=True, slots=True)
class Places:
    """Name the files of one trader: a client id at one gateway.

    Attributes:
        folder: Of all journals.
        host, port, client_id: Who it is, and where.
    """

    folder: Path
    host: str
    port: int
    client_id: int

    @property
    def locks(self) -> Path:
        """The folder of locks and latches."""
        return self.folder / "locks"

    def lock(self) -> ClientIdLock:
        """Take the lock, which nobody else has from then on.

        Raises:
            ConfigError: When another process has it.
        """
        return ClientIdLock(self.locks, self.host, self.port, self.client_id)

    @property
    def lock_file(self) -> Path:
        """The file of the lock."""
        return self.locks / f"client-{self._name}.lock"

    @property
    def latch(self) -> KillLatch:
        """The kill latch."""
        return KillLatch(self.locks / f"client-{self._name}.killed.json")

    @property
    def door(self) -> Path:
        """The operator's door."""
        return self.locks / f"client-{self._name}.sock"

    @property
    def telemetry(self) -> Path:
        """The socket on which it tells how it stands."""
        return self.locks / f"client-{self._name}.feed"

    def journal(self, kind: str, account: str) -> Path:
        """Name the folder of a journal.

        Args:
            kind: "paper", "live" or "shadow".
            account: Of the account.
        """
        return self.folder / f"{kind}-{account}-{self.client_id}"

    @property
    def _name(self) -> str:
        return re.sub(r"[^A-Za-z0-9.-]", "_", f"{self.host}-{self.port}-{self.client_id}")
