"""The crash matrix: the bot dies at every place, with everything that can happen to it there.

Every cell is played with several seeds: the bot dies at a failpoint in the midst of its trading,
what the outcome says happens at the same moment, and then it has to find back.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

from ikbr.simulate.campaign import in_processes
from ikbr.simulate.disk import AFTER, BEFORE, MIDST, Where
from ikbr.simulate.play import Outcome, play
from ikbr.simulate.storm import CALM_S, Args, Blow
from ikbr.simulate.town import DIES

FAILPOINTS: tuple[Where, ...] = (
    ("write", BEFORE), ("write", MIDST), ("write", AFTER),
    ("sync", BEFORE), ("sync", AFTER),
    ("send", BEFORE), ("send", MIDST), ("send", AFTER),
    ("hear", BEFORE), ("hear", MIDST), ("hear", AFTER),
    ("open", BEFORE),
)  # fmt: skip
"""Where the bot dies; the last is in the midst of its recovery from another death."""

OUTCOMES: dict[str, tuple[str, float, Args]] = {
    "killed": ("", 0.0, {}),
    "power lost": ("power loss", 0.0, {}),
    "disk lied": ("power loss", 0.0, {}),
    "disk full": ("disk full", 6.0, {}),
    "gateway dies": ("gateway crash", 4.0, {"rollback": 0}),
    "ids go back": ("gateway crash", 4.0, {"rollback": 1_000}),
    "link lost": ("link down", 6.0, {"what": "link_down", "data": "lost"}),
}
"""What happens as it dies: the kind of blow, how long it lasts, and what it takes."""

SEEDS = 10
"""How often each cell is played."""


class Cell(msgspec.Struct):
    """Say what came of one pair of failpoint and outcome.

    Attributes:
        failpoint, outcome: Which.
        played: How many seeds.
        died: In how many of them the bot died there.
        violations: Outcomes in which something did not hold.
    """

    failpoint: str
    outcome: str
    played: int = 0
    died: int = 0
    violations: list[Outcome] = []


def storm_of(seed: int, where: Where, outcome: str) -> list[Blow]:
    """Make the storm of a cell.

    Args:
        seed: Decides when.
        where: Where the bot dies.
        outcome: What happens as it does, one of `OUTCOMES`.
    """
    rng = random.Random(f"crash {seed} {where} {outcome}")
    name, when = where
    at_s = round(rng.uniform(6.0, 40.0), 3)
    kind, lasts_s, args = OUTCOMES[outcome]
    more = {"then": kind, "lasts_s": lasts_s, "args": args} if kind else {}
    count = 1 if name == "open" else rng.choice((1, 2, 3, 5, 8, 20))
    blows = [Blow(at_s, "bot failpoint", 0.0, {"name": name, "when": when, "count": count, **more})]
    if outcome == "disk lied":
        blows.insert(0, Blow(at_s - 3.0, "disk lying", CALM_S - at_s))
    if name == "open":
        blows.append(Blow(round(at_s + 0.1, 3), "bot crash"))
    return blows


def run_matrix(first_seed: int = 0, seeds: int = SEEDS, jobs: int = 1) -> Iterator[Cell]:
    """Play the matrix, cell by cell.

    Args:
        first_seed: The first seed of each cell.
        seeds: How many seeds each cell is played with.
        jobs: Over how many processes.
    """
    chosen = range(first_seed, first_seed + seeds)
    cells = [(where, outcome, chosen) for where in FAILPOINTS for outcome in OUTCOMES]
    yield from in_processes(play_cell, cells, jobs)


def play_cell(cell: tuple[Where, str, range]) -> Cell:
    """Play one cell of the matrix: where the bot dies, what happens then, with which seeds."""
    where, outcome, seeds = cell
    told = Cell(f"{where[1]} a {where[0]}", outcome, violations=[])
    for seed in seeds:
        found = play(seed, storm_of(seed, where, outcome))
        told.played += 1
        told.died += any(DIES in line for line in found.story)
        if found.violations:
            told.violations.append(found)
    return told
