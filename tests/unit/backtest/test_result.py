"""The result: sums, frames and the fingerprint of the fills."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.backtest.stage_rig import play, prints
from tests.unit.core.rig import Puppet, signal

from ikbr.backtest.result import fill_hash, fill_row, fill_row_names
from ikbr.domain.execution import ExecutionModel


def run() -> Any:
    puppet = Puppet()
    answers = {1: signal("BUY"), 3: signal("FLAT")}
    puppet.does["on_market_data"] = lambda _: answers.get(puppet.count("on_market_data"))
    return play(prints(100, 101, 102), puppet, model=ExecutionModel(fees="ibkr-fixed"))


def test_profit_is_counted_after_and_before_commissions() -> None:
    result = run()
    paid = sum(f.commission for f in result.fills)
    assert result.commission == pytest.approx(paid)
    assert paid > 0
    assert result.net_pnl == pytest.approx(100 * (101.99 - 100.01) - paid)
    assert result.gross_pnl == pytest.approx(100 * (101.99 - 100.01))
    assert result.symbols == ["SPY"]


def test_frames_hold_every_fill_and_sample() -> None:
    result = run()
    fills, equity = result.fills_frame(), result.equity_frame()
    assert list(fills.columns) == [*fill_row_names(), "strategy", "order_id"]
    assert fills["side"].tolist() == ["BUY", "SELL"]
    assert fills["order_id"].tolist() == [1, 2]
    assert str(fills.index.tz) == "UTC"
    assert fills.index[0].value == result.fills[0].ts_ns
    assert equity["equity"].tolist() == result.equity.tolist()
    assert play(prints(100), Puppet()).fills_frame().empty


@pytest.mark.parametrize(
    "change",
    [{"ts_ns": 1}, {"symbol": "KO"}, {"quantity": 99}, {"price_units": 1}, {"commission_micro": 1}],
)
def test_the_fingerprint_changes_with_every_field_that_counts(change: dict[str, Any]) -> None:
    fills = run().fills
    other = [msgspec.structs.replace(fills[0], **change), *fills[1:]]
    assert fill_hash(other) != fill_hash(fills) == run().fill_hash
    assert fill_hash(fills[::-1]) != fill_hash(fills)


def test_a_run_that_took_no_time_has_no_speed() -> None:
    result = run()
    result.engine_seconds = 0.0
    assert result.events_per_second == 0.0
    assert fill_row(result.fills[0])["commission"] == result.fills[0].commission
