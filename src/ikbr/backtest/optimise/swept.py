"""What a sweep gave, as values and frames."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ikbr.backtest.optimise.grid import Grid
from ikbr.backtest.optimise.metrics import metric_names
from ikbr.backtest.optimise.objective import Objective, why_unreached
from ikbr.backtest.optimise.trial import Outcome

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Swept:
    """Hold all runs of a sweep.

    Attributes:
        strategy, symbols: What was run, on what.
        dates: First and last session.
        events, resolution, synthetic: Of the market data.
        settings: What shaped every run.
        capital: Opening equity.
        grid: What was varied.
        sampler: How it was chosen, in words.
        objective: What was to be best.
        outcomes: All runs by number.
        resumed, made: Runs that earlier sessions had kept, and those of this one.
        seconds: Wall time of this session's runs.
        where: What ran them, in words ("engine, 2 processes"); "" when nothing was left.
        why_engine: Why the compiled grid did not take over, in words.
        folder: Of the results.
    """

    strategy: str
    symbols: tuple[str, ...]
    dates: tuple[dt.date, dt.date]
    events: int
    resolution: str
    synthetic: bool
    settings: Mapping[str, Any]
    capital: float
    grid: Grid
    sampler: str
    objective: Objective
    outcomes: Sequence[Outcome]
    resumed: int
    made: int
    seconds: float
    where: str
    why_engine: str
    folder: Path

    def __repr__(self) -> str:
        """Say in a line what came of it."""
        best = self.best
        made_up = ", synthetic data" if self.synthetic else ""
        told = "no run reaches the objective"
        if best is not None:
            told = f"best {self.objective.name} {best.figure(self.objective.name):g} with "
            told += ", ".join(f"{name}={value}" for name, value in best.parameters.items())
        return (
            f"Swept({self.strategy} on {', '.join(self.symbols)}{made_up}: "
            f"{len(self.outcomes):,} runs, {told})"
        )

    @property
    def best(self) -> Outcome | None:
        """The best run; None when none reaches the objective."""
        return self.objective.best(self.outcomes)

    @property
    def ranked(self) -> list[Outcome]:
        """All runs, the best first."""
        return self.objective.ranked(self.outcomes)

    @property
    def failed(self) -> list[Outcome]:
        """The runs without a usable result."""
        return [one for one in self.outcomes if one.error]

    @property
    def paths(self) -> tuple[str, ...]:
        """Which paths computed the runs: engine, compiled grid, or both."""
        return tuple(dict.fromkeys(one.path for one in self.outcomes))

    @property
    def unreached(self) -> str:
        """Why no run reaches the objective; "" when one does."""
        return "" if self.best is not None else why_unreached(self.objective, self.outcomes)

    def columns(self) -> dict[str, list[Any]]:
        """Give all runs as columns: number, parameters, figures, and how each was made.

        A parameter that is called like a figure is given with a `param.` before its name.
        """
        figures = metric_names()
        taken = {"number", "fill_hash", "seconds", "path", "error", *figures}
        found: dict[str, list[Any]] = {"number": [one.number for one in self.outcomes]}
        for name in self.grid.names:
            key = f"param.{name}" if name in taken else name
            found[key] = [_cell(one.parameters.get(name)) for one in self.outcomes]
        for name in figures:
            found[name] = [one.metrics.get(name) for one in self.outcomes]
        for name in ("fill_hash", "seconds", "path", "error"):
            found[name] = [getattr(one, name) for one in self.outcomes]
        return found

    def frame(self) -> pd.DataFrame:
        """Give all runs as a pandas frame, indexed by number."""
        import pandas as pd

        return pd.DataFrame(self.columns()).set_index("number")

    def equity_frame(self) -> pd.DataFrame:
        """Give the equity at the end of every session, one column per run."""
        import pandas as pd

        series = {one.number: dict(one.session_equity) for one in self.outcomes}
        return pd.DataFrame(series).rename_axis(index="session", columns="number")


def _cell(value: Any) -> Any:
    """Show a parameter in a column; lists as text."""
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return value
