"""The connection of a client: ib_async's own, that reads a bounded piece at a time.

asyncio otherwise reads 256 KiB at once into memory that it allocates anew: nine thousand ticks
would be decoded before anything else has its turn.
"""

from __future__ import annotations

import asyncio

from ib_async.connection import Connection

PIECE = 16 << 10
"""Bytes that are read at once, about 500 ticks."""


class WireConnection(Connection, asyncio.BufferedProtocol):
    """Read into one buffer that is kept."""

    def __init__(self) -> None:
        """Start unconnected."""
        self._buffer = bytearray(PIECE)
        self._view = memoryview(self._buffer)
        super().__init__()  # type: ignore[no-untyped-call]

    def get_buffer(self, _hint: int) -> bytearray:
        """Say where to put what is read."""
        return self._buffer

    def buffer_updated(self, length: int) -> None:
        """Pass on what was read."""
        self.hasData.emit(bytes(self._view[:length]))
