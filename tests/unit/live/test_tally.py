"""What is counted of a session, by names that stay few."""

from __future__ import annotations

from ikbr.core.event_bus import EventBus
from ikbr.domain.events import Alert, EventType
from ikbr.live.tally import MOST_NAMES, OTHER, Tally


def test_alerts_are_counted_by_severity_and_source() -> None:
    bus = EventBus()
    tally = Tally(bus)
    for severity, source in (("info", "link"), ("info", "link"), ("critical", "link")):
        bus.emit(EventType.ALERT, Alert(1, severity, source, "words"))
    assert tally.counts().alerts == {"info": {"link": 2}, "critical": {"link": 1}}


def test_names_without_end_do_not_make_metrics_without_end() -> None:
    bus = EventBus()
    tally = Tally(bus)
    for number in range(1_000):
        bus.emit(EventType.ALERT, Alert(1, "info", f"source {number}", "words"))
    counted = tally.counts().alerts["info"]
    assert len(counted) == MOST_NAMES + 1
    assert counted[OTHER] == 1_000 - MOST_NAMES
