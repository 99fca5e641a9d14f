"""Parameters of a strategy that runs change only where it says so."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from tests.unit.strategies.context import FakeContext

from ikbr.domain.errors import StrategyError
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.changes import change_parameter
from ikbr.strategies.coercion import Range
from ikbr.strategies.examples.mean_reversion import MeanReversionStrategy
from ikbr.strategies.examples.momentum import MomentumStrategy
from ikbr.strategies.examples.momentum_kernel import MomentumKernel
from ikbr.strategies.parameters import CHANGEABLE


class Odd(BaseStrategy):
    """Keep some parameters, and not others.

    Args:
        kept: Kept.
        hidden: Not kept as an attribute.
        fixed: Not changeable.
    """

    def __init__(
        self,
        kept: Annotated[int, Range(1, 9), CHANGEABLE] = 3,
        hidden: Annotated[float, CHANGEABLE] = 1.0,
        fixed: int = 1,
    ) -> None:
        self.kept, self.fixed, self._hidden = kept, fixed, hidden

    def on_market_data(self, ticker: Ticker) -> None:
        """Do nothing."""


class Unwilling(Odd):
    """Refuse."""

    def on_parameter(self, name: str, value: Any) -> None:
        """Refuse."""
        raise ZeroDivisionError("not today")


@pytest.mark.parametrize(
    ("strategy", "name", "value", "words"),
    [
        (Odd(), "kapt", 4, "did you mean 'kept'"),
        (Odd(), "fixed", 2, r"Odd.fixed cannot be changed while it runs; changeable: kept, hidden"),
        (Odd(), "kept", 10, r"out of range; it must be from 1 to 9 \(nearest: 9\)"),
        (Odd(), "kept", "many", "is not a whole number"),
        (Odd(), "kept", True, "is not a whole number"),
        (Odd(), "hidden", 2.0, "it keeps no attribute of that name"),
        (Unwilling(), "kept", 4, "Unwilling refuses kept = 4: ZeroDivisionError: not today"),
        (MeanReversionStrategy(), "entry", 9.0, "must rise in this order"),
        (MomentumStrategy(), "lookback", 5, "changeable: threshold"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    strategy: BaseStrategy, name: str, value: object, words: str
) -> None:
    before = strategy.params
    with pytest.raises(StrategyError, match=words):
        change_parameter(strategy, name, value)
    assert strategy.params == before


def test_a_change_is_seen_by_the_strategy_and_told() -> None:
    strategy = Odd()
    assert change_parameter(strategy, "kept", "4") == (3, 4)
    assert strategy.kept == strategy.params["kept"] == 4


def test_a_strategy_whose_bounds_hang_on_a_parameter_moves_them_along() -> None:
    strategy = MomentumStrategy(threshold=0.02)
    strategy._highest, strategy._lowest = 0.015, -0.03
    change_parameter(strategy, "threshold", 0.01)
    assert (strategy._high, strategy._low) == (0.01, -0.01)
    change_parameter(strategy, "threshold", 0.05)
    assert (strategy._high, strategy._low) == (0.015, -0.03)


def test_a_kernel_acts_on_the_new_value_from_the_next_tick() -> None:
    strategy = MomentumKernel(lookback=2, threshold=0.5)
    context = FakeContext(strategy, "SPY")
    for last in (100.0, 110.0):
        context.tick("SPY", last=last)
    assert context.signals == []
    change_parameter(strategy, "threshold", "0.05")
    context.tick("SPY", last=121.0)
    assert [one.action for one in context.signals] == ["BUY"]
