import datetime as dt
from pathlib import Path

import pytest

from ikbr.domain.errors import StrategyError
from ikbr.strategies.examples.momentum import MomentumStrategy
from ikbr.strategies.instances import load_instance, parse_instance
from ikbr.strategies.schedule import Schedule

SHIPPED = sorted((Path(__file__).parents[3] / "config" / "strategies").glob("*.toml"))
BASE = 'strategy = "momentum"\nsymbols = ["SPY"]\n'


def test_everything_in_a_file_reaches_the_strategy():
    instance = parse_instance(
        """
        name = "mine"
        strategy = "momentum"
        symbols = ["spy", "AAPL@NASDAQ"]
        capital_share = 0.25
        allow_short = true
        stop_loss_pct = 0.02
        [parameters]
        lookback = 30
        [schedule]
        flatten_at = "close-5m"
        skip_dates = [2024-12-24]
        """,
        "config/mine.toml",
    )
    assert (instance.name, instance.symbols) == ("mine", ("SPY", "AAPL"))
    assert instance.capital_share == 0.25
    strategy = instance.create()
    assert isinstance(strategy, MomentumStrategy)
    assert strategy.params == {"lookback": 30, "threshold": 0.02, "allow_short": True}
    assert strategy.stop_loss_pct == 0.02
    assert strategy.schedule == Schedule(flatten_at="close-5m", skip_dates=(dt.date(2024, 12, 24),))


def test_what_a_file_leaves_out_is_the_classes_own():
    instance = parse_instance(BASE.replace("momentum", "opening_range"), "dir/orb.toml")
    assert (instance.name, instance.capital_share) == ("orb", 1.0)
    assert instance.create().schedule.flatten_at == "close-5m"


def test_each_call_makes_another_strategy():
    instance = parse_instance(BASE, "x.toml")
    assert instance.create() is not instance.create()


def test_a_strategy_file_is_relative_to_the_toml_file(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from ikbr.strategies.examples.momentum import MomentumStrategy\n"
        "class Mine(MomentumStrategy): pass\n"
    )
    path = tmp_path / "mine.toml"
    for reference in ("mine.py", "mine.py:Mine"):
        path.write_text(BASE.replace("momentum", reference))
        assert type(load_instance(path).create()).__name__ == "Mine"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_the_files_that_come_along_are_sound(path):
    assert load_instance(path).name == path.stem


def test_there_is_a_file_for_every_example():
    assert len(SHIPPED) >= 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strategy = ", "is no TOML"),
        ('symbols = ["SPY"]', "'strategy' is missing"),
        ('strategy = "momentum"', "'symbols' is missing"),
        (BASE + "symbls = 1", "'symbls' is unknown; did you mean 'symbols'"),
        (BASE + 'name = ""', "name is empty"),
        (BASE.replace("momentum", "momentun"), "did you mean 'momentum'"),
        (BASE.replace('["SPY"]', "[]"), "symbols is empty"),
        (BASE.replace("SPY", "???"), r"symbols: contract '\?\?\?' is not understood"),
        (BASE + "capital_share = 1.5", "capital_share = 1.5 is out of range"),
        (BASE + "capital_share = 0", "capital_share = 0: give a share above 0"),
        (BASE + "parameters = 3", "parameters = 3 is not a table"),
        (BASE + "[parameters]\nlookbak = 3", "x.toml: MomentumStrategy has no parameter 'lookbak'"),
        (BASE + "[parameters]\nlookback = 1", "out of range"),
        (BASE + "[schedule]\nflatten = 1", "'flatten' is unknown; did you mean 'flatten_at'"),
        (BASE + '[schedule]\nflatten_at = "x"', "is not a time"),
        (BASE + "[schedule]\nskip_dates = [1]", "not a list of dates"),
        (BASE + "stop_loss_pct = 2.0", "stop_loss_pct = 2.0 is out of range"),
        (BASE + "allow_short = true\n[parameters]\nallow_short = true", "given twice"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_clear_sentence(text, message):
    with pytest.raises(StrategyError, match=message):
        parse_instance(text, "x.toml")


def test_a_file_that_is_not_there_or_not_readable_says_so(tmp_path):
    with pytest.raises(StrategyError, match="does not exist"):
        load_instance(tmp_path / "none.toml")
    with pytest.raises(StrategyError, match="cannot be read"):
        load_instance(tmp_path)
