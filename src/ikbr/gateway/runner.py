"""The runner: says how far the market has to be by now. It does not know what time it is."""

from __future__ import annotations

from ikbr.domain.errors import ConfigError
from ikbr.domain.timers import NEVER
from ikbr.gateway.world import World

STEP = 0.0
"""The speed at which nothing moves by itself."""
MAX = float("inf")
"""The speed at which the tape is played as fast as clients read."""
BATCH = 256
"""Rows played at once at the highest speed, before clients get what came of them."""
SLICE = 20_000
"""Most rows played at once at any other speed, so that requests are not kept waiting."""


class Runner:
    """Move a world along with the wall clock.

    Attributes:
        world: What is moved.
        speed: Seconds of the tape per second of wall time; `STEP` and `MAX` are special.
        started: Whether the market moves; it waits for the first client.
    """

    def __init__(self, world: World, speed: float = 1.0) -> None:
        """Stand still until `start`."""
        self.world = world
        self.speed = STEP
        self.started = False
        self._from_wall_ns = 0
        self._from_ns = 0
        self.set_speed(speed, 0)

    def set_speed(self, speed: float, wall_ns: int) -> None:
        """Change the speed.

        Args:
            speed: The new one.
            wall_ns: The present by the wall clock, ns.

        Raises:
            ConfigError: When it is below 0.
        """
        if not speed >= 0:
            raise ConfigError(f"speed {speed} must be 0 (step mode) or more, or max.")
        self.speed = speed
        self._from_wall_ns, self._from_ns = wall_ns, self.world.now_ns

    def start(self, wall_ns: int) -> None:
        """Let the market move from now on."""
        if not self.started:
            self.started = True
            self._from_wall_ns, self._from_ns = wall_ns, self.world.now_ns

    @property
    def moves(self) -> bool:
        """Whether the market moves by itself."""
        return self.started and self.speed != STEP and not self.world.ended

    def run(self, wall_ns: int) -> int:
        """Move the world to where it has to be.

        Args:
            wall_ns: The present by the wall clock, ns.

        Returns:
            How many rows were played.
        """
        if not self.moves:
            return 0
        world = self.world
        if self.speed == MAX:
            return world.follow_to(NEVER, BATCH) if world.followers else world.step(BATCH)
        passed = wall_ns - self._from_wall_ns
        target = self._from_ns + int(passed * self.speed)
        if world.followers:
            return world.follow_to(target, SLICE)
        return world.advance_to(target, SLICE)
