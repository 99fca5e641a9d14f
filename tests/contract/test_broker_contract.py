"""Every broker keeps one contract: the same orders on the same tape come to the same."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from contract_doors import DirectDoor, InProcessDoor, TcpDoor, play
from contract_scripts import CLOSE_S, SCRIPTS, Ask, cancel, modify, send
from hypothesis import given, settings
from hypothesis import strategies as st

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.order import OrderType, TimeInForce

MODELS = {
    "quote": ExecutionModel(fees="ibkr-fixed", account="reg-t"),
    "next print": ExecutionModel(fees="ibkr-tiered", account="reg-t", fill="next"),
    "partial fills": ExecutionModel(fees="ibkr-fixed", account="reg-t", volume_cap=0.1),
    "latency": ExecutionModel(fees="ibkr-fixed", latency_ms=400.0, response_latency_ms=300.0),
}


@cache
def expected(name: str, model: str) -> dict[str, Any]:
    """Play a script through the direct door: what backtests promise."""
    return play(DirectDoor(MODELS[model]), SCRIPTS[name])


def check(expected: dict[str, Any], got: dict[str, Any]) -> None:
    for topic, value in expected.items():
        assert got[topic] == value, topic


@pytest.mark.parametrize(
    "model", ["quote", *(pytest.param(m, marks=pytest.mark.slow) for m in MODELS if m != "quote")]
)
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_comes_to_the_same_in_process(name: str, model: str) -> None:
    check(expected(name, model), play(InProcessDoor(MODELS[model]), SCRIPTS[name]))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_comes_to_the_same_over_tcp(name: str) -> None:
    check(expected(name, "quote"), play(TcpDoor(MODELS["quote"]), SCRIPTS[name]))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_does_what_its_name_says(name: str) -> None:
    """The contract is worth nothing when nothing happens: every script moves some order."""
    outcome = expected(name, "quote")
    assert len(outcome["history"]) > 1
    assert outcome["anomalies"] == {}


CENTS = st.integers(49_940, 50_060).map(lambda cents: cents / 100)


@st.composite
def asks(draw: st.DrawFn) -> list[Ask]:
    """Draw what a bot might ask for, sensible or not."""
    script: list[Ask] = []
    for number in range(draw(st.integers(1, 8))):
        at, name = draw(st.integers(-20, CLOSE_S + 25)), f"order {number}"
        kind = draw(st.sampled_from(list(OrderType)))
        what: dict[str, Any] = {"outside_rth": draw(st.booleans())}
        if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE}:
            what["limit_price"] = draw(CENTS)
        if kind in {OrderType.STOP, OrderType.STOP_LIMIT}:
            what["stop_price"] = draw(CENTS)
        if kind is OrderType.TRAIL:
            what["trail_amount"] = draw(st.integers(1, 30)) / 100
        if kind is not OrderType.MARKET_ON_OPEN:
            what["tif"] = draw(st.sampled_from(list(TimeInForce)))
        what["oca_group"] = draw(st.sampled_from(["", "", "", f"pair {at % 3}"]))
        if draw(st.integers(0, 3)) == 0:
            what["take_profit"], what["stop_loss"] = draw(CENTS), draw(CENTS)
        sign = draw(st.sampled_from([1, -1]))
        quantity = sign * draw(st.sampled_from([1, 100, 250, 1_000]))
        script.append(send(at, name, quantity, kind, **what))
        if draw(st.booleans()):
            script.append(cancel(at + draw(st.integers(0, 20)), name))
        if draw(st.booleans()):
            change: dict[str, Any] = {"quantity": draw(st.sampled_from([50, 100, 400]))}
            if "limit_price" in what:
                change["limit_price"] = draw(CENTS)
            script.append(modify(at + draw(st.integers(0, 20)), name, **change))
    return script


CASES = st.tuples(asks(), st.sampled_from(list(MODELS)))


def case_of(drawn: tuple[list[Ask], str]) -> tuple[list[Ask], ExecutionModel]:
    """Leave out what is undecided: a change that meets the order's fill on its way."""
    script, model = drawn
    if model == "latency":
        script = [ask for ask in script if ask.verb != "modify"]
    return script, MODELS[model]


@pytest.mark.slow
@given(drawn=CASES)
@settings(max_examples=40)
def test_whatever_is_asked_comes_to_the_same_in_process(drawn: tuple[list[Ask], str]) -> None:
    script, model = case_of(drawn)
    check(play(DirectDoor(model), script), play(InProcessDoor(model), script))


@pytest.mark.slow
@given(drawn=CASES)
@settings(max_examples=4)
def test_whatever_is_asked_comes_to_the_same_over_tcp(drawn: tuple[list[Ask], str]) -> None:
    script, model = case_of(drawn)
    check(play(DirectDoor(model), script), play(TcpDoor(model), script))
