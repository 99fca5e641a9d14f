import importlib.metadata
import os
import sys

import pytest

from ikbr.domain.errors import StrategyError
from ikbr.strategies import registry
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.examples.momentum import MomentumStrategy
from ikbr.strategies.registry import available, create, load

HEAD = "from ikbr.strategies.base_strategy import BaseStrategy\n"
ONE = HEAD + (
    "LEVEL = {level}\n"
    "class Mine(BaseStrategy):\n"
    "    def __init__(self, n: int = 1): self.n = n * LEVEL\n"
    "    def on_market_data(self, ticker): return None\n"
)
TWO = ONE.format(level=1) + ONE.format(level=2).replace("Mine", "Other")


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write_file


def test_every_available_name_loads():
    assert {"momentum", "mean_reversion", "pairs", "opening_range", "market_making"} <= set(
        available()
    )
    for name in available():
        assert issubclass(load(name), BaseStrategy)


@pytest.mark.parametrize("name", ["momentum", " Momentum ", "MOMENTUM"])
def test_a_name_is_found_whatever_its_case(name):
    assert load(name) is MomentumStrategy


def test_a_dash_is_as_good_as_an_underscore():
    assert load("mean-reversion") is load("mean_reversion")


def test_a_file_gives_its_only_strategy_or_the_one_named(write):
    path = write(ONE.format(level=1))
    assert load(path).__name__ == load(f"{path}:Mine").__name__ == "Mine"


def test_imported_strategies_do_not_count_as_the_files_own(write):
    path = write(
        "from ikbr.strategies.examples.momentum import MomentumStrategy\n"
        "class Mine(MomentumStrategy): pass\n"
    )
    assert load(path).__name__ == "Mine"


def test_a_changed_file_gives_the_new_class_even_within_the_same_second(write, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = write(ONE.format(level=1))
    os.utime(path, (1, 1))
    old = load(path)
    write(ONE.format(level=2))  # same length
    os.utime(path, (1, 1))
    new = load(path)
    assert (old().n, new().n) == (1, 2)
    assert old.__module__ != new.__module__


def test_a_file_named_like_a_library_hides_nothing(write):
    import json

    path = write(ONE.format(level=1), "json.py")
    load(path)
    assert sys.modules["json"] is json


def test_a_file_that_fails_leaves_no_module_behind(write):
    before = set(sys.modules)
    with pytest.raises(StrategyError):
        load(write("1 / 0\n"))
    assert not {name for name in set(sys.modules) - before if name.startswith("ikbr_strategy")}


def test_data_classes_work_in_a_file(write):
    path = write(
        "from __future__ import annotations\nimport dataclasses\n"
        + ONE.format(level=1)
        + "@dataclasses.dataclass\nclass State:\n    n: int = 0\n"
    )
    assert load(path).__name__ == "Mine"


@pytest.mark.parametrize(
    ("text", "suffix", "message"),
    [
        ("def f(:\n", "", r"mine\.py, line 1: invalid syntax"),
        ("\n\n1 / 0\n", "", r"mine\.py, line 3: the import failed with ZeroDivisionError"),
        ("import no_such_thing\n", "", r"ModuleNotFoundError: No module named 'no_such_thing'"),
        ("raise SystemExit(3)\n", "", r"line 1: the import failed with SystemExit"),
        ("x = 1\n", "", "holds no strategy; derive a class from BaseStrategy"),
        (TWO, "", r"several strategies; name one: .*mine\.py:Mine, .*mine\.py:Other"),
        (TWO, ":Othr", "no class 'Othr'; did you mean 'Other'"),
        ("class Odd: pass\n", ":Odd", "mine.py:Odd is not a strategy"),
        ("class Odd: pass\n", ":Odd2", "did you mean 'Odd'"),
        (HEAD + "class Half(BaseStrategy): pass\n", "", "Half is not complete; it lacks on_market"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(write, text, suffix, message):
    with pytest.raises(StrategyError, match=message):
        load(write(text) + suffix)


def test_a_file_that_is_not_there_says_so():
    with pytest.raises(StrategyError, match=r"'no/such\.py' does not exist"):
        load("no/such.py:Mine")


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(StrategyError, match="cannot be read"):
        load(str(tmp_path / "folder.py"))


def test_a_drive_letter_is_no_class_name():
    with pytest.raises(StrategyError, match=r"C:\\\\x\.py' does not exist"):
        load(r"C:\x.py:Mine")


def test_an_unknown_name_suggests_the_nearest_and_lists_all():
    with pytest.raises(StrategyError, match=r"did you mean 'momentum'.*pairs.*file\.py:Class"):
        load("momentun")


def install(monkeypatch, **points):
    found = [
        importlib.metadata.EntryPoint(name, value, registry.ENTRY_POINT_GROUP)
        for name, value in points.items()
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found)


def test_an_installed_package_may_offer_strategies(monkeypatch):
    install(monkeypatch, fancy="ikbr.strategies.examples.momentum:MomentumStrategy")
    assert "fancy" in available()
    assert load("fancy") is MomentumStrategy


def test_an_entry_point_that_is_broken_or_no_strategy_says_so(monkeypatch):
    install(monkeypatch, broken="no_such_package:X", odd="json:dumps")
    with pytest.raises(StrategyError, match=r"'broken' \(entry point no_such_package:X\)"):
        load("broken")
    with pytest.raises(StrategyError, match="odd is not a strategy"):
        load("odd")


def test_create_coerces_parameters_and_options():
    strategy = create("pairs", {"lookback": "100", "stop_loss_pct": "0.01", "allow_short": "no"})
    assert strategy.params["lookback"] == 100
    assert (strategy.stop_loss_pct, strategy.allow_short) == (0.01, False)
    assert create("momentum", {"allow_short": "yes"}).params["allow_short"] is True
    assert create(MomentumStrategy).params["lookback"] == 20


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lookbak": 3}, "did you mean 'lookback'"),
        ({"lookback": 1}, "out of range"),
        ({"stop_loss_pct": 5}, "MomentumStrategy.stop_loss_pct = 5 is out of range"),
    ],
)
def test_create_refuses_what_does_not_fit(values, message):
    with pytest.raises(StrategyError, match=message):
        create("momentum", values)


def test_create_passes_on_what_init_itself_refuses():
    with pytest.raises(StrategyError, match=r"^MeanReversionStrategy: exit 3, entry 2"):
        create("mean_reversion", {"exit": 3})


def test_create_explains_an_init_that_fails(write):
    text = ONE.format(level=1).replace("self.n = n * LEVEL", "self.orders = []")
    with pytest.raises(StrategyError, match=r"Mine\.__init__ failed.*that name is taken"):
        create(write(text))
    with pytest.raises(StrategyError, match=r"ZeroDivisionError: .*"):
        create(write(ONE.format(level=1).replace("n * LEVEL", "1 / 0")))


def test_create_refuses_a_class_that_is_no_strategy():
    with pytest.raises(StrategyError, match="is not a strategy"):
        create(dict)
