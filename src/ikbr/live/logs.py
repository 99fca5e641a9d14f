"""The log of a session: one line of JSON for each thing that happened, in a file of its own."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from ikbr.core.event_bus import EventBus
from ikbr.domain.errors import UsageError
from ikbr.domain.events import Alert, Decision, EventType, Refusal
from ikbr.domain.instrument import MICRO
from ikbr.domain.order import Fill, Order

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}
"""How serious an alert is in the log."""

LOGGERS = ("ikbr",)
"""Whose lines are kept. ib_async's own hold account values, and orders as it sees them."""


FARM_IS_THERE = frozenset((2104, 2106, 2158))


class JsonLines(logging.Formatter):
    """Write a record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        told: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(told).decode()


def narrate(bus: EventBus) -> None:
    """Log what happens: decisions, orders, fills, refusals, alerts."""
    log = logging.getLogger("ikbr.session")

    def on_decision(one: Decision) -> None:
        what = f"{one.action} {abs(one.quantity)} {one.symbol} at {one.price:g}"
        log.info("%s decides: %s (%s)", one.strategy, what, one.reason)

    def on_order(one: Order) -> None:
        request = one.request
        what = f"{request.side.name} {request.quantity} {request.symbol} {request.order_type.value}"
        said = f": {one.message}" if one.message else ""
        log.info("order %d, %s, is %s%s", one.order_id, what, one.state.value, said)

    def on_fill(one: Fill) -> None:
        what = f"{one.side.name} {one.quantity} {one.symbol} at {one.price:g}"
        log.info(
            "fill of order %d: %s, fees %.2f", one.order_id, what, one.commission_micro / MICRO
        )

    def on_refusal(one: Refusal) -> None:
        log.info("refused (%s): %s", one.refused.rule, one.refused.reason)

    def on_alert(one: Alert) -> None:
        log.log(LEVELS.get(one.severity, logging.WARNING), "%s: %s", one.source, one.message)

    for event, hear in (
        (EventType.SIGNAL, on_decision),
        (EventType.ORDER, on_order),
        (EventType.FILL, on_fill),
        (EventType.REFUSED, on_refusal),
        (EventType.ALERT, on_alert),
    ):
        bus.subscribe(event, hear, name="log")


def log_code(request_id: int, code: int, words: str, _contract: object) -> None:
    """Keep what IB says; that a data farm is there is no news."""
    if code not in FARM_IS_THERE:
        about = f" about {request_id}" if request_id >= 0 else ""
        logging.getLogger("ikbr.live").info("IB says%s: %s (code %d)", about, words, code)


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Keep what is logged meanwhile in a file.

    Args:
        path: The file; it is added to.

    Raises:
        UsageError: When it cannot be written.
    """
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"log '{path}' cannot be written ({error.strerror}).") from None
    handler.setFormatter(JsonLines())
    # Without a handler of its own, Python prints its warnings across the live view.
    theirs, nothing = logging.getLogger("ib_async"), logging.NullHandler()
    theirs.addHandler(nothing)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.INFO)
    try:
        yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.removeHandler(handler)
            one.setLevel(level)
        theirs.removeHandler(nothing)
        handler.close()
