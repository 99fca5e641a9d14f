"""What happened is kept by kind, told in order, and noted as it was at its time."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest

from ikbr.core.event_bus import EventBus
from ikbr.core.risk_checks import RULES
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Alert, Decision, EventType, Refusal, Refused
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.domain.session_events import OperatorAction
from ikbr.live.telemetry.events import KEPT, Events
from ikbr.live.telemetry.measures import UNMEASURED


def listening() -> tuple[EventBus, Events]:
    bus = EventBus()
    events = Events(bus)
    bus.start()
    return bus, events


def fill(number: int) -> Fill:
    return Fill(number, number, "bot", "SPY", Side.BUY, 5, 1, number, 1_000_000, 100.0)


def test_a_busy_strategy_pushes_no_alert_out() -> None:
    bus, events = listening()
    bus.emit(EventType.ALERT, Alert(1, "critical", "risk", "look"))
    for number in range(3 * KEPT):
        bus.emit(EventType.FILL, fill(number))
    told = list(events.since(0))
    assert [one["kind"] for one in told] == ["alert", *["fill"] * KEPT]
    assert told[-1]["id"] == 3 * KEPT - 1
    assert list(events.since(events.latest)) == []
    assert [one["id"] for one in events.since(events.latest - 2)] == [3 * KEPT - 2, 3 * KEPT - 1]


def test_an_order_is_told_as_it_was() -> None:
    bus, events = listening()
    request = OrderRequest("SPY", Side.SELL, 7, reason="it fell")
    order = Order(3, request, parse_contract("SPY"), "bot")
    for state in (OrderState.SUBMITTED, OrderState.FILLED):
        order.state = state
        bus.emit(EventType.ORDER, order)
    told = list(events.since(0))
    assert [one["state"] for one in told] == ["Submitted", "Filled"]
    assert (told[0]["id"], told[0]["side"], told[0]["why"]) == (3, "SELL", "it fell")


def test_lines_of_the_log_and_what_people_do_are_told_while_it_runs() -> None:
    _, events = listening()
    logger = logging.getLogger("ikbr.test")
    logger.setLevel(logging.INFO)
    logger.info("before")
    events.begin(lambda: 42, "EUR", {})
    try:
        logger.warning("watch %s", "out")
        events.on_operator(OperatorAction("cancel", "door", "why not", {"order_id": 7, "user": "u",
                                          "process": 1, "person": "ann"}))  # fmt: skip
    finally:
        events.close()
    logger.warning("after")
    line, action = events.since(0)
    assert (line["ts_ns"], line["level"], line["message"]) == (42, "warning", "watch out")
    assert (action["who"], action["action"], action["subject"], action["reason"]) == (
        "ann", "cancel", "7", "why not",
    )  # fmt: skip


def test_prices_and_commissions_are_told_in_the_currency_of_their_instrument() -> None:
    bus, events = listening()
    traded = msgspec.structs.replace(parse_contract("SPY"), currency="EUR")
    events.begin(lambda: 42, "USD", {"SPY": traded})
    try:
        bus.emit(EventType.FILL, fill(1))
        bus.emit(EventType.SIGNAL, Decision(1, "bot", "SPY", "BUY", 100.0, "it rose", 5))
        bus.emit(EventType.SIGNAL, Decision(1, "bot", "KO", "BUY", 100.0, "it rose", 5))
    finally:
        events.close()
    assert [one["currency"] for one in events.since(0)] == ["EUR", "EUR", ""]


@pytest.mark.parametrize(
    ("rule", "limit", "actual", "told"),
    [
        ("position", 5_000.0, 6_000.0, (5_000.0, 6_000.0, "EUR")),
        ("drawdown", 0.25, 0.5, (25.0, 50.0, "%")),
        ("daily-loss", 0.25, 0.5, (25.0, 50.0, "%")),
        ("spread", 0.25, 0.5, (25.0, 50.0, "% of price")),
        ("order-quantity", 100, 200, (100, 200, "units")),
        ("message-rate", 45, 46, (45, 46, "messages in a second")),
        ("closed", 0.0, 1.0, (None, None, "")),
        ("kill", 0.0, 1.0, (None, None, "")),
    ],
)
def test_a_refusal_is_told_in_the_unit_of_its_rule(
    rule: str, limit: float, actual: float, told: tuple[Any, ...]
) -> None:
    bus, events = listening()
    events.base = "EUR"
    request = OrderRequest("SPY", Side.BUY, 5)
    bus.emit(EventType.REFUSED, Refusal(1, "bot", request, Refused(rule, limit, actual, "no")))
    [one] = events.since(0)
    assert (one["limit"], one["actual"], one["unit"]) == told


def test_every_rule_has_a_unit_that_is_measured_or_is_known_to_say_yes_or_no() -> None:
    measured = {"units", "orders", "orders in a minute", "messages in a second", "seconds",
                "base currency", "fraction of equity", "fraction of price"}  # fmt: skip
    assert {rule.unit for rule in RULES} == measured | UNMEASURED
