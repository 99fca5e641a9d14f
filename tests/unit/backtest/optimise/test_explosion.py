from pathlib import Path

import pytest
from tests.unit.backtest.optimise.rig import engine_job, outcome

from ikbr.backtest.optimise.explosion import MOST_RUNS, check_size
from ikbr.backtest.optimise.grid import Dimension, Grid
from ikbr.backtest.optimise.store import Identity, Store
from ikbr.domain.errors import UsageError

IDENTITY = Identity("s", "d", "t", "g", "grid", "1")
LARGE = Grid((Dimension("lookback", tuple(range(2, 1002))), Dimension("threshold", (0.1, 0.2))))


def test_a_large_grid_says_how_many_runs_and_how_long_and_keeps_the_timed_ones(
    tmp_path: Path,
) -> None:
    with Store(tmp_path / "s", IDENTITY) as store:
        with pytest.raises(UsageError) as caught:
            check_size(LARGE, engine_job(tmp_path), store, 2)
        assert sorted(store.outcomes) == [0, 1]
    words = str(caught.value)
    assert "2,000 runs (1,000 lookback × 2 threshold)" in words
    assert "takes about" in words
    assert "--yes" in words


def test_what_is_kept_counts_no_more(tmp_path: Path) -> None:
    with Store(tmp_path / "s", IDENTITY) as store:
        job = engine_job(tmp_path)
        for number in range(LARGE.count - MOST_RUNS):
            store.outcomes[number] = job  # type: ignore[assignment]
        check_size(LARGE, job, store, 2)


def test_the_fast_path_is_timed_where_it_takes_over(tmp_path: Path) -> None:
    with Store(tmp_path / "s", IDENTITY) as store:
        with pytest.raises(UsageError, match=r"\(compiled, by"):
            check_size(
                LARGE,
                engine_job(tmp_path),
                store,
                2,
                lambda job, these: (outcome(one, 1.0) for one in these),
            )
        assert len(store.outcomes) == 17
