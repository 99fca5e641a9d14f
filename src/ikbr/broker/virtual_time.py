"""Virtual time: the event loop's clock is that of the simulated market.

When a program waits, the market plays on: to the next thing that concerns the program, or to the
time until which it waits. A day passes as fast as it can be computed.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Mapping
from math import ceil
from typing import Any, Protocol

from ikbr.broker.sim_client import Cable

SECOND = 1_000_000_000

GRACE_NS = 60 * SECOND
"""How long a program may go on after the end of the tape, so that it sees its last answers."""


class Due(Protocol):
    """Know when something comes next."""

    @property
    def next_ns(self) -> int:
        """When, ns UTC; far in the future when nothing does."""


class MarketPort(Protocol):
    """Say what is needed of the market: it stands still but for these calls."""

    @property
    def now_ns(self) -> int:
        """The present, ns UTC."""

    @property
    def ended(self) -> bool:
        """Whether the tape is over."""

    @property
    def clock(self) -> Due:
        """What is due by time."""

    @property
    def player(self) -> Due:
        """What comes next on the tape."""

    def step(self, rows: int = 1) -> int:
        """Play the next rows of the tape, with everything due before them."""

    def advance_to(self, ts_ns: int) -> int:
        """Play everything up to a time, and let that be the present."""


class TapeEnded(KeyboardInterrupt):
    """End a program that would wait for ever, as Ctrl-C does: the tape is over.

    Programs that clean up after Ctrl-C do so here; whoever runs them catches it.
    """


class Driver:
    """Move the market while a program waits.

    Attributes:
        market: What moves.
        cable: How its word reaches the program.
    """

    def __init__(self, market: MarketPort, cable: Cable) -> None:
        """Move nothing yet."""
        self.market = market
        self.cable = cable
        self._start_ns = market.now_ns
        self._stop_ns = 0

    def seconds(self) -> float:
        """Give the time since the start of the tape."""
        return (self.market.now_ns - self._start_ns) / SECOND

    def wait(self, seconds: float | None) -> None:
        """Let the market play until it says something to the program.

        Args:
            seconds: How long at most; None for no limit.

        Raises:
            TapeEnded: When the tape is over and the program would wait for nothing.
        """
        market = self.market
        limit = None if seconds is None else market.now_ns + ceil(seconds * SECOND)
        while not self.cable.deliver():
            if market.ended:
                self._after_the_end(limit)
                return
            if self._step(limit):
                return

    def sleep(self, seconds: float) -> None:
        """Let the market play for so long, and let the program hear of it only afterwards."""
        self.market.advance_to(self.market.now_ns + ceil(seconds * SECOND))

    def _step(self, limit: int | None) -> bool:
        """Play the next row, or what is due before it; say whether the limit is reached."""
        market = self.market
        row, due = market.player.next_ns, market.clock.next_ns
        if limit is not None and min(row, due) > limit:
            market.advance_to(limit)
            return True
        if due < row:
            market.advance_to(due)
        else:
            market.step(1)
        return False

    def _after_the_end(self, limit: int | None) -> None:
        market = self.market
        if not self._stop_ns:
            self._stop_ns = market.now_ns + GRACE_NS
        if limit is None or limit > self._stop_ns:
            # Once more after as long a time again, should the program go on all the same.
            self._stop_ns = max(market.now_ns, self._stop_ns) + GRACE_NS
            raise TapeEnded("the tape is over.")
        market.advance_to(limit)


class _Selector(selectors.BaseSelector):
    """Look at real files and sockets without waiting; wait in virtual time."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if not ready and (timeout is None or timeout > 0):
            self._driver.wait(timeout)
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


class VirtualLoop(asyncio.SelectorEventLoop):
    """Be asyncio's event loop, on the market's time."""

    def __init__(self, driver: Driver) -> None:
        """Start at the present of the market."""
        self._driver = driver
        super().__init__(_Selector(driver))

    def time(self) -> float:
        """Give the time of the market, seconds."""
        return self._driver.seconds()


class VirtualPolicy(asyncio.DefaultEventLoopPolicy):
    """Make event loops on the market's time, whoever asks for one (`asyncio.run` does).

    Attributes:
        made: Every loop that was made.
    """

    def __init__(self, driver: Driver) -> None:
        """Make none yet."""
        super().__init__()
        self._driver = driver
        self.made: list[asyncio.AbstractEventLoop] = []

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop."""
        loop = VirtualLoop(self._driver)
        self.made.append(loop)
        return loop
