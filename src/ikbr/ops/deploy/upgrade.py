"""Upgrade and rollback that never leave two traders.

The old bot is asked to end, as a person would; it cancels its orders and gives the lock of its
client id back. Only who holds that lock switches the release, and only then the new bot starts,
which takes the lock itself. Nothing is ended by force: where the old bot does not end, nothing is
switched. A new bot that does not come up, or does not stay, is replaced by the old one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ikbr.broker.client_lock import is_alive, last_holder
from ikbr.domain.errors import ConfigError, StateError
from ikbr.ops.deploy.releases import Releases
from ikbr.ops.deploy.service import Service

LOOK_S = 0.2


class Lock(Protocol):
    """Hold the client id of a bot."""

    def release(self) -> None:
        """Give it back."""
        ...


Take = Callable[[], Lock]
"""Takes the lock; raises ConfigError while somebody else has it."""


class Upgrade:
    """Replace the release that runs by another."""

    def __init__(
        self,
        releases: Releases,
        service: Service,
        take: Take,
        lock_file: Path,
        *,
        patience_s: float = 90.0,
        settle_s: float = 10.0,
    ) -> None:
        """Prepare.

        Args:
            releases: Those of the host.
            service: Starts and stops the bot.
            take: Takes the lock of its client id.
            lock_file: Its file, which names who took it last.
            patience_s: How long ending and beginning may take, each.
            settle_s: How long the new bot must stay.
        """
        self._releases = releases
        self._service = service
        self._take = take
        self._lock_file = lock_file
        self._patience_s = patience_s
        self._settle_s = settle_s

    def run(self, name: str) -> list[str]:
        """Replace the release.

        Args:
            name: The one that is to run.

        Returns:
            What was done, in words.

        Raises:
            ConfigError: When the release cannot be started; nothing was touched.
            StateError: When the old one runs on, or was taken back.
        """
        releases = self._releases
        version = releases.check(name)
        before = releases.current
        if name == before:
            raise ConfigError(f"release {name!r} is the one that runs; name another.")
        done = [f"{name} can be started ({version})"]
        self._stop_and_switch(name)
        done.append(f"{before or 'nothing'} has ended, {name} is switched to")
        self._service.start()
        if self._comes_up():
            return [*done, f"{name} runs"]
        if not before:
            raise StateError(f"release {name!r} did not come up, and there is none to go back to.")
        self._stop_and_switch(before)
        self._service.start()
        back = "runs again" if self._comes_up() else "did not come up either: look at its log"
        raise StateError(f"release {name!r} did not come up and was taken back; {before} {back}.")

    def roll_back(self) -> list[str]:
        """Go back to the release that ran before.

        Raises:
            ConfigError: When there is none.
        """
        if not self._releases.previous:
            raise ConfigError("there is no release to go back to; `ikbr deploy upgrade` names one.")
        return self.run(self._releases.previous)

    def _stop_and_switch(self, name: str) -> None:
        self._service.ask_to_end()
        lock = self._lock_when_free()
        try:
            # Whoever else may want to start meanwhile is refused: the lock is ours.
            self._service.stop()
            self._releases.switch(name)
        finally:
            lock.release()

    def _lock_when_free(self) -> Lock:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                return self._take()
            except ConfigError as error:
                if time.monotonic() >= until:
                    raise StateError(
                        f"the bot has not ended within {self._patience_s:g} s, so nothing was "
                        f"switched ({str(error).rstrip('.')}); `ikbr kill` ends it by force."
                    ) from None
            time.sleep(LOOK_S)

    def _comes_up(self) -> bool:
        """Say whether somebody takes the lock, and lives for a while.

        Only looked at, never taken: that would refuse it to the bot that is beginning.
        """
        ours = os.getpid()
        until = time.monotonic() + self._patience_s
        while time.monotonic() < until:
            holder = last_holder(self._lock_file)
            if holder != ours and is_alive(holder):
                time.sleep(self._settle_s)
                return last_holder(self._lock_file) == holder and is_alive(holder)
            time.sleep(LOOK_S)
        return False
