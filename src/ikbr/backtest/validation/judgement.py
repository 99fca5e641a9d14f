"""The judgement of a search: how far the best of all that was tried can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import msgspec
import numpy as np

from ikbr.backtest.analytics.defined import BROKE, Floats
from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.optimise.trial import Outcome
from ikbr.backtest.validation.cross_validation import CrossValidated, cross_validate
from ikbr.backtest.validation.deflated_sharpe import Deflated, deflated_sharpe
from ikbr.backtest.validation.overfitting import Overfitting, overfitting
from ikbr.backtest.validation.splits import combinatorial_purged
from ikbr.backtest.validation.stability import (
    Heat,
    Neighbourhood,
    axes,
    heat_map,
    neighbourhood,
    profile,
)
from ikbr.domain.errors import UsageError

GROUPS = 6
TESTED = 2
"""Source: the example of M. López de Prado (2018), section 12.4: six groups, two tested."""

MOST_MAPS = 6
"""Pairs of parameters of which a map is drawn."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Judge the best of a sweep over all the data; what cannot be said is None.

    Attributes:
        best: The best run.
        objective: Its figure, as people name it.
        value: Of it.
        deflated: The deflated Sharpe ratio.
        overfitting: The probability of backtest overfitting.
        cross_validated: Purged and embargoed combinatorial cross-validation.
        neighbourhood: What lies around the best, in the objective; where less is better,
            scores are turned round.
        maps: The objective over pairs of parameters.
        profiles: The objective by each parameter alone.
        used, left_out: Runs with a return for every session, and those without.
    """

    best: Outcome | None
    objective: str
    value: float | None
    deflated: Deflated | None
    overfitting: Overfitting | None
    cross_validated: CrossValidated | None
    neighbourhood: Neighbourhood | None
    maps: tuple[Heat, ...]
    profiles: dict[str, tuple[tuple[str, float | None], ...]]
    used: int
    left_out: int


def session_returns(outcomes: Sequence[Outcome], capital: float, sessions: int) -> Floats:
    """Lay the returns of runs side by side.

    Args:
        outcomes: Runs with as many sessions.
        capital: Opening equity of each.
        sessions: How many there are.

    Returns:
        One row per session, one column per run; nothing is earned on nothing.

    >>> import datetime as dt
    >>> made = Outcome(number=0, parameters={}, session_equity=((dt.date(2026, 3, 2), 110.0),))
    >>> session_returns([made], 100.0, 1).round(4).tolist()
    [[0.1]]
    """
    found = np.zeros((sessions, len(outcomes)), dtype=np.float64)
    for column, outcome in enumerate(outcomes):
        equity = np.array([capital, *(value for _, value in outcome.session_equity)])
        alive = equity[:-1] > BROKE
        # What went broke stays so.
        alive &= np.cumprod(alive).astype(np.bool_)
        found[alive, column] = equity[1:][alive] / equity[:-1][alive] - 1.0
    return found


def judge(
    outcomes: Sequence[Outcome],
    objective: Objective,
    capital: float,
    sessions: int,
    *,
    purge: int = 0,
    embargo: int = 0,
) -> Judgement:
    """Judge the runs of a sweep, all over the same sessions.

    Args:
        outcomes: All of them, failed ones too.
        objective: What was to be best.
        capital: Opening equity of each run.
        sessions: How many sessions there are.
        purge: Sessions left out beside what is tested.
        embargo: Further ones left out after it.

    Returns:
        The judgement.
    """
    usable = [one for one in outcomes if not one.error and len(one.session_equity) == sessions]
    best = objective.best(usable)
    returns = session_returns(usable, capital, sessions)
    scores = [_score(one, objective) for one in outcomes]
    points = [one.parameters for one in outcomes]
    place = next((n for n, one in enumerate(outcomes) if one is best), None)
    varied = axes(points)
    pairs = list(combinations(varied, 2))[:MOST_MAPS]
    return Judgement(
        best=best,
        objective=objective.name,
        value=best.figure(objective.name) if best is not None else None,
        deflated=deflated_sharpe(returns, usable.index(best)) if best is not None else None,
        overfitting=overfitting(returns) if usable else None,
        cross_validated=_cross_validated(returns, sessions, purge, embargo),
        neighbourhood=None if place is None else neighbourhood(points, scores, place),
        maps=tuple(heat_map(points, scores, x, y, place) for x, y in pairs),
        profiles={name: tuple(profile(points, scores, name)) for name in varied},
        used=len(usable),
        left_out=len(outcomes) - len(usable),
    )


def _score(outcome: Outcome, objective: Objective) -> float | None:
    value = outcome.figure(objective.name)
    if value is None:
        return None
    return value if objective.maximise else -value


def _cross_validated(
    returns: Floats, sessions: int, purge: int, embargo: int
) -> CrossValidated | None:
    if sessions < GROUPS or returns.shape[1] < 2:
        return None
    try:
        splits = combinatorial_purged(sessions, GROUPS, TESTED, purge=purge, embargo=embargo)
    except UsageError:
        # Little data and a wide gap leave nothing to train on: there is no such judgement then.
        return None
    return cross_validate(returns, splits)
