"""What is kept of each bug that was caught: the seed, and the storm itself.

The storm is kept and not only its seed, so that a kill stays one when the storms of a seed change.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from ikbr.simulate.storm import Blow

FOLDER = Path(__file__).parent / "kills"


class Kill(msgspec.Struct, frozen=True):
    """Say what caught a bug.

    Attributes:
        seed: Decides everything but the storm.
        tried: How many seeds were played until it was caught.
        by: The invariant that did not hold.
        storm: What went wrong.
    """

    seed: int
    tried: int
    by: str
    storm: list[Blow]


def load() -> dict[str, Kill]:
    """Give what is kept, by the bug's name."""
    return {
        path.stem: msgspec.json.decode(path.read_bytes(), type=Kill)
        for path in sorted(FOLDER.glob("*.json"))
    }


def keep(name: str, kill: Kill) -> None:
    """Keep what caught a bug."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_bytes(msgspec.json.encode(kill) + b"\n")
