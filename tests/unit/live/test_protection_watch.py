"""Positions that have lost their stop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
from tests.unit.core.rig import FREE, SECOND, Puppet, Rig, buy, sell

from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.order import OrderType, TimeInForce
from ikbr.live.protection_watch import LOOK_NS, ProtectionWatch

GUARDED = msgspec.structs.replace(FREE, require_stop=True)


def holding(require_stop: bool = True) -> tuple[Rig, ProtectionWatch]:
    """Hold 100 with a stop that works, and watch."""
    rig = Rig(Puppet(), limits=GUARDED if require_stop else FREE)
    rig.risk.clearance.reconciled = True
    rig.quote()
    rig.ask(buy(100, stop_loss=99.0))
    rig.broker.fill_all()
    pipeline: Any = SimpleNamespace(clock=rig.clock, trader=rig.trader)
    watch = ProtectionWatch(pipeline)
    watch.begin()
    return rig, watch


def after(rig: Rig, looks: int) -> list[tuple[str, str]]:
    rig.clock.advance(rig.clock.now_ns + looks * LOOK_NS + SECOND)
    return [(alert.severity, alert.source) for alert in rig.alerts]


def test_a_stop_that_the_broker_refuses_is_told_of_once_and_entries_are_cancelled() -> None:
    rig, _ = holding()
    rig.ask(buy(10, order_type=OrderType.LIMIT, limit_price=99.0, stop_loss=98.0))
    assert after(rig, 3) == []
    rig.broker.tell(2, OrderEvent.REJECT)
    assert after(rig, 1) == []
    told = after(rig, 5)
    assert told == [("critical", "protection")]
    assert "holds +100 SPY, and stops at the broker close 10 of it" in rig.alerts[0].message
    assert rig.broker.did("cancel") == [3]


def test_a_stop_that_comes_back_is_told_of() -> None:
    rig, _ = holding()
    rig.broker.tell(2, OrderEvent.CANCEL)
    after(rig, 2)
    stop = {"order_type": OrderType.STOP, "stop_price": 99.0, "tif": TimeInForce.GTC}
    rig.ask(sell(100, **stop))
    assert after(rig, 2) == [("critical", "protection"), ("info", "protection")]
    assert rig.alerts[1].message == "s0 holds nothing in SPY without a stop any more"


def test_nothing_is_told_of_where_no_stop_is_asked_for_nor_before_the_books_agree() -> None:
    for rig, _ in (holding(require_stop=False), holding()):
        rig.risk.clearance.reconciled = not rig.risk.limits.require_stop
        rig.broker.tell(2, OrderEvent.CANCEL)
        assert after(rig, 4) == []


def test_a_session_that_is_over_is_not_watched() -> None:
    rig, watch = holding()
    watch.stop()
    rig.broker.tell(2, OrderEvent.CANCEL)
    assert after(rig, 4) == []
