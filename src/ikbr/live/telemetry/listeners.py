"""Those who listen to a bot: a socket of this machine that pushes lines and waits for nobody.

Whoever reads too slowly, or says anything, is dropped. The file is the owner's alone (0600).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from ikbr.live.own_socket import own_socket

log = logging.getLogger("ikbr.telemetry")

AT_ONCE = 4
MOST_WAITING = 4_000_000
"""Bytes that may wait for a listener; it is dropped when there are more."""


class Listeners:
    """Serve the telemetry's socket."""

    def __init__(self, path: Path, welcome: Callable[[], bytes], on_first: Callable[[], None]):
        """Prepare; `open` serves.

        Args:
            path: The socket's file.
            welcome: Gives what a new listener hears first.
            on_first: Told when there is somebody where there was nobody.
        """
        self._path = path
        self._welcome = welcome
        self._on_first = on_first
        self._server: asyncio.AbstractServer | None = None
        self._present: dict[_Listener, asyncio.Transport] = {}

    def __len__(self) -> int:
        """Count those who listen."""
        return len(self._present)

    async def open(self) -> None:
        """Begin to serve.

        Raises:
            UsageError: When the file cannot be made.
        """
        served = own_socket(self._path, "the telemetry's socket")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Listener(self), sock=served)

    def close(self) -> None:
        """Serve no more."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for transport in list(self._present.values()):
            transport.close()
        self._path.unlink(missing_ok=True)

    def tell(self, lines: bytes) -> None:
        """Send lines to everybody; whoever is too slow is dropped."""
        for transport in list(self._present.values()):
            if transport.get_write_buffer_size() + len(lines) > MOST_WAITING:
                log.info("a listener reads too slowly and is dropped")
                transport.abort()
            else:
                transport.write(lines)

    def admit(self, listener: _Listener, transport: asyncio.Transport) -> None:
        """Let somebody listen, unless there are too many."""
        if len(self._present) >= AT_ONCE:
            transport.abort()
            return
        transport.write(self._welcome())
        self._present[listener] = transport
        if len(self._present) == 1:
            self._on_first()

    def forget(self, listener: _Listener) -> None:
        """Hear that somebody has gone."""
        self._present.pop(listener, None)


class _Listener(asyncio.Protocol):
    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._listeners.admit(self, transport)

    def data_received(self, _data: bytes) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        self._listeners.forget(self)
