"""The engine: what a run needs, and what its end leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.backtest.stage_rig import changes, play, prints
from tests.unit.core.rig import Puppet

from ikbr.domain.errors import DataError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import OrderRequest, OrderType, Side, TimeInForce

SHAPES = pytest.mark.parametrize("shape", ["python", "reference"])


class Shy(Puppet):
    """Fail when asked about itself."""

    def describe(self) -> Any:
        raise ValueError("no words")


def test_a_strategy_that_cannot_describe_itself_does_not_lose_the_run() -> None:
    result = play(prints(100, 101), Shy())
    assert result.events == 2
    assert result.described == {"s0": {"describe failed": "ValueError: no words"}}


def test_a_source_without_sessions_is_refused_in_a_sentence() -> None:
    with pytest.raises(DataError, match="SPY: the data has no sessions"):
        play(prints(100, 101), Puppet(), sessions=())


def once(puppet: Puppet, rows: int, request: OrderRequest) -> Puppet:
    """Let a puppet send a request at one row, and again when it hears of its cancellation."""

    def act(_: Any) -> OrderRequest | None:
        return request if puppet.count("on_market_data") == rows else None

    again = lambda order: request if order.state is OrderState.CANCELLED else None  # noqa: E731
    puppet.does = {"on_market_data": act, "on_order_update": again}
    return puppet


LATE = pytest.mark.parametrize(
    ("latency", "response"), [(0.0, 0.0), (0.0, 200.0), (200.0, 0.0), (150.0, 150.0)]
)


@SHAPES
@LATE
def test_what_is_under_way_at_the_end_is_heard(shape: str, latency: float, response: float) -> None:
    model = ExecutionModel(fees="none", latency_ms=latency, response_latency_ms=response)
    puppet = once(Puppet(), 3, OrderRequest("SPY", Side.BUY, 100, outside_rth=True))
    last = prints(100, 100, 100, start_s=6 * 3600 - 2.05)
    result = play(last, puppet, model=model, shape=shape)
    assert changes(result) == [("SPY", 100, 100.01)]
    assert result.positions == {"SPY": 100}
    assert result.final_equity == 1_000_000.0 - 1.0
    assert [o.state for o in result.orders] == [OrderState.FILLED]


@SHAPES
@LATE
def test_what_works_at_the_end_is_cancelled_and_nothing_is_sent_after(
    shape: str, latency: float, response: float
) -> None:
    model = ExecutionModel(fees="none", latency_ms=latency, response_latency_ms=response)
    resting = OrderRequest(
        "SPY", Side.BUY, 100, OrderType.LIMIT, limit_price=90.0, tif=TimeInForce.GTC
    )
    puppet = once(Puppet(), 3, resting)
    result = play(prints(100, 100, 100, start_s=6 * 3600 - 2.05), puppet, model=model, shape=shape)
    assert {o.state for o in result.orders} == {OrderState.CANCELLED}
