"""A node: one process of the simulation, an asyncio event loop on virtual time.

It runs ordinary asyncio code, ib_async included, unchanged. It waits for nothing real: its network
is in memory, its time is the universe's. A node that is killed never runs again, so that nothing
of it cleans up: that is what `kill -9` does.
"""

from __future__ import annotations

import asyncio
import heapq
import threading
from asyncio import events
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from ikbr.simulate.universe import SECOND, Universe

if TYPE_CHECKING:
    from ikbr.simulate.network import Network

_NEVER = 1 << 62
_RESOLUTION = 1e-9
LAST_TURNS = 50
"""Turns in which the tasks of a process end; library code may swallow a cancellation."""


class Node(asyncio.BaseEventLoop):
    """Run the code of one process.

    Attributes:
        name: What it is called in traces.
        alive: Whether it still runs.
        wall_offset_ns: How far its clock is from the universe's; faults move it.
        faults: Errors that nothing in the process has handled, in words.
    """

    def __init__(self, universe: Universe, network: Network, name: str) -> None:
        """Join a universe.

        Args:
            universe: Whose time is kept.
            network: Carries what it sends.
            name: What it is called.
        """
        super().__init__()
        self._universe = universe
        self._network = network
        self._clock_resolution = _RESOLUTION
        # Code asks whether the loop runs; between its turns it does, as far as it can tell.
        self._thread_id = threading.get_ident()
        self.name = name
        self.alive = True
        self.wall_offset_ns = 0
        self.faults: list[str] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self.set_exception_handler(self._on_unhandled)
        universe.nodes.append(self)

    def __del__(self) -> None:
        """Give nothing back: no file or socket is held."""

    # --- what asyncio asks of an event loop ----------------------------------------------------

    def time(self) -> float:
        """Give the time since the start, seconds."""
        return self._universe.now_ns / SECOND

    def _write_to_self(self) -> None:
        pass

    async def create_connection(self, protocol_factory: Any, *where: Any, **_more: Any) -> Any:
        """Connect with a server of the simulated network.

        Raises:
            ConnectionRefusedError: When nobody listens there.
            TimeoutError: When nothing answers.
        """
        host, port = where[:2]
        return await self._network.connect(self, protocol_factory, str(host), int(port))

    async def create_server(self, protocol_factory: Any, *where: Any, **_more: Any) -> Any:
        """Listen in the simulated network.

        Raises:
            OSError: When the port is taken.
        """
        host, port = where[:2]
        return self._network.listen(self, protocol_factory, str(host), int(port))

    def _run_once(self) -> None:
        """Run what is due, once: asyncio's own turn without what looks at files and at slowness."""
        inside: Any = self
        scheduled, ready = inside._scheduled, inside._ready
        end = self._universe.now_ns / SECOND + _RESOLUTION
        while scheduled and scheduled[0]._when < end:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    # --- what the universe asks of a process ---------------------------------------------------

    def wall_ns(self) -> int:
        """Give the time by this process's clock."""
        return self._universe.now_ns + self._network.epoch_ns + self.wall_offset_ns

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin a task of the process."""
        task = self.create_task(coroutine)
        self._tasks.append(task)
        return task

    def next_ns(self) -> int:
        """Say when it wakes, ns since the start."""
        inside: Any = self
        if inside._ready:
            return self._universe.now_ns
        scheduled = inside._scheduled
        while scheduled and scheduled[0]._cancelled:
            # As asyncio does itself in each of its turns.
            inside._timer_cancelled_count -= 1
            heapq.heappop(scheduled)._scheduled = False
        # Rounded up: a timer must be due when its time has come.
        return -int(-scheduled[0]._when * SECOND // 1) if scheduled else _NEVER

    def take_turn(self) -> None:
        """Run what is ready, once; who exits is dead."""
        inside: Any = self
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            inside._run_once()
        except SystemExit:
            self.kill()
        finally:
            events._set_running_loop(before)

    def within(self, work: Callable[[], Any]) -> Any:
        """Do something as if it were done by the process."""
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            return work()
        finally:
            events._set_running_loop(before)

    def kill(self) -> None:
        """End the process at once: nothing of it runs any more; its sockets are closed."""
        if self.alive:
            self.alive = False
            self._universe.nodes.remove(self)
            # Kept, so that no coroutine is closed, which would run its last lines after death.
            self._universe.dead.append(self)
            self._network.bury(self)

    def bury(self) -> None:
        """Let its tasks end, when nobody looks any more; only then they may be forgotten."""
        self.alive = False
        inside: Any = self
        for _ in range(LAST_TURNS):
            for task in asyncio.all_tasks(self):
                task.cancel()
            inside._scheduled.clear()
            if not inside._ready:
                break
            self.take_turn()

    def _on_unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.faults.append(f"{context.get('message')}: {error!r}")
