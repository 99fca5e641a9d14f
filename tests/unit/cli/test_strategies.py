"""`ikbr strategies`."""

import json
from pathlib import Path

import pytest

from ikbr.cli.main import execute
from ikbr.strategies.registry import available


def test_list_names_every_strategy_with_its_idea(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["strategies", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(available())
    assert all(line.endswith(".") for line in lines)
    assert execute(["strategies", "list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == list(available())


def test_show_gives_parameters_with_ranges_and_meaning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert execute(["strategies", "show", "momentum", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    by_name = {one["name"]: one for one in about["parameters"]}
    assert about["class"] == "MomentumStrategy"
    assert by_name["lookback"] | {"doc": ""} == {
        "name": "lookback",
        "type": "int",
        "default": 20,
        "low": 2,
        "high": 1_000_000,
        "doc": "",
    }
    assert "Number of prices" in by_name["lookback"]["doc"]
    assert by_name["stop_loss_pct"]["default"] == 0.0  # shared by all strategies
    assert execute(["strategies", "show", "momentum"]) == 0
    text = capsys.readouterr().out
    assert "  threshold: float = 0.02  (0 to 10)\n" in text
    assert "Args:" not in text


def test_show_reads_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from ikbr import BaseStrategy\n"
        "class Mine(BaseStrategy):\n"
        "    '''Do nothing.'''\n"
        "    def __init__(self, size: int): ...\n"
        "    def on_market_data(self, ticker): ...\n",
        encoding="utf-8",
    )
    assert execute(["strategies", "show", f"{path}:Mine"]) == 0
    assert "size: int = (required)" in capsys.readouterr().out


def test_an_unknown_name_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["strategies", "show", "momentun"]) == 2
    assert "did you mean 'momentum'?" in capsys.readouterr().err


def test_a_strategy_without_a_docstring_does_not_show_that_of_the_base_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bare.py"
    file.write_text(
        "from ikbr import BaseStrategy\n\nclass Bare(BaseStrategy):\n"
        "    def on_market_data(self, ticker):\n        pass\n"
    )
    assert execute(["strategies", "show", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["doc"] == ""
    assert execute(["strategies", "show", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[1:3] == ["", "Parameters (--param NAME=VALUE):"]
