"""The process of the simulated gateway: what is in its state outlives it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ikbr.data.memory_source import MemorySource
from ikbr.domain.execution import ExecutionModel
from ikbr.gateway.faults.fault import read_fault
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.state.keeper import Keeper
from ikbr.gateway.state.records import Change, State
from ikbr.gateway.world import World
from ikbr.simulate.network import Network
from ikbr.simulate.node import Node
from ikbr.simulate.universe import Universe

PORT = 4002
ACCOUNT = "DU1000001"
TICK_S = 0.1
CLIENT_ID = 7

log = logging.getLogger("ikbr.simulate")


class _NoFile:
    """Stand for the file of a state that is kept in memory."""

    size = 0

    def add(self, _change: Change) -> None:
        """Keep nothing: the state itself outlives the process."""

    def write(self, _change: Change) -> None:
        """Keep nothing."""


class GatewayProcess:
    """Run a gateway, end it, and begin it again from what it had written down.

    Attributes:
        world: Its world at present.
        node: Its process at present.
        on_world: Told of every new world.
        slept_ns: How long nights have lasted that were passed over.
    """

    def __init__(self, universe: Universe, source: MemorySource) -> None:
        """Build the first world; `start` listens."""
        self._universe = universe
        self._source = source
        self._state = State()
        self.slept_ns = 0
        self.on_world: Callable[[World], None] = lambda _world: None
        self.world = self._build()
        self.epoch_ns = self.world.now_ns
        self.node: Node
        self._network: Network

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self.node.alive

    def start(self, network: Network) -> None:
        """Begin a process over the present world."""
        universe = self._universe
        self._network = network
        self.world.advance_to(self.epoch_ns + self._wall_ns())
        self.node = Node(universe, network, "gateway")
        server = GatewayServer(self.world, speed=1.0, wall_ns=self._wall_ns, tick_s=TICK_S)
        server.runner.start(self._wall_ns())
        self.node.start(server.start(PORT, None))

    def _wall_ns(self) -> int:
        return self._universe.now_ns + self.slept_ns

    def crash(self) -> None:
        """End the process as `kill -9` does."""
        self.node.kill()

    def restart(self, *, rollback: int = 0) -> None:
        """Begin a process from what the last one had written down.

        Args:
            rollback: By how much lower the next order ids are than they should be.
        """
        latest = self._state.latest
        if latest is not None and rollback:
            for client_id, highest in latest.highest.items():
                latest.highest[client_id] = max(0, highest - rollback)
        self.world = self._build()
        self.on_world(self.world)
        self.start(self._network)

    def fault(self, given: dict[str, object]) -> None:
        """Let something go wrong in it, as its control port does."""
        if self.is_running:
            self.node.within(lambda: self.world.faults.add(read_fault(given)))

    def _build(self) -> World:
        model = ExecutionModel(latency_ms=0.0, fees="none")
        options = GatewayOptions(accounts={ACCOUNT: 1_000_000.0}, model=model)
        world = World(self._source, options, state=self._state)
        Keeper(world, _NoFile(), self._state)  # type: ignore[arg-type]
        return world
