"""One end of a connection in memory, as the event loop of a node sees it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from ikbr.simulate.node import Node

if TYPE_CHECKING:
    from ikbr.simulate.network import Connection


class Transport(asyncio.Transport):
    """One end of a connection.

    Attributes:
        node: Whose it is.
    """

    def __init__(
        self, connection: Connection, node: Node, protocol: asyncio.BaseProtocol, end: int
    ) -> None:
        """Belong to a connection."""
        super().__init__()
        self._connection = connection
        self._protocol: Any = protocol
        self._end = end
        self._closing = False
        self._lost = False
        self._reading = True
        self._unread: list[bytes] = []
        self.node = node

    def begin(self) -> None:
        """Tell the protocol that it is connected."""
        if not self._lost:
            self._protocol.connection_made(self)

    # --- what asyncio asks of a transport ------------------------------------------------------

    def write(self, data: Any) -> None:
        """Send bytes; what still runs of a dead process sends nothing."""
        if not self._closing and self.node.alive:
            carry = partial(self._connection.send, self._end)
            self._connection.network.on_carry(self.node, "send", bytes(data), carry)

    def writelines(self, list_of_data: Any) -> None:
        """Send bytes."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Say that one side cannot end alone."""
        return True

    def write_eof(self) -> None:
        """End the connection after what was sent."""
        self.close()

    def close(self) -> None:
        """End the connection after what was sent."""
        if not self._closing:
            self._closing = True
            self._connection.finish(self._end)
            self.node.call_soon(self._tell_lost, None)

    def abort(self) -> None:
        """End the connection now."""
        self._closing = True
        self._connection.reset()

    def is_closing(self) -> bool:
        """Say whether it was ended from this side."""
        return self._closing or self._lost

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Give the names of both ends."""
        names = self._connection.names
        if name == "peername":
            return names[1 - self._end]
        return names[self._end] if name == "sockname" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Ignore it: the network takes whatever is sent."""

    def get_write_buffer_size(self) -> int:
        """Say that nothing waits here."""
        return 0

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Give whom it tells."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Tell another."""
        self._protocol = protocol

    def is_reading(self) -> bool:
        """Say whether the protocol is told what arrives."""
        return self._reading

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._reading = False

    def resume_reading(self) -> None:
        """Tell the protocol what was kept."""
        self._reading = True
        unread, self._unread = self._unread, []
        for data in unread:
            self.receive(data)

    # --- what the network tells it -------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take bytes that have arrived."""
        if self._lost or not self.node.alive:
            return
        if self._reading:
            self.node.call_soon(self._deliver, data)
        else:
            self._unread.append(data)

    def lose(self, error: Exception | None) -> None:
        """Take notice that the connection is gone."""
        if self.node.alive:
            self.node.call_soon(self._tell_lost, error)

    def _deliver(self, data: bytes) -> None:
        if not self._lost:
            hear = self._protocol.data_received
            self._connection.network.on_carry(self.node, "hear", data, hear)

    def _tell_lost(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._closing = True
            self._protocol.connection_lost(error)
