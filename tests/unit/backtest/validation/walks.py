"""A walk-forward made by hand, for several tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ikbr.backtest.optimise.grid import Dimension, Grid
from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.optimise.trial import Outcome, Span
from ikbr.backtest.validation.judgement import judge
from ikbr.backtest.validation.layout import WHOLE, Layout
from ikbr.backtest.validation.splits import walk_forward
from ikbr.backtest.validation.walked import Walked, drift_of, stitch, window_result

CAPITAL = 1_000.0
GRID = Grid((Dimension("lookback", (5, 10, 20)), Dimension("threshold", (0.1, 0.2))))
Earn = Callable[[dict[str, Any], int], float]
"""What a set of parameters earns in a session, as a fraction of the capital."""


def days(count: int) -> tuple[dt.date, ...]:
    return tuple(dt.date(2026, 3, 2) + dt.timedelta(days=n) for n in range(count))


def outcome(
    number: int, point: dict[str, Any], sessions: Sequence[int], earn: Earn, span: Span | None
) -> Outcome:
    """Make the outcome of a run that earns by a rule."""
    dates = days(max(sessions) + 1)
    gains = np.array([earn(point, session) * CAPITAL for session in sessions])
    equity = CAPITAL + np.cumsum(gains)
    spread = float(np.std(gains)) or 1.0
    return Outcome(
        number=number,
        parameters=point,
        span=span,
        metrics={
            "sharpe": float(np.mean(gains)) / spread,
            "net_pnl": float(gains.sum()),
            "fill_count": 4.0,
            "max_drawdown": 0.01,
        },
        fill_hash="x",
        session_equity=tuple(
            (dates[s], float(value)) for s, value in zip(sessions, equity, strict=True)
        ),
    )


def luck(point: dict[str, Any], session: int) -> float:
    """Earn by chance, the same for the same set and session."""
    seed = [point["lookback"], round(point["threshold"] * 10), session]
    return float(np.random.default_rng(seed).normal(0.0, 0.01))


def skill(point: dict[str, Any], session: int) -> float:
    """Earn the more, the nearer to 10 and 0.2."""
    far = abs(point["lookback"] - 10) / 10 + abs(point["threshold"] - 0.2) * 5
    return 0.004 - 0.004 * float(far) + luck(point, session) * 0.3


def walked(
    earn: Earn = luck,
    *,
    sessions: int = 24,
    objective: Objective | None = None,
    whole: bool = True,
    broken: Sequence[int] = (),
    **changes: Any,
) -> Walked:
    """Walk forward by hand.

    Args:
        earn: What runs earn.
        sessions: How many there are.
        objective: What is best.
        whole: Whether to judge the search.
        broken: Windows whose trials all fail.
        changes: Other fields.
    """
    objective = objective or Objective("net_pnl")
    windows = walk_forward(sessions, 8, 4, purge=1)
    layout = Layout(days(sessions), windows, GRID.count)
    outcomes: dict[int, Outcome] = {}
    for place in range(len(windows) + 1):
        window = windows[place - 1] if place else None
        span = layout.train(window) if window else None
        held = range(*window.train) if window else range(sessions)
        for n, point in enumerate(GRID):
            number = layout.first(place) + n
            made = outcome(number, point, held, earn, span)
            if place in broken:
                made = Outcome(number=number, parameters=point, span=span, error="it broke.")
            outcomes[number] = made
        best = objective.best(layout.trials_of(place, outcomes))
        if window is not None and best is not None:
            number = layout.judging(window)
            point = dict(best.parameters)
            test = layout.test(window)
            outcomes[number] = outcome(number, point, range(*window.test), earn, test)
    results = [window_result(layout, one, outcomes, objective) for one in windows]
    tried = [one.parameters for one in outcomes.values()]
    whole_runs = layout.trials_of(WHOLE, outcomes)
    values: dict[str, Any] = {
        "strategy": "mine",
        "symbols": ("SPY",),
        "resolution": "minute",
        "synthetic": True,
        "settings": {"base": "USD", "sim": {"fill": "quote", "fees": "none"}},
        "capital": CAPITAL,
        "grid": GRID,
        "sampler": "grid",
        "objective": objective,
        "scheme": "rolling",
        "in_sample": 8,
        "out_of_sample": 4,
        "purge": 1,
        "embargo": 1,
        "windows": results,
        "stitched": stitch(layout, results, outcomes, CAPITAL),
        "drift": drift_of(results, tried),
        "judgement": judge(whole_runs, objective, CAPITAL, sessions, purge=1, embargo=1)
        if whole
        else None,
        "layout": layout,
        "outcomes": outcomes,
        "resumed": 0,
        "made": len(outcomes),
        "seconds": 1.0,
        "where": "engine",
        "why_engine": "",
        "folder": Path("sweeps/mine"),
    }
    return Walked(**(values | changes))
