"""The operator's door: a socket of this machine through which a person reaches a running bot.

One line of JSON asks, one answers. The file is the owner's alone (0600); who comes through it is
what the operating system says. It is served between ticks, by the same event loop.
"""

from __future__ import annotations

import asyncio
import logging
import pwd
import socket
import struct
from pathlib import Path
from typing import Any

import msgspec

from ikbr.domain.errors import IkbrError
from ikbr.live.operator import Asked, Operator
from ikbr.live.own_socket import own_socket

log = logging.getLogger("ikbr.operator")

SOURCE = "operator door"
LONGEST_LINE = 65_536
PATIENCE_S = 5.0
AT_ONCE = 8


class OperatorDoor:
    """Serve the door of one session."""

    def __init__(self, path: Path, operator: Operator) -> None:
        """Prepare; `open` serves.

        Args:
            path: The socket's file; whoever holds the lock of the client id may replace it.
            operator: Carries out what is asked.
        """
        self._path = path
        self._operator = operator
        self._server: asyncio.AbstractServer | None = None
        self._inside = 0

    async def open(self) -> None:
        """Begin to serve.

        Raises:
            UsageError: When the file cannot be made.
        """
        door = own_socket(self._path, "the operator's door")
        self._server = await asyncio.start_unix_server(self._serve, sock=door, limit=LONGEST_LINE)

    def close(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._inside += 1
        try:
            if self._inside > AT_ONCE:
                answer = {"ok": False, "error": "too many are at the door; try again."}
            else:
                async with asyncio.timeout(PATIENCE_S):
                    line = await reader.readline()
                answer = self.answer(line, _who(writer))
            async with asyncio.timeout(PATIENCE_S):
                writer.write(msgspec.json.encode(answer) + b"\n")
                await writer.drain()
        except (OSError, TimeoutError, ValueError) as error:
            # Whoever is too slow, says too much or goes away gets no answer.
            log.info("the operator's door: %s", str(error) or type(error).__name__)
        finally:
            self._inside -= 1
            writer.close()

    def answer(self, line: bytes, who: dict[str, Any]) -> dict[str, Any]:
        """Carry out what a line asks.

        Args:
            line: JSON of an `Asked`.
            who: Who asks.

        Returns:
            {"ok": True, …}, or {"ok": False, "error": why}.
        """
        try:
            asked = msgspec.json.decode(line, type=Asked)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            return {"ok": False, "error": f"this is no request ({error})."}
        try:
            return {"ok": True, **self._operator.perform(asked, who)}
        except IkbrError as error:
            log.info("refused to %s: %s", who.get("user", "?"), error)
            return {"ok": False, "error": str(error)}


def _who(writer: asyncio.StreamWriter) -> dict[str, Any]:
    """Say who is at the other end, by the operating system's word."""
    who: dict[str, Any] = {"source": SOURCE}
    peer = writer.get_extra_info("socket")
    if hasattr(socket, "SO_PEERCRED") and peer is not None:
        found = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        process, user, _group = struct.unpack("3i", found)
        try:
            name = pwd.getpwuid(user).pw_name
        except KeyError:
            name = str(user)
        who |= {"user": name, "process": process}
    return who
