from io import StringIO

import pytest

from ikbr.backtest.optimise.sweep import Standing
from ikbr.backtest.optimise.trial import Outcome
from ikbr.cli.sweep_progress import best_of, left_of, sweep_progress

TOLD = "best net_pnl $12.00 (lookback=5)"
BEST = Outcome(number=4, parameters={"lookback": 5}, metrics={"net_pnl": 12.0, "fill_count": 1.0})


@pytest.mark.parametrize(
    ("standing", "left", "best"),
    [
        (Standing(0, 9, None, "", None, 0), "", "no net_pnl yet"),
        (Standing(3, 9, BEST, "", 72.0, 0), "1 min 12 s left", TOLD),
        (Standing(3, 9, BEST, "", 7.0, 2), "7.0 s left, 2 failed", TOLD),
        (Standing(9, 9, BEST, "", 0.0, 0), "", TOLD),
    ],
)
def test_progress_says_what_is_left_and_what_is_best(
    standing: Standing, left: str, best: str
) -> None:
    assert left_of(standing) == left
    assert best_of(standing, "net_pnl") == best


def test_it_is_silent_unless_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", StringIO())
    with sweep_progress(3, "sharpe", None) as tell:
        assert tell is None
    with sweep_progress(3, "max:net_pnl", True) as tell:
        assert tell is not None
        tell(Standing(1, 3, BEST, "engine", 1.0, 0))
