"""The kill latch: a file that stops trading until a person arms it again.

It is a file of its own, so that it can be set from outside when a bot hangs, survives every
restart, and is there before anything is connected. One that cannot be read counts as set.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from ikbr.domain.errors import ConfigError, StateError

LOOK_S = 0.25
"""How often it is looked whether a person has stopped trading."""


class Killed(msgspec.Struct, frozen=True):
    """Say that trading was stopped.

    Attributes:
        ts_ns: When, ns UTC.
        source: Through which door.
        reason: Why, in a person's words.
        flatten: Whether what strategies hold is to be closed too.
    """

    ts_ns: int
    source: str
    reason: str
    flatten: bool = False


class KillLatch:
    """Set, read and clear the latch of one trader.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Look at a file; nothing is made yet."""
        self.path = path

    def read(self) -> Killed | None:
        """Say whether trading is stopped; None when it is not."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return Killed(0, "latch", f"{self.path} cannot be read ({error.strerror})")
        try:
            return msgspec.json.decode(content, type=Killed)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return Killed(0, "latch", f"{self.path} is damaged")

    def set(self, killed: Killed) -> None:
        """Stop trading; durable when this returns.

        Raises:
            StateError: When the file cannot be written.
        """
        folder = self.path.parent
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(msgspec.json.encode(killed))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
            _sync_folder(folder)
        except OSError as error:
            raise StateError(
                f"kill latch {self.path} cannot be written ({error.strerror}); end the process "
                "by hand and cancel its orders in TWS."
            ) from None

    def clear(self) -> bool:
        """Allow trading again.

        Returns:
            Whether it was stopped.

        Raises:
            StateError: When the file cannot be removed.
        """
        try:
            self.path.unlink()
            _sync_folder(self.path.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StateError(
                f"kill latch {self.path} cannot be removed ({error.strerror}); remove it by hand."
            ) from None
        return True


async def until_killed(read: Callable[[], Killed | None]) -> Killed:
    """Wait until a person has stopped trading.

    Args:
        read: Says whether they have.
    """
    while (killed := read()) is None:
        await asyncio.sleep(LOOK_S)
    return killed


def refuse_if_killed(killed: Killed | None) -> None:
    """Refuse to begin where a person has stopped trading.

    Raises:
        ConfigError: With when and why, and how to go on.
    """
    if killed is not None:
        raise ConfigError(
            f"trading was stopped ({killed.source}: {killed.reason or 'no reason given'}); look "
            f"at the account, then allow it again with `ikbr arm`."
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
