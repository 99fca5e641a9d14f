from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.backtest.optimise.objective import Objective, parse_objective, why_unreached
from ikbr.backtest.optimise.trial import Outcome
from ikbr.domain.errors import UsageError


def outcome(number: int, value: float | None, fills: float = 5.0, error: str = "") -> Outcome:
    metrics = {"sharpe": value, "fill_count": fills}
    return Outcome(number=number, parameters={}, metrics=metrics, error=error)


@pytest.mark.parametrize("maximise", [True, False])
@given(values=st.lists(st.none() | st.floats(), max_size=8))
def test_the_best_is_the_first_of_the_ranked(maximise: bool, values: list[float | None]) -> None:
    objective = Objective("sharpe", maximise)
    outcomes = [outcome(number, value) for number, value in enumerate(values)]
    ranked = objective.ranked(outcomes)
    best = objective.best(outcomes)
    assert sorted(one.number for one in ranked) == list(range(len(values)))
    if best is None:
        assert not any(objective.value(one) is not None for one in outcomes)
    else:
        assert ranked[0] is best
        assert objective.best(reversed(outcomes)) is best


def test_a_run_that_failed_or_never_dealt_is_never_the_best() -> None:
    idle, broken, poor = outcome(0, 9.0, fills=0.0), outcome(1, 9.0, error="x"), outcome(2, -3.0)
    assert Objective().best([idle, broken, poor]) is poor
    assert Objective().best([idle, broken]) is None


@pytest.mark.parametrize(
    ("text", "maximise"),
    [("sharpe", True), ("max_drawdown", False), ("max:max_drawdown", True), ("min:sharpe", False)],
)
def test_an_objective_has_its_usual_direction_unless_told(text: str, maximise: bool) -> None:
    assert parse_objective(text).maximise is maximise


@pytest.mark.parametrize(
    ("text", "words"), [("sharp", "did you mean 'sharpe'?"), ("up:sharpe", "min:NAME or max:NAME")]
)
def test_an_unknown_objective_is_named(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_objective(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ([outcome(0, 0.0, fills=0.0)], "of 1 run, 1 had no fills; lower the thresholds"),
        ([outcome(0, None, error="bad")] * 2, "of 2 runs, 2 failed (bad); correct the strategy"),
        ([outcome(0, None)], "1 had fills but no sharpe"),
    ],
)
def test_an_objective_that_nobody_reaches_is_explained(outcomes: Any, words: str) -> None:
    assert words in why_unreached(Objective(), outcomes)
