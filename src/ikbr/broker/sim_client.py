"""The client of a gateway in the same process: that of the socket, with another cable.

Only the socket is replaced, so what a program sees is what it would see of a gateway that said
the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from ib_async import Event, util
from ib_async.wrapper import Wrapper

from ikbr.broker.client import WireClient


class SessionPort(Protocol):
    """Say what the other end of the cable does: one conversation with the gateway."""

    @property
    def closed(self) -> str:
        """Why the conversation is over; "" while it goes on."""

    def receive(self, data: bytes) -> None:
        """Take bytes from the client."""

    def take_output(self) -> bytes:
        """Give the bytes that wait for the client."""

    def close(self) -> None:
        """Take note that the client has gone."""


class Cable:
    """Join the clients of this process with a gateway in it.

    Attributes:
        dial: Begins a conversation with the gateway; None when nobody answers there.
        outside: What holds for the gateway and not for its clients; it is entered again and again.
    """

    def __init__(self, dial: Callable[[], SessionPort | None]) -> None:
        """Lay a cable; nobody uses it yet."""
        self.dial = dial
        self.outside: AbstractContextManager[None] = nullcontext()
        self._plugged: list[SimConnection] = []

    def plug(self, connection: SimConnection) -> None:
        """Carry the bytes of a connection."""
        self._plugged.append(connection)

    def unplug(self, connection: SimConnection) -> None:
        """Carry them no more."""
        if connection in self._plugged:
            self._plugged.remove(connection)

    def deliver(self) -> bool:
        """Hand every client what waits for it.

        Returns:
            Whether anything did.
        """
        moved = False
        for connection in tuple(self._plugged):
            moved |= connection.deliver()
        return moved

    def hang_up(self) -> None:
        """End every conversation, as the gateway's end would do."""
        for connection in tuple(self._plugged):
            connection.disconnect()

    def cut(self) -> None:
        """End every conversation without a word to the clients: they are about to be gone."""
        for connection in tuple(self._plugged):
            connection.cut()


class SimConnection:
    """Stand in for ib_async's `Connection`, without a socket."""

    def __init__(self, cable: Cable) -> None:
        """Start unconnected."""
        self.hasData = Event("hasData")
        self.disconnected = Event("disconnected")
        self._cable = cable
        self.session: SessionPort | None = None
        self.numBytesSent = 0
        self.numMsgSent = 0

    async def connectAsync(self, host: str, port: int) -> None:  # noqa: N802 - ib_async's name
        """Connect."""
        if self.session is not None:
            self.disconnect()
        self.numBytesSent = 0
        self.numMsgSent = 0
        session = self._cable.dial()
        if session is None:
            raise ConnectionRefusedError(f"no simulated gateway answers at {host}:{port}.")
        self.session = session
        self._cable.plug(self)

    def disconnect(self) -> None:
        """Hang up; the client hears of it as it would of a socket, a moment later."""
        session = self.session
        if session is None:
            return
        session.close()
        self._lose()

    def cut(self) -> None:
        """Hang up; the client does not hear of it."""
        if self.session is not None:
            self.session.close()
            self.session = None
            self._cable.unplug(self)

    def isConnected(self) -> bool:  # noqa: N802 - ib_async's name
        """Say whether there is a conversation."""
        return self.session is not None

    def sendMsg(self, msg: bytes) -> None:  # noqa: N802 - ib_async's name
        """Send; the answer arrives when the event loop turns next."""
        session = self.session
        if session is None:
            return
        self.numBytesSent += len(msg)
        self.numMsgSent += 1
        with self._cable.outside:
            session.receive(msg)
        _loop().call_soon(self.deliver)

    def deliver(self) -> bool:
        """Hand the client what waits for it.

        Returns:
            Whether anything did.
        """
        session = self.session
        if session is None:
            return False
        data = session.take_output()
        if data:
            self.hasData.emit(data)
            # The client's answer to this may be what ends the conversation, with last words.
            if session.closed:
                _loop().call_soon(self.deliver)
            return True
        if session.closed:
            self._lose()
            return True
        return False

    def _lose(self) -> None:
        self.session = None
        self._cable.unplug(self)
        loop = _loop()
        if not loop.is_closed():
            loop.call_soon(self.disconnected.emit, "")


class SimClient(WireClient):
    """Be our client over a cable of this process."""

    def __init__(self, wrapper: Wrapper, cable: Cable) -> None:
        """Start unconnected.

        Args:
            wrapper: ib_async's, which hears what the gateway says.
            cable: Where the gateway is.
        """
        super().__init__(wrapper)
        self.use(SimConnection(cable))


def _loop() -> asyncio.AbstractEventLoop:
    """Give the event loop that ib_async would use."""
    loop: asyncio.AbstractEventLoop = util.getLoop()  # type: ignore[no-untyped-call]
    return loop
