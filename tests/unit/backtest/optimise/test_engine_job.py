import pickle
from pathlib import Path

from tests.unit.backtest.optimise.rig import engine_job, source

from ikbr.backtest.engine import run_backtest
from ikbr.backtest.optimise.engine_job import outcome_of
from ikbr.backtest.optimise.metrics import metric_names, metrics_of
from ikbr.backtest.optimise.trial import Trial
from ikbr.backtest.stage import Instance
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.strategies.base_strategy import BaseStrategy


class Broken(BaseStrategy):
    def on_market_data(self, ticker: object) -> None:
        raise ZeroDivisionError("no price")


def test_a_trial_is_the_backtest_with_its_parameters(tmp_path: Path) -> None:
    job = engine_job(tmp_path)
    seen = set()
    for lookback in (2, 4):
        outcome = job(Trial(7, {"lookback": lookback}))
        result = run_backtest(
            source(), job.make({"lookback": lookback}), job.setup, journal=MemoryJournal()
        )
        assert outcome.fill_hash == result.fill_hash
        assert outcome.metrics == metrics_of(result)
        assert outcome.session_equity == tuple(result.session_equity)
        assert (outcome.number, outcome.error, outcome.path) == (7, "", "engine")
        seen.add(outcome.fill_hash)
    assert len(seen) == 2


def test_the_figures_have_the_names_that_objectives_take(tmp_path: Path) -> None:
    outcome = engine_job(tmp_path)(Trial(0, {}))
    assert tuple(outcome.metrics) == metric_names()
    assert outcome.metrics["fill_count"]
    assert outcome.metrics["trips"]
    assert outcome.metrics["sharpe"] is not None


def test_parameters_that_a_strategy_refuses_are_an_outcome(tmp_path: Path) -> None:
    outcome = engine_job(tmp_path)(Trial(3, {"lookback": 1}))
    assert "lookback = 1 is out of range" in outcome.error
    assert outcome.figure("net_pnl") is None


def test_a_strategy_that_was_taken_out_of_service_is_an_error(tmp_path: Path) -> None:
    job = engine_job(tmp_path)
    broken = [Instance(Broken(), "broken", ("SPY",))]
    result = run_backtest(source(), broken, job.setup, journal=MemoryJournal())
    outcome = outcome_of(Trial(0, {}), result, 1.0)
    assert "broken was disabled" in outcome.error
    assert "no price" in outcome.error


def test_an_outcome_survives_the_way_between_processes(tmp_path: Path) -> None:
    outcome = engine_job(tmp_path)(Trial(0, {"lookback": 3}))
    assert pickle.loads(pickle.dumps(outcome)) == outcome
