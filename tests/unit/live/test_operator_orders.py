"""Which orders a person means who cancels all of them."""

from __future__ import annotations

from tests.unit.core.rig import Rig, buy, sell

from ikbr.domain.order import OrderType, TimeInForce
from ikbr.live.operator_orders import Orders, cancel_all


def test_attached_exits_and_own_stops_that_protect_what_is_held_stay() -> None:
    rig = Rig()
    rig.quote()
    rig.ask(buy(100, stop_loss=99.0))
    rig.broker.fill_all()
    rig.ask(sell(100, order_type=OrderType.STOP, stop_price=98.0, tif=TimeInForce.GTC))
    rig.ask(buy(10, order_type=OrderType.LIMIT, limit_price=99.0))
    said = cancel_all(rig.trader, Orders())
    assert rig.broker.did("cancel") == [4]
    assert said == "1 cancellations asked for; 2 protective exits stay."
