"""Plans of faults: accepted as something that can be played, or refused by name."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.fuzz.allowed import accepted
from tests.fuzz.settings_file import _fast
from tests.unit.gateway.rig import Client, a_world

from ikbr.gateway.faults.plan import load_plan


def feed(data: bytes) -> None:
    """Read it as a plan; play what is accepted over a few rows."""
    with tempfile.TemporaryDirectory(dir=_fast()) as folder:
        path = Path(folder) / "plan.toml"
        path.write_bytes(data)
        plan = accepted(lambda: load_plan(path))
    if plan is None:
        return
    world = a_world()

    def play() -> None:
        world.faults.load(plan)
        client = Client(world)
        client.place()
        world.step(3)

    accepted(play)


def seeds() -> list[bytes]:
    """Give faults of a few kinds."""
    return [
        b'seed = 7\n[[fault]]\nwhat = "drop"\nat = "10:30"\nclient = 1\n',
        b'[[fault]]\nwhat = "reject"\ncode = 201\nchance = 0.5\ntimes = 3\n',
        b'[[fault]]\nwhat = "delay"\nseconds = 1.5\nafter_s = 2\n[[fault]]\nwhat = "1100"\n',
    ]
