"""What happened is kept by kind, told in order, and noted as it was at its time."""

from __future__ import annotations

import logging

from ikbr.core.event_bus import EventBus
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Alert, EventType
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.domain.session_events import OperatorAction
from ikbr.live.telemetry.events import KEPT, Events


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
    events.begin(lambda: 42, "EUR")
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
