"""When faults act, on whom and how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.rig import OPEN, SECOND, Client, a_world, codes, names

from ikbr.domain.errors import ConfigError
from ikbr.gateway.faults.fault import read_fault
from ikbr.gateway.faults.plan import FaultPlan, load_plan, read_plan
from ikbr.gateway.messages import requests


def notices(**fields: Any) -> list[int]:
    """Say in which seconds of the market a notice comes."""
    world = a_world(
        faults=FaultPlan((read_fault({"what": "notice", "code": 1, "text": "x", **fields}),))
    )
    client = Client(world)
    found = []
    for second in range(12):
        world.advance_to(OPEN + second * SECOND)
        found += [second] * codes(client.heard()).count(1)
    return found


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"at": "09:30:05"}, [5]),
        ({"at": "2026-03-02 09:30:07"}, [7]),
        ({"after_s": 3.5}, [4]),
        ({"after_s": 2, "every_s": 3, "times": 3}, [2, 5, 8]),
        ({"after_s": 2, "every_s": 4, "times": 0}, [2, 6, 10]),
        ({"at": "09:30:05", "client": 2}, []),
    ],
)
def test_events_come_at_their_times(fields: dict[str, Any], seconds: list[int]) -> None:
    assert notices(**fields) == seconds


def test_a_fault_can_wait_for_so_many_orders_messages_or_executions() -> None:
    world = a_world(faults=read_plan({"fault": [
        {"what": "notice", "code": 1, "text": "orders", "after_orders": 2},
        {"what": "notice", "code": 2, "text": "messages", "after_messages": 4, "client": 1},
        {"what": "notice", "code": 3, "text": "executions", "after_executions": 1},
    ]}))  # fmt: skip
    world.step(2)
    client = Client(world)
    limit = {"orderType": "LMT", "lmtPrice": 90.0}
    assert codes(client.place(**limit)) == []
    assert codes(client.place(**limit)) == [1]
    assert codes(client.place()) == [3]
    assert codes(client.ask(requests.REQ_CURRENT_TIME)) == [2]
    assert world.faults.waiting == 0
    assert world.faults.fired == 3


def test_a_fault_that_waits_for_messages_acts_on_the_next_one() -> None:
    world = a_world()
    world.faults.add(read_fault({"what": "mute", "message": "reqIds", "after_messages": 2}))
    client = Client(world)
    heard = [names(client.ask(requests.REQ_IDS, count=1)) for _ in range(4)]
    assert heard == [["nextValidId"], ["nextValidId"], [], ["nextValidId"]]


def muted(seed: int) -> list[bool]:
    plan = {"seed": seed, "fault": [{"what": "mute", "chance": 0.5, "times": 0}]}
    client = Client(a_world(faults=read_plan(plan)))
    return [not client.ask(requests.REQ_CURRENT_TIME) for _ in range(40)]


def test_chance_comes_from_the_seed_and_from_nothing_else() -> None:
    assert muted(1) == muted(1)
    assert muted(1) != muted(2)
    assert 5 < sum(muted(1)) < 35


def test_a_plan_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('seed = 3\n[[fault]]\nwhat = "drop"\nat = "10:30"\nclient = 1\n')
    plan = load_plan(path)
    assert (plan.seed, [one.what for one in plan.faults]) == (3, ["drop"])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({}, "what is missing"),
        ({"what": "drip"}, "what = 'drip' is unknown; did you mean 'drop'"),
        ({"what": "drop", "secnds": 1}, "drop.*secnds is not known here"),
        ({"what": "drop", "seconds": 1}, "seconds is not known here"),
        ({"what": "restart"}, "seconds is missing"),
        ({"what": "restart", "seconds": "long"}, "restart.*Expected `float`, got `str`"),
        ({"what": "restart", "seconds": -1}, "seconds = -1.0 must be 0 to"),
        ({"what": "drop", "chance": 2}, "chance = 2.0 must be 0 to 1"),
        ({"what": "drop", "at": "half past ten"}, "at = 'half past ten' is no time; write 10:30"),
        ({"what": "drop", "at": "10:30", "after_orders": 3}, "only one of at"),
        ({"what": "drop", "times": 3}, "times = 3 needs every_s"),
        ({"what": "drop", "lasts_s": 3}, "lasts_s is for faults that wait"),
        ({"what": "mute", "every_s": 3}, "every_s is for faults that happen"),
        ({"what": "farm_down", "farm": "wheat"}, "farm = 'wheat' is unknown; choose from: contr"),
        ({"what": "link_down", "data": "gone"}, "data = 'gone' is unknown"),
        ({"what": "mute", "message": "reqTime"}, "message = 'reqTime' is unknown"),
        ({"what": "duplicate", "message": "execDetail"}, "did you mean 'execDetails'"),
        ({"what": "reject", "code": 0, "text": ""}, "code = 0 must be 1 to"),
        ({"what": "bust", "order": 3}, "order = 3 needs client"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_by_name(fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_plan({"fault": [fault]})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed = -1", "seed = -1 must be a whole number"),
        ("sead = 1", "sead is unknown; write seed"),
        ("fault = 1", "fault must be a list"),
        ("fault = [1]", "fault 1: what is missing"),
        ("[[fault]", "is no TOML"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_its_name(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load_plan(path)
    assert str(path) in str(caught.value)


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_plan(tmp_path / "none.toml")


def test_a_symbol_that_is_not_in_the_data_is_refused() -> None:
    with pytest.raises(ConfigError, match="symbol = 'SPX' is not in the data; did you mean 'SPY'"):
        a_world(faults=read_plan({"fault": [{"what": "halt", "symbol": "SPX", "seconds": 1}]}))
