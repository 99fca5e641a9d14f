"""What a person can say about a sweep besides what is run, checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ikbr.backtest.optimise.objective import parse_objective
from ikbr.backtest.optimise.sampler import SAMPLERS
from ikbr.domain.errors import UsageError, nearest

EXECUTORS = ("local", "dask", "ray")
PATHS = ("auto", "engine")
USUAL_TRIALS = 100
_ADDRESS = re.compile(r"(?:\w+://)?(?:\[[^\]\s]+\]|[^\s:/\[\]]+):\d{1,5}/?")
LARGEST_SEED = 2**32 - 1
"""Source: NumPy's `RandomState`, which Optuna's samplers use, takes seeds of 32 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """Say how to sweep.

    Attributes:
        grid: Texts as `lookback=5:200:5`, or values by name.
        sampler: grid for every combination; tpe or random for some, chosen by Optuna.
        trials: How many of those; None for 100.
        objective: Which figure is to be best.
        executor: local, dask or ray.
        address: Of the cluster.
        jobs: Local processes; None for one per processor; 1 for this very process.
        path: auto lets compiled code run the whole grid where it gives the engine's fills; engine
            runs all in the engine.
        yes: Whether to start however many runs there are.
        sampler_seed: Of the sampler.
        results: Folder that keeps the results; None for one in sweeps/ named after the sweep.
    """

    grid: Sequence[str] | Mapping[str, Any]
    sampler: str = "grid"
    trials: int | None = None
    objective: str = "sharpe"
    executor: str = "local"
    address: str | None = None
    jobs: int | None = None
    path: str = "auto"
    yes: bool = False
    sampler_seed: int = 1
    results: Path | None = None

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: Naming the field, its value and the remedy.
        """
        for name, choices in (("sampler", SAMPLERS), ("executor", EXECUTORS), ("path", PATHS)):
            value = getattr(self, name)
            if value not in choices:
                raise UsageError(f"{name} {value!r} is unknown; {nearest(str(value), choices)}")
        parse_objective(self.objective)
        if self.trials is not None and self.sampler == "grid":
            raise UsageError(
                f"trials {self.trials} says how many combinations a sampler chooses, and a grid "
                f"runs all; add --sampler tpe (or random), or leave trials out."
            )
        for name in ("trials", "jobs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name} {value} is too few; give 1 or more.")
        if not 0 <= self.sampler_seed <= LARGEST_SEED:
            raise UsageError(
                f"sampler seed {self.sampler_seed} cannot be; give 0 to {LARGEST_SEED}."
            )
        self._check_executor()

    def _check_executor(self) -> None:
        if self.executor == "local":
            if self.address is not None:
                raise UsageError(
                    f"address {self.address!r} is of a cluster; add --executor dask or ray."
                )
        elif self.jobs is not None:
            raise UsageError(
                f"jobs {self.jobs} is for local processes; a cluster has its own workers."
            )
        if self.executor == "dask" and self.address and not _ADDRESS.fullmatch(self.address):
            raise UsageError(
                f"address {self.address!r} is none of a Dask scheduler; write it as "
                f"tcp://HOST:8786 (`dask scheduler` prints it)."
            )
        if self.executor == "dask" and not self.address:
            raise UsageError(
                "--executor dask needs the scheduler's address, as --address tcp://HOST:8786 "
                "(`dask scheduler` prints it)."
            )
