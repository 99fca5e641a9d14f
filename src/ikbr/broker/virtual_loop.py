"""Event loops on the market's time: whoever waits in them lets the market play on."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from typing import Any

from ikbr.broker.virtual_time import Driver


class _Selector(selectors.BaseSelector):
    """Look at real files and sockets without waiting; wait in virtual time."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if not ready and (timeout is None or timeout > 0):
            self._driver.wait(timeout)
        else:
            self._driver.turn()
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


Complaint = Callable[[dict[str, Any]], bool]
"""Told what an event loop complains of; says whether it has been dealt with."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Be asyncio's event loop, on the market's time."""

    def __init__(self, driver: Driver, complain: Complaint = lambda _context: False) -> None:
        """Start at the present of the market."""
        self._driver = driver
        self._complain = complain
        super().__init__(_Selector(driver))

    def time(self) -> float:
        """Give the time of the market, seconds."""
        return self._driver.seconds()

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Tell of an error in a task or a timer."""
        if not self._complain(context):
            super().default_exception_handler(context)


class VirtualPolicy(asyncio.DefaultEventLoopPolicy):
    """Make event loops on the market's time, whoever asks for one (`asyncio.run` does).

    Attributes:
        made: Every loop that was made.
    """

    def __init__(self, driver: Driver, complain: Complaint = lambda _context: False) -> None:
        """Make none yet."""
        super().__init__()
        self._driver = driver
        self._complain = complain
        self.made: list[asyncio.AbstractEventLoop] = []

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop."""
        loop = VirtualLoop(self._driver, self._complain)
        self.made.append(loop)
        return loop
