"""The control port: moves the market when it is told to, one line of JSON at a time.

| request | answer |
|---|---|
| `{"do": "status"}` | the time, rows played, clients, whether the tape is over; when the next row
                       comes, and when something is due by time |
| `{"do": "step", "rows": 10}` | plays so many rows (1 when it is not said) |
| `{"do": "advance", "seconds": 60}` or `{"do": "advance", "to_ns": …}` | plays up to a time |
| `{"do": "speed", "speed": 60}` | changes the speed; 0 is step mode, -1 the highest |
| `{"do": "fault", "what": "drop", …}` | lets something go wrong; see `faults/` |
| `{"do": "order", "symbol": "SPY", …}` | places an order by hand; see `manual.py` |

A step or an advance is over when clients that follow the market's time have done with it.
Every answer is one line, `{"ok": true, …}` or `{"ok": false, "error": "…"}`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ikbr.domain.errors import ConfigError, IkbrError
from ikbr.gateway.faults.fault import read_fault
from ikbr.gateway.manual import ManualOrder, place_by_hand
from ikbr.gateway.runner import MAX, Goal, Runner
from ikbr.gateway.times import SECOND_NS

LONGEST_LINE = 1 << 16
MOST_ROWS = 10_000_000
MOST_S = 366 * 86_400
"""Seconds of one advance: a year. Every night has work, and clients wait until it is over."""
KNOWN = "status, step, advance, speed, fault or order"


class Command(msgspec.Struct, forbid_unknown_fields=True):
    """Ask for something.

    Attributes:
        do: status, step, advance or speed.
        rows: Of a step.
        seconds, to_ns: Of an advance.
        speed: The new speed.
    """

    do: str
    rows: int = 1
    seconds: float = 0.0
    to_ns: int = 0
    speed: float = 0.0


class Control:
    """Answer lines."""

    def __init__(self, runner: Runner) -> None:
        """Take hold of a runner."""
        self._runner = runner

    def answer(self, line: bytes, wall_ns: int) -> bytes:
        """Do what a line asks for.

        Args:
            line: JSON.
            wall_ns: The present by the wall clock, ns.

        Returns:
            The answer, a line of JSON.
        """
        try:
            given = msgspec.json.decode(line, type=dict[str, Any])
            found = self._read(given, wall_ns)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            found = {"ok": False, "error": f"the line is not understood: {error}."}
        except IkbrError as error:
            found = {"ok": False, "error": str(error)}
        return msgspec.json.encode(found) + b"\n"

    def _pursue(self, goal: Goal) -> int:
        """Move the market; what clients that follow its time hold up is left to the runner."""
        goal.pursue()
        if not goal.reached:
            self._runner.goal = goal
        return goal.played

    def complete(self, answer: bytes) -> bytes:
        """Write an answer anew when a goal that was left to the runner is reached."""
        goal, self._runner.goal = self._runner.goal, None
        if goal is None:
            return answer
        return msgspec.json.encode(self._standing(goal.played)) + b"\n"

    def _read(self, given: dict[str, Any], wall_ns: int) -> dict[str, Any]:
        """Do what has fields of its own, or a command."""
        world, what = self._runner.world, given.get("do")
        rest = {name: value for name, value in given.items() if name != "do"}
        if what == "fault":
            world.faults.add(read_fault(rest))
            world.settle()
        elif what == "order":
            perm_id = place_by_hand(world, msgspec.convert(rest, ManualOrder))
            return self._do(Command("status"), wall_ns) | {"perm_id": perm_id}
        else:
            return self._do(msgspec.convert(given, Command), wall_ns)
        return self._do(Command("status"), wall_ns)

    def _do(self, command: Command, wall_ns: int) -> dict[str, Any]:
        runner, world = self._runner, self._runner.world
        rows = 0
        match command.do:
            case "status":
                pass
            case "step":
                if not 1 <= command.rows <= MOST_ROWS:
                    raise ConfigError(f"rows {command.rows} must be 1 to {MOST_ROWS}.")
                rows = self._pursue(Goal(world, rows=command.rows))
            case "advance":
                if not 0 <= command.seconds <= MOST_S:
                    raise ConfigError(f"seconds {command.seconds} must be 0 to {MOST_S}.")
                latest = world.now_ns + MOST_S * SECOND_NS
                if not 0 <= command.to_ns <= latest:
                    raise ConfigError(
                        f"to_ns {command.to_ns} must be a time in ns UTC up to {latest}, a year "
                        "from the market's present; go further in steps."
                    )
                target = command.to_ns or world.now_ns + int(command.seconds * SECOND_NS)
                rows = self._pursue(Goal(world, to_ns=target))
            case "speed":
                runner.set_speed(MAX if command.speed == -1 else command.speed, wall_ns)
            case _:
                raise ConfigError(f"{command.do!r} is unknown; {KNOWN}.")
        return self._standing(rows)

    def _standing(self, rows: int) -> dict[str, Any]:
        runner, world = self._runner, self._runner.world
        return {
            "ok": True,
            "rows": rows,
            "now_ns": world.now_ns,
            "row_ns": world.player.next_ns,
            "due_ns": world.clock.next_ns,
            "played": world.player.played,
            "ended": world.ended,
            "clients": sorted(world.links),
            "faults": {"waiting": world.faults.waiting, "fired": world.faults.fired},
            "speed": runner.speed if runner.speed != MAX else -1,
        }
