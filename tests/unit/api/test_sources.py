"""What a strategy consists of: its file and everything of a person's that it uses."""

import subprocess
import sys
from pathlib import Path

import pytest

from ikbr import BaseStrategy, Ticker
from ikbr.api.chosen_strategies import find_strategies
from ikbr.api.instance_maker import source_of

MINE = """
from ikbr import BaseStrategy
import json, numpy
{imports}

class Mine(BaseStrategy):
    def on_market_data(self, ticker):
        {body}
        return None
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def mine(here: Path, imports: str = "", body: str = "pass") -> str:
    (here / "mine.py").write_text(MINE.format(imports=imports, body=body))
    return source_of(find_strategies("mine.py", here))


@pytest.mark.parametrize(
    ("imports", "body", "changed"),
    [
        ("from aside_of_mine import X", "pass", "aside_of_mine.py"),
        ("import aside_of_mine as other", "pass", "aside_of_mine.py"),
        ("import between_of_mine", "pass", "aside_of_mine.py"),
        ("", "import aside_of_mine", "aside_of_mine.py"),
        ("from pack_of_mine import part", "pass", "pack_of_mine/part.py"),
        ("import pack_of_mine.part", "pass", "pack_of_mine/__init__.py"),
        ("from pack_of_mine import part", "pass", "pack_of_mine/inner.py"),
    ],
)
def test_a_change_in_a_module_that_it_uses_changes_the_fingerprint(
    imports: str, body: str, changed: str, here: Path
) -> None:
    (here / "aside_of_mine.py").write_text("X = 1")
    (here / "between_of_mine.py").write_text("from aside_of_mine import *")
    (here / "pack_of_mine").mkdir()
    (here / "pack_of_mine" / "__init__.py").write_text("")
    (here / "pack_of_mine" / "part.py").write_text("from .inner import X")
    (here / "pack_of_mine" / "inner.py").write_text("X = 1")
    before = mine(here, imports, body)
    assert mine(here, imports, body) == before
    (here / changed).write_text("X = 2")
    assert mine(here, imports, body) != before


def test_a_module_that_it_does_not_use_changes_nothing(here: Path) -> None:
    before = mine(here)
    (here / "aside_of_mine.py").write_text("X = 2")
    assert mine(here) == before


NOTEBOOK = """
import numpy
from pathlib import Path
from ikbr import BaseStrategy
from ikbr import BaseStrategy, Ticker
from ikbr.api.chosen_strategies import find_strategies
from ikbr.api.instance_maker import source_of

LEVEL = {level}
NAMES = {{"a", "b", "c", "{names}"}}
TABLE = numpy.arange({table})

def inner(x):
    return x + {inner}

def outer(x):
    return [inner(one) for one in range(x)]

class Base(BaseStrategy):
    pass

class Mine(Base):
    def on_market_data(self, ticker):
        if LEVEL > 1:
            outer(len(NAMES) + len(TABLE))
        return None

UNUSED = {unused}
print(source_of(find_strategies(Mine, Path())))
"""


def of_script(folder: Path, **values: int) -> str:
    given = {"level": 1, "inner": 1, "unused": 1, "names": 1, "table": 1} | values
    (folder / "notebook.py").write_text(NOTEBOOK.format(**given))
    done = subprocess.run(
        [sys.executable, "notebook.py"], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_functions_and_values_of_a_script_that_it_uses_count_and_others_do_not(
    tmp_path: Path,
) -> None:
    before = of_script(tmp_path)
    assert of_script(tmp_path, unused=2) == before
    for name in ("level", "inner", "names", "table"):
        assert of_script(tmp_path, **{name: 2}) != before, name


def made(level: int) -> type[BaseStrategy]:
    class Made(BaseStrategy):
        def on_market_data(self, ticker: Ticker) -> None:
            assert level

    return Made


def test_what_a_class_closes_over_counts(tmp_path: Path) -> None:
    one, same, other = (source_of(find_strategies(made(n), tmp_path)) for n in (1, 1, 2))
    assert one == same != other
