"""The greeting: what a gateway says of itself before anything else, which ib_async throws away."""

from __future__ import annotations

import struct
from typing import Any

from ib_async import IB

SIMULATED = "simulated"
"""The last word of the greeting of a simulated gateway."""

LONGEST_GREETING = 200


class Greeting:
    """Hear the greeting, connection by connection.

    Attributes:
        simulated: Whether the gateway at the other end is a simulated one.
    """

    def __init__(self, ib: IB) -> None:
        """Listen to a client before ib_async does; it may connect again."""
        self.simulated = False
        self._bytes = b""
        self._heard = False
        client: Any = ib.client
        has_data, theirs = client.conn.hasData, client._onSocketHasData
        has_data.disconnect(theirs)
        has_data.connect(self._on_data, keep_ref=True)
        has_data.connect(theirs)
        ib.disconnectedEvent.connect(self._forget, keep_ref=True)

    def _on_data(self, data: bytes) -> None:
        if self._heard:
            return
        self._bytes += data
        if len(self._bytes) < 4:
            return
        size = struct.unpack(">I", self._bytes[:4])[0]
        if len(self._bytes) < 4 + size and size <= LONGEST_GREETING:
            return
        words = self._bytes[4 : 4 + size].decode(errors="replace").rstrip("\0")
        self._heard, self._bytes = True, b""
        self.simulated = size <= LONGEST_GREETING and words.split()[-1:] == [SIMULATED]

    def _forget(self) -> None:
        self._heard, self._bytes = False, b""
