"""ib_async's `IB` over a simulated gateway in the same process.

Everything but the socket is ib_async's own: the facade, the wrapper, the decoder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

from ib_async import IB
from ib_async.objects import IBDefaults

from ikbr.broker.sim_client import Cable, SimClient, SimConnection


class SimIB(IB):
    """Be ib_async's `IB` over a cable of this process; host and port are not looked at."""

    def __init__(self, cable: Cable, defaults: IBDefaults | None = None) -> None:
        """Start unconnected.

        Args:
            cable: Where the gateway is.
            defaults: What ib_async shows for values that are not there.
        """
        super().__init__(defaults or IBDefaults())
        self.client = SimClient(self.wrapper, cable)
        self.client.apiEnd += self.disconnectedEvent


@contextmanager
def simulated(cable: Cable) -> Iterator[None]:
    """Let every client that is made meanwhile, by whomever, use a cable of this process.

    Args:
        cable: Where the gateway is.
    """
    module: Any = import_module("ib_async.client")
    before = module.Connection
    module.Connection = partial(SimConnection, cable)
    try:
        yield
    finally:
        module.Connection = before
