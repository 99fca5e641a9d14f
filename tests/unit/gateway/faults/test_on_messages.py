"""Faults in what clients are told."""

from __future__ import annotations

import pytest
from tests.unit.gateway.faults.fault_rig import LIMIT, STOCK, a_market, let, pass_s
from tests.unit.gateway.rig import OPEN, SECOND, Client, a_world, codes, names, only

from ikbr.domain.errors import ProtocolError
from ikbr.gateway.faults.injector import EVENTS, EXECUTIONS, MESSAGES, REQUESTS
from ikbr.gateway.faults.kinds import EVENT, EXECUTION, KINDS, MESSAGE, ORDER, REQUEST
from ikbr.gateway.messages import requests


def test_every_kind_has_an_effect_where_it_acts() -> None:
    acts = {EVENT: EVENTS, REQUEST: REQUESTS, EXECUTION: EXECUTIONS, MESSAGE: MESSAGES}
    for name, kind in KINDS.items():
        assert kind.acts == ORDER or name in acts[kind.acts], name
    assert sum(len(one) for one in acts.values()) + 1 == len(KINDS)


def test_delay_holds_everything_back_in_order() -> None:
    world, client = a_market()
    let(world, "delay", seconds=2, lasts_s=1)
    assert client.ask(requests.REQ_CURRENT_TIME) == []
    pass_s(world, 1.5)
    client.ask(requests.REQ_IDS, count=1)
    assert client.heard() == []
    pass_s(world, 0.5)
    assert names(client.heard()) == ["currentTime", "nextValidId"]
    assert names(client.ask(requests.REQ_CURRENT_TIME)) == ["currentTime"]


def test_delay_of_one_message_lets_others_overtake_it() -> None:
    world, client = a_market()
    let(world, "delay", message="execDetails", seconds=2)
    assert "execDetails" not in names(client.place())
    pass_s(world, 2)
    assert names(client.heard()) == ["execDetails"]


def test_slow_ack_holds_back_what_becomes_of_an_order() -> None:
    world, client = a_market()
    let(world, "slow_ack", seconds=2, order=1, times=0)
    assert client.place(**LIMIT) == []
    assert client.place(**LIMIT)
    pass_s(world, 2)
    assert [one["status"] for one in only(client.heard(), "orderStatus")] == [
        "PreSubmitted", "Submitted",
    ]  # fmt: skip


def test_a_commission_can_come_late() -> None:
    world, client = a_market()
    let(world, "late_commission", seconds=120, symbol="SPY")
    assert "commissionReport" not in names(client.place())
    assert "commissionReport" in names(client.place(symbol="KO"))
    pass_s(world, 120)
    assert names(client.heard()) == ["commissionReport"]


def test_a_commission_can_come_before_its_execution() -> None:
    world, client = a_market()
    let(world, "commission_first")
    assert names(client.place())[-2:] == ["commissionReport", "execDetails"]
    assert names(client.place()).index("execDetails") < 3


def test_submitted_can_be_missing() -> None:
    world, client = a_market()
    let(world, "no_submitted", times=0)
    heard = client.place(orderType="LMT", lmtPrice=99.95)
    assert [one["status"] for one in only(heard, "orderStatus")] == ["PreSubmitted"]
    world.step(4)
    assert [one["status"] for one in only(client.heard(), "orderStatus")] == ["Filled"]


def test_duplicate_tells_a_message_again() -> None:
    world, client = a_market()
    let(world, "duplicate", message="execDetails", copies=2)
    found = only(client.place(), "execDetails")
    assert len(found) == 3
    assert found[0] == found[1] == found[2]


def test_reorder_lets_the_next_message_come_first() -> None:
    world, client = a_market()
    usual = names(client.place())
    let(world, "reorder", message="execDetails")
    changed = names(client.place())
    at = usual.index("execDetails")
    assert changed[at : at + 2] == [usual[at + 1], "execDetails"]
    assert sorted(changed) == sorted(usual)


def test_reorder_waits_for_another_message_only_so_long() -> None:
    world, client = a_market()
    let(world, "reorder", message="currentTime", seconds=3)
    assert client.ask(requests.REQ_CURRENT_TIME) == []
    pass_s(world, 3)
    assert names(client.heard()) == ["currentTime"]


def test_coalesce_tells_everything_in_bursts() -> None:
    world = a_world()
    client = Client(world)
    let(world, "coalesce", seconds=4, lasts_s=100)
    client.ask(requests.REQ_MKT_DATA, reqId=1, **STOCK)
    bursts = []
    for second in range(9):
        world.advance_to(OPEN + second * SECOND)
        if client.heard():
            bursts.append(second)
    assert bursts == [0, 4, 8]


def test_truncate_cuts_a_frame_and_closes() -> None:
    world, client = a_market()
    let(world, "truncate", message="currentTime")
    client.send(requests.REQ_CURRENT_TIME)
    assert client.session.closed
    whole = b"\0\0\0\x1049\x001\x001772461801\0"
    assert client.session.take_output() == whole[: len(whole) // 2]


def test_corrupt_announces_an_absurd_length_and_stays() -> None:
    world, client = a_market()
    let(world, "corrupt", message="currentTime")
    client.send(requests.REQ_CURRENT_TIME)
    assert not client.session.closed
    with pytest.raises(ProtocolError, match="2147483632 bytes"):
        client.heard()


def test_the_next_order_id_can_be_told_too_low() -> None:
    world, client = a_market()
    client.place(orderId=20)
    let(world, "id_rollback", by=15)
    assert client.ask(requests.REQ_IDS, count=1) == [("nextValidId", {"orderId": 6})]
    assert codes(client.place(orderId=6)) == [103]
    assert client.ask(requests.REQ_IDS, count=1) == [("nextValidId", {"orderId": 21})]


def test_the_clock_can_be_off() -> None:
    world, client = a_market()
    now = world.now_ns // SECOND
    let(world, "clock_skew", by=-6, times=1)
    assert client.ask(requests.REQ_CURRENT_TIME) == [("currentTime", {"time": now - 6})]
    assert client.ask(requests.REQ_CURRENT_TIME) == [("currentTime", {"time": now})]


def test_what_is_held_back_is_bounded_and_then_let_through_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ikbr.gateway.faults.on_messages.MOST_HELD", 1000)
    world, client = a_market()
    let(world, "delay", seconds=1000, lasts_s=1)
    heard = [client.ask(requests.REQ_CURRENT_TIME) for _ in range(100)]
    let_through = sum(len(one) for one in heard)
    assert 40 < let_through < 60
    assert heard[0] == []
    pass_s(world, 1000)
    assert let_through + len(client.heard()) == 100


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("delay", {"message": "openOrder", "seconds": 2}),
        ("slow_ack", {"seconds": 2}),
        ("reorder", {"message": "openOrder"}),
        ("no_submitted", {}),
    ],
)
def test_a_list_that_was_asked_for_is_whole_before_its_end(
    what: str, more: dict[str, object]
) -> None:
    world, client = a_market()
    client.place(**LIMIT)
    pass_s(world, 1)
    client.heard()
    let(world, what, lasts_s=10, **more)
    heard = names(client.ask(requests.REQ_OPEN_ORDERS))
    assert heard == ["openOrder", "orderStatus", "openOrderEnd"]
