"""The runner: says how far the market has to be by now. It does not know what time it is."""

from __future__ import annotations

from ikbr.domain.errors import ConfigError
from ikbr.domain.timers import NEVER
from ikbr.gateway.world import World

STEP = 0.0
"""The speed at which nothing moves by itself."""
MAX = float("inf")
"""The speed at which the tape is played as fast as clients read."""
FASTEST = 1e6
"""Times as fast as the clock; whoever wants more wants MAX."""
BATCH = 256
"""Rows played at once at the highest speed, before clients get what came of them."""
SLICE = 20_000
"""Most rows played at once at any other speed, so that requests are not kept waiting."""


class Goal:
    """Move a world so many rows or to a time, as clients that follow its time let it.

    Attributes:
        played: Rows played so far.
    """

    def __init__(self, world: World, *, rows: int = NEVER, to_ns: int = NEVER) -> None:
        """Aim; nothing moves yet.

        Args:
            world: What is moved.
            rows: How many rows at most.
            to_ns: How far at most, ns UTC.
        """
        self._world = world
        self._rows = rows
        self._to_ns = to_ns
        self.played = 0

    def pursue(self) -> int:
        """Move as far as is possible now; return how many rows that were."""
        world, left = self._world, self._rows - self.played
        if not world.followers:
            aimed_at_time = self._to_ns < NEVER
            rows = world.advance_to(self._to_ns, left) if aimed_at_time else world.step(left)
        else:
            rows = world.follow_to(self._to_ns, left)
        self.played += rows
        return rows

    @property
    def reached(self) -> bool:
        """Whether it is there, and everybody who follows has done with it."""
        world = self._world
        there = self.played >= self._rows or world.now_ns >= self._to_ns or world.ended
        return there and all(
            turns.is_markets and not one.waiting for one, turns in world.followers.items()
        )


class Runner:
    """Move a world along with the wall clock.

    Attributes:
        world: What is moved.
        speed: Seconds of the tape per second of wall time; `STEP` and `MAX` are special.
        started: Whether the market moves; it waits for the first client.
        goal: Where the control port wants it; None for nowhere.
    """

    def __init__(self, world: World, speed: float = 1.0) -> None:
        """Stand still until `start`."""
        self.world = world
        self.speed = STEP
        self.started = False
        self.goal: Goal | None = None
        self._from_wall_ns = 0
        self._from_ns = 0
        self.set_speed(speed, 0)

    def set_speed(self, speed: float, wall_ns: int) -> None:
        """Change the speed.

        Args:
            speed: The new one.
            wall_ns: The present by the wall clock, ns.

        Raises:
            ConfigError: When it is below 0 or too high.
        """
        if not (0 <= speed <= FASTEST or speed == MAX):
            raise ConfigError(
                f"speed {speed} must be 0 (step mode) or more, at most {FASTEST:.0f}, or max."
            )
        self.speed = speed
        self._from_wall_ns, self._from_ns = wall_ns, self.world.now_ns

    def start(self, wall_ns: int) -> None:
        """Let the market move from now on."""
        if not self.started:
            self.started = True
            self._from_wall_ns, self._from_ns = wall_ns, self.world.now_ns

    @property
    def moves(self) -> bool:
        """Whether the market moves by itself, or towards a goal."""
        if self.goal is not None:
            return True
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
        if self.goal is not None:
            return self.goal.pursue()
        if self.speed == MAX:
            return world.follow_to(NEVER, BATCH) if world.followers else world.step(BATCH)
        passed = wall_ns - self._from_wall_ns
        target = self._from_ns + int(passed * self.speed)
        if world.followers:
            return world.follow_to(target, SLICE)
        return world.advance_to(target, SLICE)
