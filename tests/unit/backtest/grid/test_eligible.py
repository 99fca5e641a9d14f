"""What keeps a grid from running compiled, in words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small import OPEN_NS, Planned, instance, setup, source

from ikbr.backtest.grid.eligible import why_not
from ikbr.domain.contracts import parse_contract
from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import CorporateAction
from ikbr.strategies.examples.momentum import MomentumStrategy
from ikbr.strategies.schedule import Schedule

PRICES = [10_000] * 5


class Scheduled(Planned):
    schedule = Schedule(no_entry_before="open+5m")


class Stopped(Planned):
    stop_loss_pct = 0.01


class Barred(Planned):
    bars = ("1min",)


class Sized(Planned):
    def calculate_position_size(self, signal: Any) -> int:
        return 7


class Listening(Planned):
    def on_fill(self, fill: Any) -> None:
        return None


class Signalling(Planned):
    def signal(self, value: int, state: Any, ticker: Any) -> None:
        return None


class Leaving(Signalling):
    opposite = "flat"


class Legged(Planned):
    kernel_name = "on_legs"


class Worded(Planned):
    def reason(self, value: int, state: Any, ticker: Any) -> str:
        return "a reason"


def test_a_plain_kernel_on_one_stock_can_run_compiled() -> None:
    assert why_not(source(PRICES), [instance(Planned())], setup()) == ""
    assert why_not(source(PRICES), [instance(Leaving())], setup()) == ""
    assert why_not(source(PRICES), [instance(Worded(1)), instance(Worded(2))], setup()) == ""


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (MomentumStrategy(), "is not a kernel strategy"),
        (Scheduled(), "has a schedule"),
        (Stopped(), "attaches stops"),
        (Barred(), "asks for bars"),
        (Signalling(), "has its own signal"),
        (Legged(), "another form than on_tick"),
        (Sized(), "has its own calculate_position_size"),
        (Listening(), "has its own on_fill"),
    ],
)
def test_what_a_strategy_does_besides_signals_is_left_to_the_engine(
    strategy: Any, words: str
) -> None:
    assert words in why_not(source(PRICES), [instance(strategy)], setup())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"latency_ms": 1.0}, "latency"),
        ({"response_latency_ms": 1.0}, "latency"),
        ({"slippage": "ticks", "slippage_value": 1.0}, "slippage = 'ticks'"),
        ({"volume_cap": 0.1}, "volume cap"),
        ({"account": "cash"}, "cash account"),
        ({"restricted": ("SPY",)}, "SPY is restricted"),
        ({"duplicate_s": 1.0}, "risk.duplicate_s is set"),
        ({"refuse_closed": True}, "risk.refuse_closed is set"),
        ({"shape": "reference"}, "shape = 'reference'"),
        ({"shape": "python"}, "shape = 'python'"),
        ({"compile": False}, "nothing is to be compiled"),
        ({"capital": 2e9}, "capital"),
        ({"quantity": -1}, "quantity"),
        ({"base": "EUR", "fx": {"USD": 0.9}}, "USD, not in EUR"),
    ],
)
def test_settings_that_compiled_code_does_not_know_are_left_to_the_engine(
    more: dict[str, Any], words: str
) -> None:
    assert words in why_not(source(PRICES), [instance(Planned())], setup(**more))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"resolution": "minute"}, "minute bars"),
        ({"sessions": []}, "no sessions"),
        ({"actions": [CorporateAction("SPY", OPEN_NS, dividend=1.0)]}, "dividends"),
        ({"instrument": parse_contract("EUR.USD")}, "is no stock"),
    ],
)
def test_data_that_compiled_code_does_not_know_is_left_to_the_engine(
    data: dict[str, Any], words: str
) -> None:
    assert words in why_not(source(PRICES, **data), [instance(Planned())], setup())


def test_dividends_that_are_not_booked_do_not_matter() -> None:
    data = source(PRICES, actions=[CorporateAction("SPY", OPEN_NS, dividend=1.0)])
    assert why_not(data, [instance(Planned())], setup(corporate_actions=False)) == ""


def test_short_sales_with_a_borrow_fee_are_left_to_the_engine() -> None:
    dear = setup(borrow_rate=0.1)
    assert "borrow fee" in why_not(source(PRICES), [instance(Planned(allow_short=True))], dear)
    assert why_not(source(PRICES), [instance(Planned())], dear) == ""


def test_a_lot_must_divide_the_quantity() -> None:
    lots = Instrument(symbol="SPY", lot=30)
    data = source(PRICES, instrument=lots)
    assert "multiple of 30" in why_not(data, [instance(Planned())], setup())
    assert why_not(data, [instance(Planned())], setup(quantity=90)) == ""


def test_sets_are_of_one_kind_and_on_the_one_symbol() -> None:
    two = [instance(Planned()), instance(Worded())]
    assert "2 different strategies" in why_not(source(PRICES), two, setup())
    assert "runs on KO" in why_not(source(PRICES), [instance(Planned(), symbol="KO")], setup())
    assert why_not(source(PRICES), [], setup()) == "there is nothing to run"


def test_quotes_alone_have_nothing_to_fill_at_the_next_print() -> None:
    data, one = source(PRICES), [instance(Planned())]
    assert "needs prints" in why_not(data, one, setup(fill="next"), "quotes")
    assert why_not(data, one, setup(fill="quote"), "quotes") == ""
