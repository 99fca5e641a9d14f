"""The tally: counts what the observers of a session hear, by few and bounded names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from ikbr.core.event_bus import OBSERVER, EventBus
from ikbr.domain.events import Alert, Decision, EventType, Refusal
from ikbr.domain.order import Fill, Order
from ikbr.domain.vitals import Counts

MOST_NAMES = 64
"""So many names are kept apart; whatever comes later counts as OTHER."""
OTHER = "other"


class Tally:
    """Count orders, fills, refusals, alerts and signals; after their orders are out."""

    def __init__(self, bus: EventBus) -> None:
        """Listen."""
        self._orders: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._alerts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._fills: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._signals: Counter[str] = Counter()
        handlers: dict[EventType, Callable[..., None]] = {
            EventType.ORDER: self._on_order,
            EventType.FILL: self._on_fill,
            EventType.REFUSED: self._on_refusal,
            EventType.ALERT: self._on_alert,
            EventType.SIGNAL: self._on_signal,
        }
        for topic, handler in handlers.items():
            bus.subscribe(topic, handler, priority=OBSERVER, name="tally")

    def counts(self) -> Counts:
        """Give what has been counted so far."""
        return Counts(
            orders={name: dict(states) for name, states in self._orders.items()},
            fills=dict(self._fills),
            refusals=dict(self._refusals),
            alerts={name: dict(sources) for name, sources in self._alerts.items()},
            signals=dict(self._signals),
        )

    def _on_order(self, order: Order) -> None:
        self._orders[order.strategy][order.state.value] += 1

    def _on_fill(self, fill: Fill) -> None:
        self._fills[fill.strategy] += 1

    def _on_refusal(self, refusal: Refusal) -> None:
        _count(self._refusals, refusal.refused.rule)

    def _on_alert(self, alert: Alert) -> None:
        _count(self._alerts[alert.severity], alert.source)

    def _on_signal(self, decision: Decision) -> None:
        self._signals[decision.strategy] += 1


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < MOST_NAMES else OTHER] += 1
