"""The server: carries bytes between sockets and sessions. Nothing else here knows asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from ikbr.domain.errors import IkbrError, StateError
from ikbr.gateway.control import LONGEST_LINE, Control
from ikbr.gateway.runner import MAX, STEP, Runner
from ikbr.gateway.session import Session
from ikbr.gateway.world import World

log = logging.getLogger("ikbr.gateway")

LOCALHOST = "127.0.0.1"
TICK_S = 0.005
"""How often the market is moved."""
GREETING_S = 10.0
"""How long a client may take to say who it is."""
LINGER_S = 1.0
"""How long a client that is dropped may take to read why."""
PATIENCE_S = 5.0
"""How long the market waits at the highest speed for a client that does not read."""
TURN_S = 60.0
"""How long a client that follows the market's time may take for a turn; the market waits."""


class Connection(asyncio.Protocol):
    """Carry the bytes of one client."""

    def __init__(self, server: GatewayServer) -> None:
        """Belong to a server."""
        self._server = server
        self._paused = False
        self._transport: asyncio.Transport
        self.session: Session
        self.paused_since = 0.0
        self.turn = 0
        self.turn_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a session, unless there are too many."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port = transport.get_extra_info("peername")[:2]
        self.session = Session(self._server.world, name=f"{host}:{port}")
        if not self._server.admit(self):
            self.session.closed = self.session.closed or "too many clients"
            transport.abort()
            return
        transport.set_write_buffer_limits(high=1 << 20, low=1 << 18)
        asyncio.get_running_loop().call_later(GREETING_S, self._expect_greeting)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the session, and send what came of them to everybody."""
        server = self._server
        try:
            self.session.receive(data, server.wall_ns() if server.counts_messages else None)
        except StateError as error:
            server.fail(error)
        else:
            server.on_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session."""
        self.session.close()
        self._server.forget(self)

    def pause_writing(self) -> None:
        """Keep what is to be sent: the client does not read."""
        self._paused = True
        self.paused_since = asyncio.get_running_loop().time()

    def resume_writing(self) -> None:
        """Send what was kept."""
        self._paused = False
        self.flush()

    @property
    def paused(self) -> bool:
        """Whether the client does not read."""
        return self._paused

    def flush(self) -> None:
        """Send what waits; end a connection whose session is over."""
        session, transport = self.session, self._transport
        if not self._paused and self._server.failure is None:
            out = session.take_output()
            if out and not transport.is_closing():
                transport.write(out)
        if session.closed and not transport.is_closing():
            transport.close()
            asyncio.get_running_loop().call_later(LINGER_S, transport.abort)

    def drop(self, why: str) -> None:
        """End the connection now."""
        self.session.drop(why)
        self._transport.abort()

    def _expect_greeting(self) -> None:
        session = self.session
        if session.client_id < 0 and not (session.closed or session.silent):
            self.drop("it has not said who it is.")


class GatewayServer:
    """Serve TWS API clients on this machine.

    Attributes:
        world: What all clients share.
        wall_ns: Gives the wall time.
        runner: Moves it.
        port, control_port: Where clients and the control of the market connect.
        failure: What ended the market; from then on nobody is told anything.
    """

    def __init__(
        self,
        world: World,
        *,
        speed: float = 1.0,
        wall_ns: Callable[[], int] = time.monotonic_ns,
        tick_s: float = TICK_S,
    ) -> None:
        """Prepare; nothing listens yet.

        Args:
            world: What all clients share.
            speed: See `Runner`.
            wall_ns: Gives the wall time, which never goes back, ns.
            tick_s: How often the market is moved, seconds.
        """
        self.world = world
        self.wall_ns = wall_ns
        self._tick_s = tick_s
        self.runner = Runner(world, speed)
        self.port = self.control_port = 0
        self._control = Control(self.runner)
        self._connections: dict[Connection, None] = {}
        self._servers: list[asyncio.Server] = []
        self._door: asyncio.Server | None = None
        self.failure: IkbrError | None = None
        self._task: asyncio.Task[None] | None = None
        self.counts_messages = speed != STEP

    async def start(self, port: int = 0, control_port: int | None = 0) -> None:
        """Listen.

        Args:
            port: For clients; 0 for any.
            control_port: For the control of the market; 0 for any, None for no control.

        Raises:
            OSError: When a port is taken.
        """
        self.port = port
        await self._listen()
        if control_port is not None:
            control = await asyncio.start_server(
                self._serve_control, LOCALHOST, control_port, limit=LONGEST_LINE
            )
            self._servers.append(control)
            self.control_port = control.sockets[0].getsockname()[1]
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End all connections and listen no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, IkbrError):
                await self._task
        for server in (*self._servers, self._door):
            if server is not None:
                server.close()
        for connection in list(self._connections):
            connection.session.close()
            connection.flush()
        await asyncio.sleep(0)

    async def finished(self) -> None:
        """Wait until the tape is over."""
        while not self.world.ended:
            await asyncio.sleep(self._tick_s)

    async def serve(self, until: asyncio.Event) -> None:
        """Serve until an event is set; what stops the market before is raised here.

        Args:
            until: Ends it.
        """
        assert self._task is not None
        waiter = asyncio.create_task(until.wait())
        done, _ = await asyncio.wait((waiter, self._task), return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if self._task in done:
            self._task.result()

    # --- for connections ------------------------------------------------------------------------

    def admit(self, connection: Connection) -> bool:
        """Take a connection, unless there are too many."""
        if self.world.upstream.is_down:
            return False
        most = self.world.options.clients
        if len(self._connections) >= most:
            log.warning("%s is refused: %d clients are connected", connection.session.name, most)
            return False
        self._connections[connection] = None
        return True

    def forget(self, connection: Connection) -> None:
        """Note that a connection has ended."""
        self._connections.pop(connection, None)

    def fail(self, error: IkbrError) -> None:
        """End the market with an error; nothing more is told to anybody."""
        self.failure = error

    def on_request(self) -> None:
        """Send to all clients what a request of one has led to."""
        if not self.runner.started and self.world.links:
            self.runner.start(self.wall_ns())
        self.flush()
        if self.world.followers:
            self._play()

    def flush(self) -> None:
        """Send what waits for any client."""
        for connection in tuple(self._connections):
            connection.flush()

    # --- inside ---------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Take clients."""
        loop = asyncio.get_running_loop()
        self._door = await loop.create_server(lambda: Connection(self), LOCALHOST, self.port)
        self.port = self._door.sockets[0].getsockname()[1]

    async def _open_or_shut(self) -> None:
        """Take clients while the gateway is there, and none while it is away."""
        upstream = self.world.upstream
        if upstream.is_down:
            for connection in tuple(self._connections):
                connection.drop("the gateway is away.")
            if self._door is not None and not upstream.accepts:
                self._door.close()
                self._door = None
        elif self._door is None:
            try:
                await self._listen()
            except OSError as error:
                log.warning("port %d cannot be listened on again yet: %s", self.port, error)

    async def _run(self) -> None:
        """Move the market; the highest speed waits for those who read slowly."""
        while True:
            await self._open_or_shut()
            if self.failure is not None:
                raise self.failure
            runner, world = self.runner, self.world
            # With clients that follow its time, the market moves as soon as they have said so.
            fast = runner.moves and runner.speed == MAX and not world.followers
            if fast and self._someone_is_slow():
                await asyncio.sleep(self._tick_s)
                continue
            self._play()
            self._end_long_turns()
            await asyncio.sleep(0 if fast else self._tick_s)

    def _play(self) -> None:
        """Move the market, and tell clients of it."""
        if not self.runner.moves:
            return
        try:
            self.runner.run(self.wall_ns())
        except StateError as error:
            self.fail(error)
            return
        self.flush()

    def _end_long_turns(self) -> None:
        """Drop clients that follow the market's time and let everybody wait."""
        now = asyncio.get_running_loop().time()
        for connection in tuple(self._connections):
            turns = connection.session.turns
            if turns is None or turns.is_markets or turns.given != connection.turn:
                connection.turn = turns.given if turns is not None else 0
                connection.turn_since = now
            elif now - connection.turn_since > TURN_S:
                connection.drop(f"it has let the market wait for {TURN_S:.0f} s.")

    def _someone_is_slow(self) -> bool:
        """Say whether to wait; whoever has been waited for too long is dropped."""
        now = asyncio.get_running_loop().time()
        slow = False
        for connection in tuple(self._connections):
            if connection.paused:
                if now - connection.paused_since > PATIENCE_S:
                    connection.drop(f"it has read nothing for {PATIENCE_S:.0f} s.")
                else:
                    slow = True
        return slow

    async def _serve_control(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while line := await reader.readline():
                answer = self._control.answer(line, self.wall_ns())
                self.flush()
                while self.runner.goal is not None and not self.runner.goal.reached:
                    await asyncio.sleep(0)
                answer = self._control.complete(answer)
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, ValueError) as error:
            log.warning("the control connection ended: %s", error)
        finally:
            writer.close()
