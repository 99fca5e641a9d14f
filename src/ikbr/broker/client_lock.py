"""The lock on a client id: two of our processes never share one, as IB would mix up their orders.

The lock is the operating system's (`flock`), so it ends with the process that holds it, however
that ends.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from ikbr.domain.errors import ConfigError


class ClientIdLock:
    """Hold one client id at one gateway."""

    def __init__(self, folder: Path, host: str, port: int, client_id: int) -> None:
        """Take the lock.

        Args:
            folder: Where the lock files are, the same for all processes; it is made.
            host: Of the gateway.
            port: Of the gateway.
            client_id: Who we are there.

        Raises:
            ConfigError: When another process has it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9.-]", "_", f"{host}-{port}-{client_id}")
        self.path = folder / f"client-{name}.lock"
        self._file = self.path.open("a+", encoding="utf-8", errors="replace")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise ConfigError(
                f"client_id = {client_id}: {holder} uses it at {host}:{port}; end that one, or "
                "choose another client id."
            ) from None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"process {os.getpid()}")
        self._file.flush()

    def release(self) -> None:
        """Give the client id back; the file stays, as another process may wait at it."""
        self._file.close()


def last_holder(path: Path) -> int:
    """Name the process that took a lock last; 0 when none has. It need not hold it any more.

    Args:
        path: The file of the lock.
    """
    try:
        words = path.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return 0
    return int(words[1]) if len(words) == 2 and words[1].isdigit() else 0


def is_alive(process: int) -> bool:
    """Say whether there is a process of that number; there is none of number 0."""
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
