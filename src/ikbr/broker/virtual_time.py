"""Virtual time: a program's clock is that of the simulated market.

When a program waits, the market plays on: to the next thing that concerns the program, or to the
time until which it waits. A day passes as fast as it can be computed.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from threading import get_ident
from typing import Protocol

from ikbr.broker.sim_client import Cable

SECOND = 1_000_000_000

GRACE_NS = 60 * SECOND
"""How long a program may go on after the end of the tape, so that it sees its last answers."""

PATIENCE = 10_000
"""How often a program may ask for the time or turn its loop without waiting before time passes."""
TURN_NS = 10_000_000
"""How long such a turn takes from then on."""

MOST_ENDS = 100
"""How often a program may be told that the tape is over; then it is hopeless."""


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
        start_ns: When the program began, ns UTC.
        ends: How often the program was told that the tape is over.
        on_hopeless: Called when it was told so over and over and goes on all the same.
    """

    def __init__(self, market: MarketPort, cable: Cable) -> None:
        """Move nothing yet."""
        self.market = market
        self.cable = cable
        self.ends = 0
        self.on_hopeless: Callable[[], None] = lambda: None
        self.start_ns = market.now_ns
        self._stop_ns = 0
        self._turns = 0
        self._moves = False
        self._thread = get_ident()

    def seconds(self) -> float:
        """Give the time since the start of the tape."""
        return (self.market.now_ns - self.start_ns) / SECOND

    def wait(self, seconds: float | None) -> None:
        """Let the market play until it says something to the program.

        Args:
            seconds: How long at most; None for no limit.

        Raises:
            TapeEnded: When the tape is over and the program would wait for nothing.
        """
        self._turns = 0
        market = self.market
        limit = None if seconds is None else market.now_ns + ceil(seconds * SECOND)
        while not self.cable.deliver():
            if market.ended:
                self._after_the_end(limit)
                return
            if self._step(limit):
                return

    def sleep(self, seconds: float) -> None:
        """Let the market play for so long, and let the program hear of it only afterwards.

        Raises:
            TapeEnded: When the tape is over.
        """
        self._turns = 0
        until = self.market.now_ns + ceil(seconds * SECOND)
        if self.market.ended:
            self._after_the_end(until)
        else:
            self._move_to(until)

    def turn(self) -> None:
        """Note that a program goes on without waiting.

        On a real clock time passes while it does. Here nothing would, and a program that waits
        by asking for the time again and again would do so for ever.
        """
        if self._moves or not self.is_mine:
            return
        self._turns += 1
        if self._turns > PATIENCE:
            turns = self._turns
            self.sleep(TURN_NS / SECOND)
            self._turns = turns

    @property
    def is_mine(self) -> bool:
        """Whether the program's own thread asks; the market moves in no other."""
        return get_ident() == self._thread

    def _step(self, limit: int | None) -> bool:
        """Play the next row, or what is due before it; say whether the limit is reached."""
        market = self.market
        row, due = market.player.next_ns, market.clock.next_ns
        if limit is not None and min(row, due) > limit:
            self._move_to(limit)
            return True
        if due < row:
            self._move_to(due)
        else:
            self._move(market.step, 1)
        return False

    def _move_to(self, ts_ns: int) -> None:
        self._move(self.market.advance_to, ts_ns)

    def _move(self, play: Callable[[int], int], what: int) -> None:
        self._moves = True
        with self.cable.outside:
            play(what)
        self._moves = False

    def _after_the_end(self, limit: int | None) -> None:
        market = self.market
        if not self._stop_ns:
            self._stop_ns = market.now_ns + GRACE_NS
        if limit is None or limit > self._stop_ns:
            # Once more after as long a time again, should the program go on all the same.
            self._stop_ns = max(market.now_ns, self._stop_ns) + GRACE_NS
            self.ends += 1
            if self.ends > MOST_ENDS:
                self.on_hopeless()
            raise TapeEnded("the tape is over.")
        self._move_to(limit)
