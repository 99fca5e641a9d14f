"""Sockets of this machine that only their owner may open: the operator's door, the telemetry."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from ikbr.domain.errors import UsageError

LONGEST_PATH = 100
"""Source: unix(7): 108 bytes on Linux; other systems take a few less."""


def own_socket(path: Path, what: str) -> socket.socket:
    """Make a Unix-domain socket that nobody but its owner may open (0600).

    Args:
        path: Its file; whoever holds the lock of the client id may replace it.
        what: How it is called, for the message.

    Raises:
        UsageError: When the file cannot be made.
    """
    path = shortest(path, what)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            made.bind(str(path))
        finally:
            os.umask(before)
        made.setblocking(False)
    except OSError as error:
        made.close()
        raise UsageError(
            f"{what} {path} cannot be opened ({error.strerror or error}); see to the rights of "
            "its folder."
        ) from None
    return made


def shortest(path: Path, what: str = "the operator's door") -> Path:
    """Give a path as the operating system can take it: from here, if that is shorter.

    Args:
        path: The file of a socket.
        what: How it is called, for the message.

    Raises:
        UsageError: When it is too long either way.
    """
    ways = (path, Path(os.path.relpath(path)))
    found = min(ways, key=lambda way: len(os.fsencode(way)))
    if len(os.fsencode(found)) > LONGEST_PATH:
        raise UsageError(
            f"{what} {found} has a name that is too long for a socket; use a shorter "
            "journal.dir, or start in a folder nearer to it."
        )
    return found
