"""Words to whoever watches this process, by the protocol of systemd's `sd_notify`.

A watcher (systemd, or `live.supervisor`) names a datagram socket in the environment. It hears when
trading begins, that the process still turns, and that an end is wanted.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence

SOCKET, WATCHDOG_USEC, WATCHDOG_PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
"""Source: systemd, sd_notify(3) and sd_watchdog_enabled(3)."""
READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
STATUS = "STATUS="


class Notifier:
    """Tell the watcher of this process how it is; where there is none, nothing is told.

    Attributes:
        address: The watcher's socket; "" for none.
        alive_s: How often it wants to hear that this process turns, seconds; 0 for never.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read who watches.

        Args:
            environment: Variables of this process.
        """
        self.address = environment.get(SOCKET, "")
        self.alive_s = _alive_s(environment) if self.address else 0.0
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, *words: str) -> bool:
        """Tell the watcher something; say whether it was sent.

        A watcher that has gone must not disturb what it watched, so no failure is raised.
        """
        if not self.address:
            return False
        # A name in Linux's abstract namespace is written with "@" for its leading zero byte.
        at = self.address
        where = f"\0{at[1:]}" if at.startswith("@") else at
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
                door.setblocking(False)
                door.sendto("\n".join(words).encode(), where)
        except OSError:
            return False
        return True

    def begin(self) -> None:
        """Tell that trading begins, and from now on that the event loop turns."""
        self.tell(READY)
        if self.alive_s:
            self._turn()

    def end(self, why: str) -> None:
        """Tell that an end is wanted, and what for."""
        self.tell(STOPPING, STATUS + why.replace("\n", " "))

    def close(self) -> None:
        """Tell nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        self.tell(ALIVE)
        self._timer = asyncio.get_running_loop().call_later(self.alive_s, self._turn)


def _alive_s(environment: Mapping[str, str]) -> float:
    """Half the time after which the watcher loses its patience, as systemd advises."""
    if environment.get(WATCHDOG_PID, str(os.getpid())) != str(os.getpid()):
        return 0.0
    try:
        return max(0, int(environment.get(WATCHDOG_USEC, "0"))) / 2e6
    except ValueError:
        return 0.0


def read_words(datagram: bytes) -> Sequence[str]:
    r"""Read what a process tells its watcher.

    >>> read_words(b"READY=1\nSTATUS=trading")
    ['READY=1', 'STATUS=trading']
    """
    return datagram.decode(errors="replace").splitlines()
