"""From what a person calls strategies to instances."""

from pathlib import Path
from typing import Any

import pytest

from ikbr import BaseStrategy, Ticker
from ikbr.api.chosen_strategies import choose_instances
from ikbr.domain.errors import IkbrError, StrategyError

INSTANCE = """strategy = "momentum"
symbols = ["SPY", "BAC"]
capital_share = {share}
stop_loss_pct = 0.01
[parameters]
lookback = 30
[schedule]
flatten_at = "close-5m"
"""
SOURCE = """from ikbr import BaseStrategy
class Mine(BaseStrategy):
    def __init__(self, size: int = 1):
        self.size = size
    def on_market_data(self, ticker): ...
"""


class Own(BaseStrategy):
    def __init__(self, size: int = 1) -> None:
        self.size = size

    def on_market_data(self, ticker: Ticker) -> None: ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "morning.toml").write_text(INSTANCE.format(share=0.4), encoding="utf-8")
    (tmp_path / "whole.toml").write_text(INSTANCE.format(share=1.0), encoding="utf-8")
    (tmp_path / "mine.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("momentum", ["momentum"]),
        ("mean-reversion", ["mean_reversion"]),
        ("momentum,pairs", ["momentum", "pairs"]),
        (["momentum", "momentum"], ["momentum", "momentum-2"]),
        (Own, ["Own"]),
        ([Own, "momentum"], ["Own", "momentum"]),
    ],
)
def test_strategies_are_named_after_what_was_given(
    given: Any, names: list[str], folder: Path
) -> None:
    found = choose_instances(given, ["KO", "PEP"], {}, folder)
    assert [one.name for one in found] == names
    assert [one.share for one in found] == [pytest.approx(1 / len(names))] * len(names)
    assert {one.symbols for one in found} == {("KO", "PEP")}


def test_an_object_is_run_itself(folder: Path) -> None:
    own = Own(5)
    (found,) = choose_instances(own, ["SPY"], {}, folder)
    assert found.strategy is own
    with pytest.raises(StrategyError, match="is made already"):
        choose_instances(own, ["SPY"], {"size": 3}, folder)


def test_a_python_file_is_loaded(folder: Path) -> None:
    (found,) = choose_instances(f"{folder}/mine.py:Mine", ["SPY"], {"size": "3"}, folder)
    assert (found.name, found.strategy.params) == ("Mine", {"size": 3})


@pytest.mark.parametrize("name", ["morning", "morning.toml", "{folder}/morning.toml"])
def test_an_instance_file_says_symbols_share_and_parameters(name: str, folder: Path) -> None:
    (found,) = choose_instances(name.format(folder=folder), [], {}, folder)
    assert (found.name, found.symbols, found.share) == ("morning", ("SPY", "BAC"), 0.4)
    assert found.strategy.params["lookback"] == 30
    assert found.strategy.stop_loss_pct == 0.01
    assert found.strategy.schedule.flatten_at == "close-5m"


def test_what_is_given_wins_over_the_instance_file(folder: Path) -> None:
    params = {"lookback": "40", "stop_loss_pct": "0.02"}
    (found,) = choose_instances("morning", ["KO"], params, folder)
    assert found.symbols == ("KO",)
    assert found.strategy.params["lookback"] == 40
    assert found.strategy.stop_loss_pct == 0.02
    assert found.strategy.schedule.flatten_at == "close-5m"


def test_strategies_without_a_share_divide_what_is_left(folder: Path) -> None:
    found = choose_instances(["morning", "momentum", Own], ["SPY"], {}, folder)
    assert [round(one.share, 9) for one in found] == [0.4, 0.3, 0.3]
    with pytest.raises(StrategyError, match="take the whole capital"):
        choose_instances("whole,momentum", ["SPY"], {}, folder)


def test_a_parameter_goes_to_all_that_have_it_and_a_named_one_to_its_own(folder: Path) -> None:
    params = {"pairs.lookback": 60, "lookback": 50, "threshold": 0.1}
    first, second = choose_instances("momentum,pairs", ["KO", "PEP"], params, folder)
    assert (first.strategy.params["lookback"], first.strategy.params["threshold"]) == (50, 0.1)
    assert second.strategy.params["lookback"] == 60


@pytest.mark.parametrize(
    ("given", "params", "sentence"),
    [
        ("momentun", {}, "did you mean 'momentum'?"),
        ("mornin", {}, "did you mean 'morning'?"),
        ("momentum", {"treshold": 1}, "did you mean 'threshold'?"),
        ("momentum", {"momentun.threshold": 1}, "did you mean 'momentum'?"),
        ("nowhere/x.toml", {}, "'nowhere/x.toml' does not exist"),
        (5, {}, "strategy 5 is no strategy"),
        ([], {}, "strategy is empty"),
        (int, {}, "is no strategy"),
    ],
)
def test_what_cannot_be_found_is_refused_with_the_nearest(
    given: Any, params: dict[str, Any], sentence: str, folder: Path
) -> None:
    with pytest.raises(IkbrError) as caught:
        choose_instances(given, ["SPY"], params, folder)
    assert sentence in str(caught.value)
