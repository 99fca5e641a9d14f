"""Nights: IBKR's servers are reset, and the gateway restarts itself when it is told to.

Source: IBKR, "System status: server reset times", North America: every night 00:15 to 01:45, from
Friday 23:00 to Saturday 03:00 at the weekend. How long within that time the link is really gone
varies; here it is five minutes of a night, and the whole time at the weekend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ikbr.gateway import times
from ikbr.gateway.times import SECOND_NS

if TYPE_CHECKING:
    from ikbr.gateway.world import World

NEW_YORK = "US/Eastern"
NIGHT, NIGHT_NS = "00:15", 300 * SECOND_NS
WEEKEND, WEEKEND_NS = "23:00", 4 * 3600 * SECOND_NS
FRIDAY, SATURDAY = 4, 5
RESTART_NS = 60 * SECOND_NS
"""How long the gateway is away when it restarts itself."""


class Nights:
    """Let the nights come: data is kept over one, and lost over the weekend's."""

    def __init__(self, world: World) -> None:
        """Wait for the first one."""
        self._world = world
        if world.options.nightly:
            self._every(NIGHT, self._night)
            self._every(WEEKEND, self._weekend)
        if world.options.auto_restart:
            self._every(world.options.auto_restart, self._restart)

    def _every(self, clock: str, act: Callable[[], None]) -> None:
        timers = self._world.clock

        def come() -> None:
            act()
            timers.call_at(times.next_time_of_day(timers.now_ns + 1, clock, NEW_YORK), come)

        timers.call_at(times.next_time_of_day(timers.now_ns + 1, clock, NEW_YORK), come)

    def _weekday(self) -> int:
        return times.local(self._world.now_ns, NEW_YORK).weekday()

    def _night(self) -> None:
        if self._weekday() != SATURDAY:
            self._world.upstream.link_down(NIGHT_NS, kept=True)

    def _weekend(self) -> None:
        if self._weekday() == FRIDAY:
            self._world.upstream.link_down(WEEKEND_NS, kept=False)

    def _restart(self) -> None:
        self._world.upstream.restart(RESTART_NS)
