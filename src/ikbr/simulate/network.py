"""The network: bytes between nodes in memory, with everything that can happen to a connection.

A connection carries its bytes in order, like TCP; how long they take, how they are cut into pieces
and whether they arrive is the simulation's to decide:

- **delay**: bytes take longer for a while;
- **half-open**: nothing arrives any more, and neither end is told;
- **reset**: both ends are told that the connection is gone; what was under way is lost;
- **cut**: part of what was under way arrives, then the connection is reset;
- **pieces**: bytes arrive in small pieces, or several messages at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32

from ikbr.simulate.node import Node
from ikbr.simulate.transport import Transport
from ikbr.simulate.universe import Universe

US = 1_000
UNREAD = 0.3
"""How often a process dies with unread bytes, whose connection is reset then.

Source: RFC 1122, 4.2.2.13; Linux does the same when a process is killed.
"""
Factory = Callable[[], asyncio.BaseProtocol]
Carry = Callable[[bytes], None]


@dataclass(slots=True)
class Weather:
    """Say how the network is at present.

    Attributes:
        least_us, most_us: How long bytes take, microseconds.
        pieces: Chance that what is sent at once arrives in pieces.
        together: Chance that what is sent waits for what is sent next.
    """

    least_us: int = 50
    most_us: int = 500
    pieces: float = 0.0
    together: float = 0.0


@dataclass(eq=False, slots=True)
class _Way:
    """One direction of a connection: what waits to be sent, and when the last of it arrives."""

    last_ns: int = 0
    waiting: bytearray = field(default_factory=bytearray)
    held: bool = False
    torn: bool = False


class Network:
    """Connect nodes.

    Attributes:
        weather: How it is at present.
        connections: Every connection that is open, in the order they were made.
        epoch_ns: What time it is at the start, ns UTC.
        unreachable: Ports whose connections are never answered.
        trace: A checksum over everything that has arrived anywhere, and when.
        on_carry: Told of each sending ("send") and hearing ("hear") of a node: of what, and how to
            do it.
    """

    def __init__(self, universe: Universe, epoch_ns: int) -> None:
        """Connect nobody yet."""
        self.universe = universe
        self.epoch_ns = epoch_ns
        self.weather = Weather()
        self.connections: list[Connection] = []
        self.unreachable: set[int] = set()
        self.trace = 0
        self.on_carry: Callable[[Node, str, bytes, Carry], None] = _carry
        self._listeners: dict[int, Listener] = {}
        self._next_port = 50_000

    def listen(self, node: Node, factory: Factory, host: str, port: int) -> Listener:
        """Take connections at a port.

        Raises:
            OSError: When it is taken.
        """
        if port == 0:
            self._next_port += 1
            port = self._next_port
        if port in self._listeners:
            raise OSError(98, f"address already in use: {host}:{port}")
        listener = self._listeners[port] = Listener(self, node, factory, host, port)
        return listener

    def ignore(self, port: int) -> None:
        """Take no connections at a port any more."""
        self._listeners.pop(port, None)

    async def connect(
        self, node: Node, factory: Factory, host: str, port: int
    ) -> tuple[Transport, asyncio.BaseProtocol]:
        """Connect a node with whoever listens at a port.

        Raises:
            ConnectionRefusedError: When nobody does.
        """
        await asyncio.sleep(self.travel_ns() / 1e9)
        if port in self.unreachable:
            await asyncio.sleep(127.0)  # Source: Linux gives up after about two minutes
            raise TimeoutError(110, f"connection to {host}:{port} timed out")
        listener = self._listeners.get(port)
        if listener is None or not listener.node.alive:
            raise ConnectionRefusedError(111, f"nobody listens at {host}:{port}")
        self._next_port += 1
        protocol = factory()
        connection = Connection(self, (host, self._next_port), (host, port))
        near = Transport(connection, node, protocol, 0)
        far = Transport(connection, listener.node, listener.factory(), 1)
        connection.ends = (near, far)
        self.connections.append(connection)
        listener.node.call_soon(far.begin)
        protocol.connection_made(near)
        return near, protocol

    def travel_ns(self) -> int:
        """Draw how long something takes."""
        weather = self.weather
        return self.universe.rng.randint(weather.least_us, weather.most_us) * US

    def of(self, node: Node) -> list[Connection]:
        """List the open connections of a node."""
        return [c for c in self.connections if any(end.node is node for end in c.ends)]

    def bury(self, node: Node) -> None:
        """Close what a dead node had open, as its operating system does.

        What was sent still arrives, unless something had come that nobody read.
        """
        for port, listener in list(self._listeners.items()):
            if listener.node is node:
                del self._listeners[port]
        for connection in self.of(node):
            if self.universe.rng.random() < UNREAD:
                connection.reset()
            else:
                connection.finish(0 if connection.ends[0].node is node else 1)


def _carry(_node: Node, _what: str, data: bytes, carry: Carry) -> None:
    carry(data)


class Listener:
    """Take connections at a port (an `asyncio.Server`, as far as it is used)."""

    def __init__(
        self, network: Network, node: Node, factory: Factory, host: str, port: int
    ) -> None:
        """Listen."""
        self.network = network
        self.node = node
        self.factory = factory
        self._name = (host, port)

    @property
    def sockets(self) -> list[Listener]:
        """Where it listens; asked for by `getsockname`."""
        return [self]

    def getsockname(self) -> tuple[str, int]:
        """Give host and port."""
        return self._name

    def close(self) -> None:
        """Take no connections any more."""
        self.network.ignore(self._name[1])

    async def wait_closed(self) -> None:
        """Wait for nothing."""


class Connection:
    """Two ends, and what is under way between them.

    Attributes:
        network: Where it is.
        ends: The transports of the side that connected and of the one that listened.
        half_open: Whether nothing arrives any more.
        is_open: Whether it carries anything.
    """

    def __init__(self, network: Network, near: tuple[str, int], far: tuple[str, int]) -> None:
        """Prepare; `ends` is set by the network."""
        self.network = network
        self.ends: tuple[Transport, Transport]
        self.names = (near, far)
        self.half_open = False
        self.is_open = True
        self._cut = False
        self._ways = (_Way(), _Way())

    def send(self, end: int, data: bytes) -> None:
        """Carry bytes from an end to the other."""
        if not self.is_open:
            return
        way, rng, weather = self._ways[end], self.network.universe.rng, self.network.weather
        way.waiting += data
        if way.held:
            return
        way.held = bool(weather.together) and rng.random() < weather.together
        if way.held:
            self.network.universe.call_in(0.02, self._let_go, end)
        else:
            self._dispatch(end)

    def _let_go(self, end: int) -> None:
        self._ways[end].held = False
        self._dispatch(end)

    def _dispatch(self, end: int) -> None:
        way, network = self._ways[end], self.network
        data = bytes(way.waiting)
        way.waiting.clear()
        if way.torn:
            return
        if self._cut and data:
            way.torn = True
            data = data[: network.universe.rng.randrange(len(data))]
            network.universe.call_in(network.weather.most_us / 1e6, self.reset)
        for piece in self._pieces(data):
            arrival = max(way.last_ns, network.universe.now_ns + network.travel_ns())
            way.last_ns = arrival
            network.universe.call_at(arrival, self._arrive, end, piece)

    def _pieces(self, data: bytes) -> list[bytes]:
        rng, chance = self.network.universe.rng, self.network.weather.pieces
        if len(data) < 2 or not chance or rng.random() >= chance:
            return [data] if data else []
        places = sorted({rng.randrange(1, len(data)) for _ in range(rng.randint(1, 4))})
        return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]

    def _arrive(self, end: int, data: bytes) -> None:
        if self.is_open and not self.half_open:
            network = self.network
            network.trace = crc32(data, network.trace ^ (network.universe.now_ns & 0xFFFF_FFFF))
            self.ends[1 - end].receive(data)

    def finish(self, end: int) -> None:
        """End the connection from one side, after what it has sent has arrived."""
        if not self.is_open:
            return
        self._let_go(end)
        way, network = self._ways[end], self.network
        arrival = max(way.last_ns, network.universe.now_ns + network.travel_ns())
        network.universe.call_at(arrival, self._finished)

    def _finished(self) -> None:
        if not self.half_open:
            self._end(None)

    def reset(self) -> None:
        """End the connection now; what is under way is lost."""
        self._end(ConnectionResetError(104, "the connection was reset by the other side"))

    def cut(self) -> None:
        """Let a part of what is sent next arrive, and reset the connection then."""
        self._cut = True

    def _end(self, error: Exception | None) -> None:
        if self.is_open:
            self.is_open = False
            self.network.connections.remove(self)
            for each in self.ends:
                each.lose(error)
