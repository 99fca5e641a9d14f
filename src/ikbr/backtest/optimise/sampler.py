"""The sampler: Optuna chooses parameters, asked and told by the driver alone.

The choice of trial n is made when exactly the outcomes of trials 0 to n - lag are told, in this
order, however many workers there are and whichever is first. So the same seed gives the same
trials everywhere, and a sweep that is continued repeats its choices.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ikbr.backtest.optimise.grid import Dimension, Grid
from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.optimise.trial import Outcome, Trial
from ikbr.domain.errors import UsageError

if TYPE_CHECKING:
    import optuna

SAMPLERS = ("grid", "tpe", "random")
LAG = 16
"""Trials chosen ahead of the results: few, so that the sampler learns, yet enough for a machine's
processes to be busy."""


class Sampled:
    """Propose what Optuna's sampler chooses.

    Source: J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, "Algorithms for Hyper-Parameter
    Optimization", NIPS 24 (2011), for TPE; Optuna's documentation of `TPESampler` for the
    constant liar, which keeps trials under way from being chosen twice.
    """

    def __init__(
        self, grid: Grid, objective: Objective, kind: str, seed: int, trials: int, lag: int = LAG
    ) -> None:
        """Start a study in memory.

        Args:
            grid: Which values there are; dimensions may be continuous.
            objective: What is to be best.
            kind: "tpe" or "random".
            seed: Of the sampler.
            trials: How many to propose in all.
            lag: Trials chosen ahead of the results.

        Raises:
            UsageError: When Optuna is not installed.
        """
        self._grid, self._objective = grid, objective
        self._trials, self._lag = trials, lag
        self._asked: list[optuna.Trial] = []
        self._heard: dict[int, Outcome] = {}
        self._worst: float | None = None
        optuna = _optuna()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler: Any = (
                optuna.samplers.RandomSampler(seed=seed)
                if kind == "random"
                else optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
            )
        direction = "maximize" if objective.maximise else "minimize"
        self._study = optuna.create_study(sampler=sampler, direction=direction)

    def propose(self) -> Trial | None:
        """Choose the next trial; None when all are chosen or an outcome is missing."""
        number = len(self._asked)
        due = number - self._lag
        if number == self._trials or (due >= 0 and due not in self._heard):
            return None
        if due >= 0:
            self._learn(self._heard.pop(due))
        asked = self._study.ask()
        self._asked.append(asked)
        return Trial(number, {one.name: _choose(asked, one) for one in self._grid.dimensions})

    def tell(self, outcome: Outcome) -> None:
        """Hear what came of a trial; it is learnt when its turn comes."""
        self._heard[outcome.number] = outcome

    def _learn(self, outcome: Outcome) -> None:
        from optuna.trial import TrialState

        value = self._objective.value(outcome)
        asked = self._asked[outcome.number]
        if value is not None:
            worst = min if self._objective.maximise else max
            self._worst = value if self._worst is None else worst(self._worst, value)
        # A run that reaches nothing counts as the worst so far: its region is to be avoided.
        if self._worst is None:
            self._study.tell(asked, state=TrialState.FAIL)
        else:
            self._study.tell(asked, self._worst if value is None else value)


def _choose(asked: optuna.Trial, dimension: Dimension) -> Any:
    if dimension.low is not None and dimension.high is not None:
        return asked.suggest_float(dimension.name, dimension.low, dimension.high)
    values = dimension.values
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    if numbers:
        # By place, so that neighbouring values are neighbours for the sampler too.
        ordered = sorted(values)
        return ordered[asked.suggest_int(dimension.name, 0, len(ordered) - 1)]
    return values[asked.suggest_categorical(dimension.name, tuple(range(len(values))))]


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise UsageError(
            "--sampler tpe and random need Optuna, which is not installed; install it with "
            "pip install 'ikbr[optuna]', or leave --sampler out for the whole grid."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
