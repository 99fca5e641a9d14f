"""Gateways for one client's run: one per topic, all new, in a thread of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from conformance.language import Topic
from conformance.market import ACCOUNT, CASH, source
from ikbr.domain.execution import ExecutionModel
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World

PATIENCE_S = 10.0


class Gateways:
    """Run a gateway per topic in step mode, as long as the block lasts.

    Attributes:
        ports: By topic: port for clients, port that moves the market.
    """

    def __init__(self, topics: Iterable[Topic]) -> None:
        """Prepare."""
        self._topics = list(topics)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._servers: list[GatewayServer] = []
        self.ports: dict[str, list[int]] = {}

    def __enter__(self) -> Gateways:
        """Start."""
        self._thread.start()
        for topic in self._topics:
            server = a_gateway(dict(topic.gateway))
            self._do(server.start())
            self._servers.append(server)
            self.ports[topic.name] = [server.port, server.control_port]
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop."""
        for server in self._servers:
            self._do(server.stop())
        self._do(asyncio.sleep(0.02))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE_S)


def a_gateway(options: dict[str, Any]) -> GatewayServer:
    """Make a gateway; `speed`, `model` and `accounts` may be among its options."""
    speed = options.pop("speed", 0.0)
    model = ExecutionModel(**({"queue": "none"} | options.pop("model", {})))
    options = {"accounts": {ACCOUNT: CASH}} | options
    return GatewayServer(World(source(), GatewayOptions(model=model, **options)), speed=speed)
