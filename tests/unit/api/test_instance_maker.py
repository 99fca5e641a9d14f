import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ikbr.api.chosen_strategies import find_strategies
from ikbr.api.instance_maker import InstanceMaker, source_of, variable
from ikbr.backtest.optimise.errors import SweepError
from ikbr.domain.errors import StrategyError
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.registry import create

MINE = """
from ikbr import BaseStrategy

class Mine(BaseStrategy):
    def __init__(self, size: int = 1):
        self.size = size

    def on_market_data(self, ticker):
        return None
"""


def maker(folder: Path, **params: object) -> InstanceMaker:
    return InstanceMaker("mine.py:Mine", folder, {"Mine": ("SPY",)}, params)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_run_gets_strategies_of_its_own_with_its_parameters(here: Path) -> None:
    make = maker(here, allow_short=True)
    (one,), (other,) = make({"size": 3}), make({"size": 4})
    assert (one.strategy.params["size"], other.strategy.params["size"]) == (3, 4)
    assert one.strategy.allow_short
    assert (one.name, one.symbols, one.share) == ("Mine", ("SPY",), 1.0)


def test_it_works_from_whatever_folder_a_worker_runs_in(
    here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = pickle.dumps(maker(here))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    (one,) = pickle.loads(packed)({"size": 2})
    assert one.strategy.params["size"] == 2


def test_a_worker_refuses_a_source_that_changed_since_the_sweep_began(here: Path) -> None:
    packed = pickle.dumps(maker(here))
    (here / "mine.py").write_text(MINE.replace("= 1", "= 2"))
    with pytest.raises(SweepError, match="source changed while the sweep ran"):
        pickle.loads(packed)({})


def test_a_changed_base_class_changes_the_fingerprint(here: Path) -> None:
    before = source_of(find_strategies("mine.py", here))
    assert source_of(find_strategies("mine.py", here)) == before
    (here / "mine.py").write_text(MINE + "\n")
    assert source_of(find_strategies("mine.py", here)) != before


def test_what_can_be_varied_are_parameters_and_options(here: Path) -> None:
    known = variable(find_strategies("mine.py", here))
    assert set(known) == {"size", "allow_short", "stop_loss_pct", "warmup"}
    several = variable(find_strategies(["mine.py", "momentum"], here))
    assert {"Mine.size", "momentum.lookback", "lookback"} <= set(several)


def test_an_object_cannot_be_varied(here: Path) -> None:
    made = create("momentum")
    assert isinstance(made, BaseStrategy)
    with pytest.raises(StrategyError, match="pass its class"):
        variable(find_strategies(made, here))


SCRIPT = """
import sys
from pathlib import Path
import cloudpickle
from ikbr import BaseStrategy
from ikbr.api.instance_maker import InstanceMaker

def within():
    class Local(BaseStrategy):
        def on_market_data(self, ticker):
            return None
    return Local

make = InstanceMaker(within(), Path(), {"Local": ("SPY",)}, {})
Path("packed").write_bytes(cloudpickle.dumps(make))
"""


def test_a_class_made_in_a_function_reaches_other_processes(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "main.py").write_text("import script")
    unpacking = "import pickle; print(pickle.load(open('packed', 'rb'))({})[0].name)"
    for begin in (["script.py"], ["main.py"]):
        subprocess.run([sys.executable, *begin], cwd=tmp_path, check=True)
        command = [sys.executable, "-c", unpacking]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("Local\n", "")
