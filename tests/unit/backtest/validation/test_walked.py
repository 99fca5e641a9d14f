"""What a walk-forward adds up to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.unit.backtest.validation.walks import CAPITAL, GRID, days, luck, outcome, skill, walked

from ikbr.backtest.analytics.ratios import sharpe
from ikbr.backtest.optimise.drive import Listed
from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.optimise.trial import Outcome, Span, Trial
from ikbr.backtest.validation.judgement import judge, session_returns
from ikbr.backtest.validation.layout import Layout, placed
from ikbr.backtest.validation.splits import walk_forward
from ikbr.backtest.validation.walked import drift_of, stitch


def test_each_window_takes_the_best_of_its_own_sessions() -> None:
    found = walked()
    for window, result in zip(found.layout.windows, found.windows, strict=True):
        sums = {
            n: sum(luck(point, session) for session in range(*window.train))
            for n, point in enumerate(GRID)
        }
        best = GRID.at(max(sums, key=lambda n: sums[n]))
        assert result.parameters == best
        assert result.in_sample == pytest.approx(CAPITAL * max(sums.values()))
        earned = sum(luck(best, session) for session in range(*window.test)) * CAPITAL
        assert result.test_pnl == pytest.approx(earned)
        assert result.efficiency == pytest.approx((earned / 4) / (result.train_pnl or 0.0) * 8) or (
            result.test_sessions < 4
        )


def test_the_returns_of_the_windows_are_joined_and_compounded() -> None:
    found = walked()
    growth, standing, returns = 1.0, CAPITAL, []
    for window, result in zip(found.layout.windows, found.windows, strict=True):
        standing = CAPITAL
        for session in range(*window.test):
            gain = luck(dict(result.parameters or {}), session) * CAPITAL
            returns.append(gain / standing)
            standing += gain
            growth *= 1.0 + returns[-1]
    stitched = found.stitched
    assert stitched.total_return == pytest.approx(growth - 1.0)
    assert stitched.sharpe == pytest.approx(sharpe(np.array(returns)))
    assert stitched.days == days(24)[9:]
    assert len(stitched.equity) == 15
    peak = np.maximum.accumulate(np.array([CAPITAL, *stitched.equity]))
    assert stitched.max_drawdown == pytest.approx(
        float(np.max(1 - np.array([CAPITAL, *stitched.equity]) / peak))
    )
    assert stitched.net_pnl == pytest.approx(sum(w.test_pnl or 0.0 for w in found.windows))


def test_less_can_be_better() -> None:
    found = walked(objective=Objective("net_pnl", maximise=False))
    for window, result in zip(found.layout.windows, found.windows, strict=True):
        runs = found.layout.trials_of(window.number, found.outcomes)
        assert result.in_sample == min(run.figure("net_pnl") or 0.0 for run in runs)
    judgement = found.judgement
    assert judgement is not None
    assert judgement.neighbourhood is not None
    assert judgement.value == -judgement.neighbourhood.best


def test_a_window_without_a_run_sits_out() -> None:
    found = walked(broken=(2,))
    second = found.windows[1]
    assert second.parameters is None
    assert "sat out" in second.note
    assert second.test_pnl is None
    flat = found.stitched.equity[3:8]
    assert flat[1:] == pytest.approx([flat[0]] * 4)


def test_a_failed_judging_run_is_told() -> None:
    found = walked()
    number = found.layout.judging(found.layout.windows[0])
    parts = dict(found.outcomes)
    parts[number] = Outcome(number=number, parameters={}, error="it broke.")
    stitched = stitch(found.layout, found.windows, parts, CAPITAL)
    assert stitched.equity[:4] == pytest.approx([CAPITAL] * 4)


def test_drift_tells_changes_and_steps() -> None:
    found = walked()
    lookback = drift_of(found.windows, list(GRID))[0]
    values = [(w.parameters or {})["lookback"] for w in found.windows]
    assert lookback.values == tuple(values)
    pairs = list(pairwise(values))
    assert lookback.changes == sum(a != b for a, b in pairs)
    assert lookback.mean_step == pytest.approx(np.mean([abs(a - b) for a, b in pairs]) / 15)


def test_skill_and_luck_are_told_apart() -> None:
    able, lucky = walked(skill, sessions=120).judgement, walked(luck, sessions=120).judgement
    assert able is not None
    assert lucky is not None
    assert able.overfitting is not None
    assert lucky.overfitting is not None
    assert able.overfitting.probability < 0.05 < lucky.overfitting.probability
    assert able.deflated is not None
    assert (able.deflated.deflated or 0.0) > 0.95
    assert lucky.deflated is not None
    assert (lucky.deflated.deflated or 1.0) < 0.95
    assert able.best is not None
    assert able.best.parameters == {"lookback": 10, "threshold": 0.2}
    assert able.cross_validated is not None
    assert able.cross_validated.losing == 0.0


def test_failed_runs_are_left_out_of_the_judgement() -> None:
    runs = [outcome(n, point, range(10), luck, None) for n, point in enumerate(GRID)]
    runs[2] = Outcome(number=2, parameters=GRID.at(2), error="it broke.")
    judgement = judge(runs, Objective("net_pnl"), CAPITAL, 10)
    assert (judgement.used, judgement.left_out) == (5, 1)
    assert judgement.deflated is not None
    assert judgement.deflated.trials == 5


def test_what_went_broke_earns_nothing_any_more() -> None:
    equity = tuple(zip(days(4), (50.0, -10.0, 20.0, 30.0), strict=True))
    returns = session_returns([Outcome(number=0, parameters={}, session_equity=equity)], 100.0, 4)
    assert returns[:, 0].tolist() == pytest.approx([-0.5, -1.2, 0.0, 0.0])


def test_nothing_to_judge_is_no_failure() -> None:
    runs = [Outcome(number=0, parameters={"a": 1}, error="it broke.")]
    judgement = judge(runs, Objective("sharpe"), CAPITAL, 5)
    assert (judgement.best, judgement.overfitting, judgement.maps) == (None, None, ())


def test_every_run_of_a_walk_has_a_number_of_its_own() -> None:
    windows = walk_forward(20, 6, 4)
    layout = Layout(days(20), windows, 3)
    search = placed(layout, lambda: Listed(Trial(n, {"n": n}) for n in range(3)), whole=True)
    trials = []
    while (trial := search.propose()) is not None:
        trials.append(trial)
    numbers = [trial.number for trial in trials] + [layout.judging(one) for one in windows]
    assert len(set(numbers)) == len(numbers) == 3 * (len(windows) + 1) + len(windows)
    assert trials[0].span is None
    assert trials[3].span == Span(days(20)[0], days(20)[5])
    for trial in trials:
        assert layout.place_of(trial.number) * 4 == trial.number - trial.parameters["n"]


def test_a_window_that_waits_does_not_hold_up_the_next() -> None:
    class Waits:
        """Propose one trial, and the second only after it was told of the first."""

        def __init__(self) -> None:
            self.asked = self.told = 0

        def propose(self) -> Trial | None:
            if self.asked > self.told or self.asked == 2:
                return None
            self.asked += 1
            return Trial(self.asked - 1, {})

        def tell(self, told: Outcome) -> None:
            assert told.number == self.told
            self.told += 1

    layout = Layout(days(9), walk_forward(9, 3, 3), 2)
    search = placed(layout, Waits, whole=False)
    first = [search.propose(), search.propose(), search.propose()]
    assert [one and one.number for one in first] == [3, 6, None]
    search.tell(Outcome(number=6, parameters={}))
    following = search.propose()
    assert following is not None
    assert following.number == 7
