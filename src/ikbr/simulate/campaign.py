"""The campaign: many seeds, over several processes, and what came of all of them."""

from __future__ import annotations

import gc
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

import msgspec

from ikbr.domain.errors import UsageError
from ikbr.simulate.coverage import SEEDS, missing
from ikbr.simulate.play import Outcome, play

Given = TypeVar("Given")
Found = TypeVar("Found")

BATCH = 20
"""Seeds that a process plays before it tells what came of them."""
MOST_KEPT = 20
"""Seeds with violations of which all is kept."""


class Campaign(msgspec.Struct):
    """Say what came of many seeds.

    Attributes:
        first_seed, seeds: Which, and how many.
        violations: Outcomes in which something did not hold; the first few.
        failed: How many such seeds there were.
        by_invariant: How many by the first invariant that did not hold.
        coverage: How often a kind of blow met an order in a state, by "kind | state".
        orders, executions: How many there were.
        seconds: How long it took.
    """

    first_seed: int
    seeds: int = 0
    violations: list[Outcome] = []
    failed: int = 0
    by_invariant: dict[str, int] = {}
    coverage: dict[str, int] = {}
    orders: int = 0
    executions: int = 0
    seconds: float = 0.0

    @property
    def seeds_per_second(self) -> float:
        """How many seeds were played in a second."""
        return self.seeds / self.seconds if self.seconds else 0.0

    @property
    def missing(self) -> dict[str, int]:
        """Pairs of blow and state that were seen too rarely, and how often."""
        return missing(self.coverage)

    @property
    def is_void(self) -> bool:
        """Whether it says nothing although it is long enough to."""
        return self.seeds >= SEEDS and bool(self.missing)

    def add(self, outcome: Outcome) -> None:
        """Count what came of a seed."""
        self.seeds += 1
        self.orders += outcome.orders
        self.executions += outcome.executions
        for pair, count in outcome.coverage.items():
            self.coverage[pair] = self.coverage.get(pair, 0) + count
        if outcome.violations:
            self.failed += 1
            broken = outcome.violations[0].invariant
            self.by_invariant[broken] = self.by_invariant.get(broken, 0) + 1
            if len(self.violations) < MOST_KEPT:
                self.violations.append(outcome)


def run_campaign(
    first_seed: int, seeds: int, jobs: int = 1, tell: Callable[[Campaign], None] | None = None
) -> Campaign:
    """Play seeds.

    Args:
        first_seed: The first one.
        seeds: How many.
        jobs: Over how many processes.
        tell: Told now and then how it stands.

    Raises:
        UsageError: When there is nothing to play.
    """
    if seeds < 1 or jobs < 1 or first_seed < 0:
        raise UsageError(
            f"--seeds {seeds}, --jobs {jobs}, --first-seed {first_seed}: the first two must be 1 "
            "or more, the last 0 or more."
        )
    campaign = Campaign(first_seed, violations=[], by_invariant={}, coverage={})
    began = time.perf_counter()
    batches = [
        range(first, min(first + BATCH, first_seed + seeds))
        for first in range(first_seed, first_seed + seeds, BATCH)
    ]
    for outcomes in in_processes(play_batch, batches, jobs):
        for outcome in outcomes:
            campaign.add(outcome)
        campaign.seconds = time.perf_counter() - began
        if tell is not None:
            tell(campaign)
    campaign.coverage = dict(sorted(campaign.coverage.items()))
    return campaign


def in_processes(
    work: Callable[[Given], Found], parts: Sequence[Given], jobs: int
) -> Iterator[Found]:
    """Do parts of a work over several processes, and give what came of each in their order."""
    if jobs == 1 or len(parts) == 1:
        yield from map(work, parts)
        return
    # A fresh interpreter each: nothing that happened to be there may matter.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from pool.map(work, parts)


def play_batch(seeds: range) -> list[Outcome]:
    """Play a few seeds; of those in which all held nothing but the counts is kept."""
    found = []
    # Processes of a simulation hold each other in circles; one collection for all is cheaper.
    gc.disable()
    try:
        for seed in seeds:
            outcome = play(seed)
            if not outcome.violations:
                outcome = msgspec.structs.replace(outcome, story=[], storm=[])
            found.append(outcome)
    finally:
        gc.enable()
        gc.collect()
    return found
