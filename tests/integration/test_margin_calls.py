"""Margin calls while orders are on their way."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.backtest.stage_rig import Row, changes, play, prints
from tests.unit.core.rig import Puppet

from ikbr.backtest.result import BacktestResult
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.order import OrderRequest, Side

SHAPES = pytest.mark.parametrize("shape", ["python", "reference"])
FALL = prints(*[100.0] * 10) + prints(
    *(62.0 - n * 0.02 for n in range(30)), every_s=0.01, start_s=11.0
)


def sink(rows: list[Row], shape: str, **model: Any) -> BacktestResult:
    """Buy on credit, then let the price fall."""
    puppet = Puppet()
    puppet.does["on_market_data"] = lambda _: (
        OrderRequest("SPY", Side.BUY, 1900) if puppet.count("on_market_data") == 2 else None
    )
    given = ExecutionModel(fees="none", account="reg-t", **model)
    return play(rows, puppet, capital=100_000.0, model=given, shape=shape)


def calls(result: BacktestResult) -> list[str]:
    return [a.message for a in result.alerts if a.source == "broker"]


@SHAPES
def test_a_margin_call_is_not_repeated_while_its_orders_are_on_their_way(shape: str) -> None:
    late = sink(FALL, shape, latency_ms=100.0)
    first, second = changes(late)[1:3]
    assert calls(late)[0] == f"margin call: SELL {-first[1]} SPY is liquidated."
    assert len(calls(late)) == len(late.orders) - 1
    sent = [order.created_ns for order in late.orders[1:]]
    done = [order.done_ns for order in late.orders[1:]]
    assert all(new >= old for new, old in zip(sent[1:], done, strict=False))
    # What the price lost meanwhile is all that has to follow.
    assert -second[1] < -first[1]


@SHAPES
def test_nor_while_they_are_filled_in_parts(shape: str) -> None:
    parts = sink(FALL, shape, volume_cap=0.1)
    works = [(o.created_ns, o.done_ns) for o in parts.orders[1:]]
    assert all(new[0] >= old[1] for new, old in zip(works[1:], works, strict=False))


@SHAPES
def test_what_nobody_is_known_to_hold_is_told_once(shape: str) -> None:
    puppet = Puppet()
    wanted = {2: 10, 5: 10, 8: 1880}
    puppet.does["on_market_data"] = lambda _: (
        OrderRequest("SPY", Side.BUY, wanted[puppet.count("on_market_data")])
        if puppet.count("on_market_data") in wanted
        else None
    )
    model = ExecutionModel(fees="none", account="reg-t", response_latency_ms=5_000.0)
    deaf = play(FALL, puppet, capital=100_000.0, model=model, shape=shape)
    assert calls(deaf) == [
        "margin call: SELL 108 SPY is liquidated.",
        "margin call: 88 of 108 SPY could not be sold: no strategy is known to hold them.",
    ]
