"""What a walk-forward gave, as values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec
import numpy as np

from ikbr.backtest.analytics.defined import BROKE, Floats, ratio
from ikbr.backtest.analytics.drawdown import drawdowns
from ikbr.backtest.analytics.ratios import probabilistic_sharpe, sharpe
from ikbr.backtest.optimise.grid import Grid
from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.optimise.trial import Outcome, Span
from ikbr.backtest.validation.judgement import Judgement
from ikbr.backtest.validation.layout import WHOLE, Layout
from ikbr.backtest.validation.splits import Scheme, Window
from ikbr.backtest.validation.stability import axes


class WindowResult(msgspec.Struct, frozen=True, kw_only=True):
    """Say what one window chose and what came of it.

    Attributes:
        number: Of the window, from 1.
        train, test: Days in-sample and out of sample.
        train_sessions, test_sessions: How many those are.
        parameters: What was best in-sample; None when no run reached the objective.
        in_sample, out_of_sample: The objective of that.
        train_pnl, test_pnl: Its net profit.
        efficiency: Profit per session out of sample over that in-sample; None where the
            latter is not above 0.
        fills: Out of sample.
        note: Why there is no result, in words; "" where there is one.
    """

    number: int
    train: Span
    test: Span
    train_sessions: int
    test_sessions: int
    parameters: Mapping[str, Any] | None = None
    in_sample: float | None = None
    out_of_sample: float | None = None
    train_pnl: float | None = None
    test_pnl: float | None = None
    efficiency: float | None = None
    fills: int = 0
    note: str = ""


class Drift(msgspec.Struct, frozen=True):
    """Say how a parameter's choice wandered from window to window.

    Attributes:
        name: Of the parameter.
        values: What was chosen, window by window.
        changes: How often it differed from the window before.
        mean_step: Mean distance between neighbouring choices, as a part of the span tried;
            None for text or a single choice.
    """

    name: str
    values: tuple[Any, ...]
    changes: int
    mean_step: float | None


class OutOfSample(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the stitched result of all windows.

    Attributes:
        days: Sessions judged.
        equity: At the end of each, the returns of the windows joined and compounded.
        total_return: Of it all, a fraction.
        sharpe: Annualised.
        probabilistic_sharpe: Probability that the true ratio is above 0; nothing was chosen
            on these sessions, so nothing has to be deflated.
        max_drawdown: Deepest fall below a peak, a positive fraction.
        net_pnl: Sum over the windows, each from the opening capital.
        efficiency: Profit per session out of sample over that in-sample, all windows together.
        profitable: Share of the windows with a profit.
    """

    days: tuple[dt.date, ...]
    equity: tuple[float, ...]
    total_return: float
    sharpe: float | None
    probabilistic_sharpe: float | None
    max_drawdown: float
    net_pnl: float
    efficiency: float | None
    profitable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Hold everything that a walk-forward gave.

    Attributes:
        strategy, symbols, resolution, synthetic, settings, capital: What was run.
        grid, sampler, objective: What was searched.
        scheme, in_sample, out_of_sample, purge, embargo: How it was split, in sessions.
        windows: One after another.
        stitched: The result out of sample.
        drift: How the chosen parameters wandered.
        judgement: Of the sweep over all the data; None when it was left out.
        layout, outcomes: All runs.
        resumed, made, seconds, where: Of this session.
        why_engine: Why the compiled grid did not take over, in words; "" where it did.
        folder: Of the results.
    """

    strategy: str
    symbols: tuple[str, ...]
    resolution: str
    synthetic: bool
    settings: Mapping[str, Any]
    capital: float
    grid: Grid
    sampler: str
    objective: Objective
    scheme: Scheme
    in_sample: int
    out_of_sample: int
    purge: int
    embargo: int
    windows: Sequence[WindowResult]
    stitched: OutOfSample
    drift: Sequence[Drift]
    judgement: Judgement | None
    layout: Layout
    outcomes: Mapping[int, Outcome]
    resumed: int
    made: int
    seconds: float
    where: str
    why_engine: str
    folder: Path


def window_result(
    layout: Layout, window: Window, outcomes: Mapping[int, Outcome], objective: Objective
) -> WindowResult:
    """Sum up one window.

    Args:
        layout: The numbering.
        window: Which.
        outcomes: All that is known, by number.
        objective: What was to be best.

    Returns:
        What it chose and what came of that.

    Source: efficiency, R. Pardo, "The Evaluation and Optimization of Trading Strategies", 2nd
    ed. (2008), chapter 11; profits are compared per session.
    """
    best = objective.best(layout.trials_of(window.number, outcomes))
    judged = outcomes.get(layout.judging(window))
    trained, tested = (stop - start for start, stop in (window.train, window.test))
    about: dict[str, Any] = {
        "number": window.number,
        "train": layout.train(window),
        "test": layout.test(window),
        "train_sessions": trained,
        "test_sessions": tested,
    }
    if best is None:
        return WindowResult(**about, note=f"no run reaches {objective.name} in-sample: sat out")
    about |= {
        "parameters": best.parameters,
        "in_sample": best.figure(objective.name),
        "train_pnl": best.figure("net_pnl"),
    }
    if judged is None or judged.error:
        why = judged.error if judged is not None else "it was not run"
        return WindowResult(**about, note=f"out of sample: {why}")
    earned = judged.figure("net_pnl")
    return WindowResult(
        **about,
        out_of_sample=judged.figure(objective.name),
        test_pnl=earned,
        efficiency=_efficiency([(best.figure("net_pnl"), earned, trained, tested)]),
        fills=int(judged.figure("fill_count") or 0),
    )


def stitch(
    layout: Layout,
    results: Sequence[WindowResult],
    outcomes: Mapping[int, Outcome],
    capital: float,
) -> OutOfSample:
    """Join the windows' results out of sample.

    Every window begins with the opening capital and no position; its returns by session are
    joined and compounded. A window without a result earns nothing.

    Args:
        layout: The numbering.
        results: Of the windows.
        outcomes: All that is known, by number.
        capital: Opening equity.

    Returns:
        The stitched result.
    """
    returns: list[float] = []
    for window in layout.windows:
        outcome = outcomes.get(layout.judging(window))
        held = dict(outcome.session_equity) if outcome is not None and not outcome.error else {}
        standing = capital
        for session in range(*window.test):
            now = held.get(layout.dates[session], standing)
            returns.append(now / standing - 1.0 if standing > BROKE else 0.0)
            standing = now
    growth: Floats = np.asarray(np.cumprod(1.0 + np.array(returns)), dtype=np.float64)
    equity = capital * growth
    path = np.concatenate(([capital], equity))
    first = layout.windows[0].test[0]
    pairs = [(r.train_pnl, r.test_pnl, r.train_sessions, r.test_sessions) for r in results]
    return OutOfSample(
        days=tuple(layout.dates[first:]),
        equity=tuple(equity.tolist()),
        total_return=float(growth[-1]) - 1.0,
        sharpe=sharpe(np.array(returns)),
        probabilistic_sharpe=probabilistic_sharpe(np.array(returns)),
        max_drawdown=float(np.max(drawdowns(path))),
        net_pnl=sum(r.test_pnl or 0.0 for r in results),
        efficiency=_efficiency(pairs),
        profitable=sum((r.test_pnl or 0.0) > 0.0 for r in results) / len(results),
    )


def drift_of(results: Sequence[WindowResult], tried: Sequence[Mapping[str, Any]]) -> list[Drift]:
    """Say how the chosen parameters wandered.

    Args:
        results: Of the windows, in order; those without a choice are passed over.
        tried: All sets of parameters that were tried.

    Returns:
        One entry per parameter that was varied.
    """
    chosen = [result.parameters for result in results if result.parameters is not None]
    found = []
    for name, values in axes(tried).items():
        own: list[Any] = [point.get(name) for point in chosen]
        steps = list(pairwise(own))
        mean = None
        if steps and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            mean = fmean(abs(b - a) for a, b in steps) / (max(values) - min(values))
        found.append(Drift(name, tuple(own), sum(a != b for a, b in steps), mean))
    return found


def whole_outcomes(walked: Walked) -> list[Outcome]:
    """Pick the runs over all the data."""
    return walked.layout.trials_of(WHOLE, walked.outcomes)


def _efficiency(pairs: Sequence[tuple[float | None, float | None, int, int]]) -> float | None:
    known = [(a, b, n, m) for a, b, n, m in pairs if a is not None and b is not None]
    inside, outside = sum(a for a, _, _, _ in known), sum(b for _, b, _, _ in known)
    if not inside > 0.0:
        return None
    per_train = inside / sum(n for _, _, n, _ in known)
    return ratio(outside / sum(m for _, _, _, m in known), per_train)
