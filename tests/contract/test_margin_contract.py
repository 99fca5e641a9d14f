"""Every broker previews margin alike, and a large order leaves by each only when it suffices."""

from __future__ import annotations

from typing import Any

import pytest
from contract_doors import BY_SYMBOL, DirectDoor, Door, InProcessDoor, TcpDoor

from ikbr.core.margin_gate import MarginGate
from ikbr.core.risk_manager import RiskManager
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.limits import RiskLimits
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import NAN, Order, OrderRequest, OrderType, Side

MODEL = ExecutionModel(fees="ibkr-fixed", account="reg-t")
SLOW = ExecutionModel(fees="ibkr-fixed", account="reg-t", latency_ms=400.0, response_latency_ms=300)
DOORS = [DirectDoor, InProcessDoor, pytest.param(TcpDoor, marks=pytest.mark.slow)]
SYMBOL = next(iter(BY_SYMBOL))


def request(quantity: int, side: Side = Side.BUY, **more: Any) -> OrderRequest:
    return OrderRequest(SYMBOL, side, quantity, **more)


def at_market(door: Door) -> Door:
    for _ in range(30):
        door.step()
    return door


def preview(door: Door, what: OrderRequest) -> Any:
    answers: list[MarginPreview | str] = []
    order = Order(door.orders.next_id, what, BY_SYMBOL[SYMBOL], "contract")
    door.broker.preview(order, answers.append)
    door.settle()
    [answer] = answers
    return answer


@pytest.mark.parametrize("open_door", DOORS)
def test_a_preview_says_the_same_and_places_nothing(open_door: type[Door]) -> None:
    expected = at_market(DirectDoor(MODEL))
    door = at_market(open_door(MODEL))
    try:
        limit = request(10, order_type=OrderType.LIMIT, limit_price=499.0)
        for what in (request(100), request(1_000, Side.SELL), limit):
            answer = preview(door, what)
            assert answer == preview(expected, what)
            assert answer.initial_after_micro > 0
        assert "available funds are insufficient" in preview(door, request(1_000_000))
        assert door.orders.orders == {}
        order = door.orders.submit(request(10), BY_SYMBOL[SYMBOL], "contract", NAN, NAN)
        door.settle()
        for _ in range(5):
            door.step()
        assert order.state is OrderState.FILLED
    finally:
        door.close()


def gated(door: Door, **limits: Any) -> RiskManager:
    """Put the gate before a door's broker."""
    risk = RiskManager(RiskLimits(preview_notional=20_000.0, **limits), door.portfolio, BY_SYMBOL)
    gate = MarginGate(door.broker, risk, door.clock)
    gate.attach(door._update, door._fill, door.orders.on_amended_fill)
    door.orders._broker = gate
    door.orders.on_intent = lambda order: risk.on_sent(order, door.clock.now_ns)
    return risk


@pytest.mark.parametrize("model", [MODEL, SLOW], ids=["at once", "latency"])
@pytest.mark.parametrize("open_door", DOORS)
def test_a_large_order_leaves_only_when_the_excess_suffices(
    open_door: type[Door], model: ExecutionModel
) -> None:
    door = at_market(open_door(model))
    try:
        gated(door, min_excess_pct=0.6)
        orders = [
            door.orders.submit(
                request(quantity, take_profit=600.0), BY_SYMBOL[SYMBOL], "contract", NAN, NAN
            )
            # Of a million, 0.5 × 500 × 1,200 leaves 700,000, and 0.5 × 500 × 2,000 half of it.
            for quantity in (10, 1_200, 2_000)
        ]
        door.settle()
        for _ in range(20):
            door.step()
        assert [order.filled for order in orders] == [10, 1_200, 0]
        assert [order.state.value for order in orders] == ["Filled", "Filled", "Rejected"]
        assert "would be left over it" in orders[2].message
        exits = [door.orders.children[order.order_id][0].state.value for order in orders]
        assert exits == ["Submitted", "Submitted", "Cancelled"]
    finally:
        door.close()
