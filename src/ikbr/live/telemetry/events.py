"""What happened last in a session, kept for those who listen; noted after the order is out."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from ikbr.core.event_bus import OBSERVER, EventBus
from ikbr.domain.events import Alert, Decision, EventType, Refusal
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Order
from ikbr.domain.session_events import OperatorAction
from ikbr.live.telemetry.measures import measured

KEPT = 200
"""Events of each kind that are kept: a busy strategy pushes no alert out."""

LOGGER = "ikbr"

Noted = tuple[int, str, Any]
"""A running number, the kind, and what happened."""


class Events:
    """Note what happens. To note is to append; words are made of it when somebody listens.

    Attributes:
        now_ns: Gives the time of the session.
        base: The currency of the account.
        instruments: What is traded, by symbol.
    """

    def __init__(self, bus: EventBus) -> None:
        """Listen to a session that has not begun."""
        self.now_ns: Callable[[], int] = lambda: 0
        self.base = ""
        self.instruments: Mapping[str, Instrument] = {}
        self._number = 0
        self._numbers = count(1)
        self._noted: dict[str, deque[Noted]] = {kind: deque(maxlen=KEPT) for kind in _WORDS}
        self._log = _Lines(self._on_line)
        for topic, hear in (
            (EventType.SIGNAL, self._on_signal),
            (EventType.ORDER, self._on_order),
            (EventType.FILL, self._on_fill),
            (EventType.REFUSED, self._on_refusal),
            (EventType.ALERT, self._on_alert),
        ):
            bus.subscribe(topic, hear, priority=OBSERVER, name="telemetry")

    def begin(
        self, now_ns: Callable[[], int], base: str, instruments: Mapping[str, Instrument]
    ) -> None:
        """Listen to the log, too.

        Args:
            now_ns: Gives the time of the session.
            base: The currency of the account.
            instruments: What is traded, by symbol.
        """
        self.now_ns, self.base, self.instruments = now_ns, base, instruments
        logging.getLogger(LOGGER).addHandler(self._log)

    def close(self) -> None:
        """Listen to the log no more."""
        logging.getLogger(LOGGER).removeHandler(self._log)

    @property
    def latest(self) -> int:
        """The number of the event that was noted last."""
        return self._number

    def since(self, number: int) -> Iterator[dict[str, Any]]:
        """Tell what was noted behind a number and is still kept, oldest first."""
        # Other threads write into the log: a copy is made at once, which nothing can interrupt.
        kept = [tuple(one) for one in self._noted.values() if one and one[-1][0] > number]
        new = [one for kind in kept for one in kind if one[0] > number]
        for _, kind, what in sorted(new, key=lambda one: one[0]):
            yield {"type": "event", "kind": kind, **self._words(kind, what)}

    def on_operator(self, action: OperatorAction) -> None:
        """Note what a person did."""
        self._note("operator", (self.now_ns(), action))

    # --- what is heard -------------------------------------------------------------------------

    def _note(self, kind: str, what: Any) -> None:
        number = next(self._numbers)
        self._noted[kind].append((number, kind, what))
        self._number = number

    def _on_signal(self, one: Decision) -> None:
        self._note("signal", one)

    def _on_order(self, one: Order) -> None:
        # The order goes on changing: what it is now has to be taken now.
        what = (self.now_ns(), one.order_id, one.strategy, one.request, one.state, one.message)
        self._note("order", what)

    def _on_fill(self, one: Fill) -> None:
        self._note("fill", one)

    def _on_refusal(self, one: Refusal) -> None:
        self._note("refusal", one)

    def _on_alert(self, one: Alert) -> None:
        self._note("alert", one)

    def _on_line(self, record: logging.LogRecord) -> None:
        self._note("log", (self.now_ns(), record))

    # --- how it is told ------------------------------------------------------------------------

    def _words(self, kind: str, what: Any) -> dict[str, Any]:
        words = _WORDS[kind](what)
        if kind == "refusal":
            words |= measured(what.refused, self.base)
        elif kind in _PRICED:
            words["currency"] = self._currency_of(what.symbol)
        return words

    def _currency_of(self, symbol: str) -> str:
        instrument = self.instruments.get(symbol)
        return instrument.currency if instrument is not None else ""


class _Lines(logging.Handler):
    """Hand on lines of the log; whatever goes wrong there is nobody's business here."""

    def __init__(self, take: Callable[[logging.LogRecord], None]) -> None:
        super().__init__(logging.INFO)
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        self._take(record)


def _fill(one: Fill) -> dict[str, Any]:
    return {
        "ts_ns": one.ts_ns, "id": one.order_id, "strategy": one.strategy, "symbol": one.symbol,
        "side": one.side.name, "quantity": one.quantity, "price": one.price,
        "commission": one.commission_micro / MICRO,
    }  # fmt: skip


def _order(what: tuple[Any, ...]) -> dict[str, Any]:
    ts_ns, order_id, strategy, request, state, message = what
    return {
        "ts_ns": ts_ns, "id": order_id, "strategy": strategy, "symbol": request.symbol,
        "side": request.side.name, "quantity": request.quantity,
        "order_type": request.order_type.value, "state": state.value,
        "why": message or request.reason,
    }  # fmt: skip


def _signal(one: Decision) -> dict[str, Any]:
    return {
        "ts_ns": one.ts_ns, "strategy": one.strategy, "symbol": one.symbol, "action": one.action,
        "quantity": one.quantity, "price": one.price, "reason": one.reason,
    }  # fmt: skip


def _refusal(one: Refusal) -> dict[str, Any]:
    refused, request = one.refused, one.request
    return {
        "ts_ns": one.ts_ns, "strategy": one.strategy, "symbol": request.symbol,
        "side": request.side.name, "quantity": request.quantity, "rule": refused.rule,
        "reason": refused.reason,
    }  # fmt: skip


def _alert(one: Alert) -> dict[str, Any]:
    return {
        "ts_ns": one.ts_ns, "severity": one.severity, "source": one.source, "message": one.message,
    }  # fmt: skip


def _line(what: tuple[int, logging.LogRecord]) -> dict[str, Any]:
    ts_ns, record = what
    return {
        "ts_ns": ts_ns, "level": record.levelname.lower(), "logger": record.name,
        "message": record.getMessage(),
    }  # fmt: skip


def _operator(what: tuple[int, OperatorAction]) -> dict[str, Any]:
    ts_ns, action = what
    fields = dict(action.fields)
    who = fields.pop("person", "") or fields.pop("user", "") or action.source
    subject = fields.get("strategy") or fields.get("symbol") or fields.get("order_id") or ""
    told = {name: fields[name] for name in fields if name not in {"user", "process"}}
    return {
        "ts_ns": ts_ns, "who": who, "action": action.action, "subject": str(subject),
        "reason": action.reason, "answer": ", ".join(f"{n} {v}" for n, v in told.items()),
    }  # fmt: skip


_PRICED = ("fill", "signal")
"""Kinds whose prices are in the currency of their instrument, as commissions are."""

_WORDS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "fill": _fill,
    "order": _order,
    "signal": _signal,
    "refusal": _refusal,
    "alert": _alert,
    "log": _line,
    "operator": _operator,
}
