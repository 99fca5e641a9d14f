"""A large order waits for the broker's word about margin; nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.core.rig import FREE, SECOND, Puppet, Rig, buy, sell, signal

from ikbr.core.margin_gate import WAIT_NS
from ikbr.core.pipeline import guarded
from ikbr.domain.errors import ConfigError
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Order
from ikbr.domain.timers import TimerHeap

GATED = replace(FREE, preview_notional=5_000.0, min_excess_pct=0.2, max_rejections=1)


class Asking:
    """Let the rig's broker be asked for previews; the test answers."""

    def __init__(self, rig: Rig) -> None:
        self.asked: list[tuple[Order, Any]] = []
        rig.broker.preview = lambda order, answer: self.asked.append((order, answer))

    def answer(
        self, number: int = -1, *, before: int = 0, after: int = 0, equity: int = 100
    ) -> None:
        self.asked[number][1](
            MarginPreview(*(x * MICRO for x in (before, after, 0, 0, equity, equity)), 0)
        )


def opened(strategy: Puppet | None = None, **limits: Any) -> tuple[Rig, Asking]:
    rig = Rig(strategy or Puppet(), limits=replace(GATED, **limits), gate=True)
    return rig, Asking(rig)


def state(rig: Rig, order_id: int = 1) -> OrderState:
    return rig.orders.orders[order_id].state


def test_only_large_entries_wait() -> None:
    rig, asking = opened()
    rig.say(buy(49))
    assert (rig.broker.did("submit"), asking.asked) == ([1], [])
    rig.say(buy(50))
    assert (rig.broker.did("submit"), len(asking.asked)) == ([1], 1)
    assert state(rig, 2) is OrderState.PENDING_SUBMIT
    assert rig.slot().in_flight == 99
    asking.answer()
    assert rig.broker.did("submit") == [1, 2]


def test_a_closing_order_never_waits_for_margin() -> None:
    rig, asking = opened()
    rig.say(buy(100))
    asking.answer()
    rig.broker.fill(1, 100)
    rig.say(sell(100))
    assert (rig.broker.did("submit"), len(asking.asked)) == ([1, 2], 1)
    rig.broker.fill(2, 100)
    rig.say(sell(100))
    assert len(asking.asked) == 2


@pytest.mark.parametrize(
    ("amounts", "goes"),
    [
        ({"after": 80}, True),
        ({"after": 81}, False),
        ({"before": 90, "after": 90}, True),
        ({"before": 89, "after": 90}, False),
        ({"equity": 0, "after": 0, "before": -1}, False),
    ],
)
def test_enough_of_the_equity_must_be_left(amounts: dict[str, int], goes: bool) -> None:
    rig, asking = opened()
    rig.say(buy(100))
    asking.answer(**amounts)
    assert (rig.broker.did("submit") == [1]) is goes
    assert (state(rig) is OrderState.REJECTED) is not goes
    if not goes:
        assert "margin of the order is not known to suffice" in rig.refusals[0].refused.reason
        assert rig.risk.clearance.blocked == {}
        assert (rig.slot().entries, rig.risk.ledger.orders) == ([], {})


def test_without_an_answer_nothing_is_sent() -> None:
    rig, asking = opened()
    rig.say(buy(100))
    rig.clock.advance(rig.clock.now_ns + WAIT_NS - 1)
    assert state(rig) is OrderState.PENDING_SUBMIT
    rig.clock.advance(rig.clock.now_ns + 1)
    assert (state(rig), rig.broker.sent) == (OrderState.REJECTED, [])
    asking.answer()
    assert rig.broker.sent == []


def test_the_brokers_refusal_is_told_in_its_words() -> None:
    rig, asking = opened()
    rig.say(buy(100))
    asking.asked[0][1]("code 201: no")
    assert rig.orders.orders[1].message.endswith("code 201: no")


def test_a_halt_that_came_meanwhile_stops_what_waits() -> None:
    rig, asking = opened()
    rig.say(buy(100))
    rig.risk.halt("too hot")
    asking.answer()
    assert (state(rig), rig.broker.sent) == (OrderState.REJECTED, [])


def test_a_cancelled_order_never_leaves_nor_do_its_exits() -> None:
    rig, asking = opened(Puppet(stop=0.02))
    rig.say(signal("BUY"))
    assert rig.broker.sent == []
    rig.orders.cancel(1)
    assert [state(rig, n) for n in (1, 2)] == [OrderState.CANCELLED] * 2
    asking.answer()
    assert rig.broker.sent == []


def test_exits_leave_with_their_entry_or_not_at_all() -> None:
    rig, asking = opened(Puppet(stop=0.02))
    rig.say(signal("BUY"))
    asking.answer()
    assert rig.broker.did("submit") == [1, 2]
    rig.broker.fill(1, 100)
    rig.say(signal("SELL"))
    rig.broker.fill(3, 100)
    rig.say(signal("BUY"), after_s=5.0)
    asking.answer(after=99)
    assert [state(rig, n) for n in (4, 5)] == [OrderState.REJECTED, OrderState.CANCELLED]


def test_an_exit_that_is_cancelled_while_it_waits_never_leaves() -> None:
    rig, asking = opened(Puppet(stop=0.02))
    rig.say(signal("BUY"))
    rig.orders.cancel(2)
    asking.answer()
    assert (rig.broker.did("submit"), state(rig, 2)) == ([1], OrderState.CANCELLED)


def test_exits_of_an_entry_that_was_refused_at_once_never_leave() -> None:
    rig, _ = opened(Puppet(stop=0.02))
    rig.broker.preview = lambda order, answer: answer("no")
    rig.say(signal("BUY"))
    assert rig.broker.sent == []
    assert [state(rig, n) for n in (1, 2)] == [OrderState.REJECTED, OrderState.CANCELLED]


def test_an_order_that_is_changed_while_it_waits_is_previewed_anew() -> None:
    rig, asking = opened()
    rig.say(buy(100))
    rig.orders.modify(1, quantity=300)
    asking.answer(0)
    assert (len(asking.asked), rig.broker.sent) == (2, [])
    assert asking.asked[1][0].quantity == 300
    asking.answer(1)
    assert (rig.broker.did("submit"), rig.orders.orders[1].quantity) == ([1], 300)
    rig.orders.modify(1, quantity=400)
    assert rig.broker.did("modify") == [1]


def test_previews_count_as_messages() -> None:
    rig, asking = opened(max_messages_per_s=2)
    rig.say(buy(100))
    asking.answer()
    assert rig.risk.traffic.messages.total(rig.clock.now_ns) == 2
    rig.clock.advance(rig.clock.now_ns + SECOND)
    assert rig.risk.traffic.messages.total(rig.clock.now_ns) == 0


def test_a_broker_that_cannot_preview_is_refused_by_name() -> None:
    rig, clock = Rig(), TimerHeap()
    rig.risk.limits = GATED
    with pytest.raises(ConfigError, match=r"preview_notional = 5000: ScriptedBroker cannot"):
        guarded(rig.broker, rig.risk, clock)
