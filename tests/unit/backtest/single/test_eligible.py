"""What keeps the orders of a single run from being decided in compiled code, in words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "grid"))
from small import Planned, instance, setup, source

from ikbr.backtest.single.eligible import why_not
from ikbr.core.event_bus import EventBus
from ikbr.core.opening import Opening
from ikbr.domain.execution import ExecutionModel

TAPE = source([10_000] * 5)


class Worded(Planned):
    def reason(self, value: int, state: Any, ticker: Any) -> str:
        return f"{value} at {ticker.last} holding {self.position(ticker.symbol)}"


class Curious(Planned):
    def reason(self, value: int, state: Any, ticker: Any) -> str:
        return f"{value} with {self.equity}"


class Counting(Planned):
    def describe(self) -> dict[str, Any]:
        return {"working": len(self.orders)}


class Watching(Worded):
    def reason(self, value: int, state: Any, ticker: Any) -> str:
        return words_of(ticker)


def words_of(ticker: Any) -> str:
    return f"volume {ticker.volume}"


def changed(**changes: Any) -> Any:
    return msgspec.structs.replace(setup(), **changes)


@pytest.mark.parametrize("strategy", [Planned(), Worded()])
def test_a_plain_kernel_in_one_symbol_has_its_orders_decided_in_compiled_code(
    strategy: Planned,
) -> None:
    assert why_not(TAPE, [instance(strategy)], setup(), "both", None) == ""


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (Curious(), "Curious.reason asks for 'equity'"),
        (Counting(), "Counting.describe asks for 'orders'"),
        (Watching(), "Watching.reason asks for 'volume'"),
    ],
)
def test_words_that_ask_for_what_is_not_kept_are_left_to_the_engine(
    strategy: Planned, words: str
) -> None:
    assert why_not(TAPE, [instance(strategy)], setup(), "both", None) == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compile_orders": False}, "orders are to be decided by the engine"),
        ({"model": ExecutionModel(fill="next")}, "orders wait for the next print"),
        ({"opening": Opening(cash_micro={"USD": 1})}, "the run takes up what an earlier one left"),
        ({"model": ExecutionModel(latency_ms=5.0)}, "orders have a latency"),
        ({"shape": "reference"}, "shape = 'reference' asks for another replay"),
    ],
)
def test_a_setting_that_compiled_code_does_not_follow_is_named(
    changes: dict[str, Any], words: str
) -> None:
    assert why_not(TAPE, [instance(Planned())], changed(**changes), "both", None) == words


def test_several_strategies_and_observers_are_left_to_the_engine() -> None:
    two = [instance(Planned()), instance(Planned())]
    assert why_not(TAPE, two, setup(), "both", None) == "2 strategies share an account"
    heard = why_not(TAPE, two[:1], setup(), "both", EventBus())
    assert heard == "observers hear of everything as it happens"


def test_a_hook_that_is_set_on_the_strategy_counts_as_its_own() -> None:
    strategy = Planned()
    strategy.on_fill = lambda fill: None  # type: ignore[method-assign]
    words = why_not(TAPE, [instance(strategy)], setup(), "both", None)
    assert words == "Planned has its own on_fill"
