"""What people are shown of a session follows what its fills turn out to have been."""

from __future__ import annotations

import logging

import pytest
from tests.unit.core.rig import Rig, buy

from ikbr.core.event_bus import EventBus
from ikbr.domain.events import EventType
from ikbr.live.logs import narrate
from ikbr.live.status import Recent

HEARD = (EventType.FILL, EventType.AMENDED, EventType.ALERT)


def shown(rig: Rig) -> Recent:
    """Show what was heard on a rig's bus."""
    bus = EventBus()
    recent = Recent(bus)
    narrate(bus)
    bus.start()
    for topic, data in rig.heard:
        bus.emit(topic, data)
    return recent


def test_fills_that_are_corrected_or_taken_back_are_shown_and_counted_as_they_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "ikbr.session")
    rig = Rig(listen=HEARD)
    rig.quote()
    rig.ask(buy(300))
    fills = [rig.broker.fill(1, 100, price) for price in (100.0, 100.1, 100.2)]
    rig.broker.amend(fills[0], price=99.0)
    rig.broker.amend(fills[1], quantity=0)
    recent = shown(rig)
    assert [(one.quantity, one.price) for one in recent.fills] == [(100, 99.0), (100, 100.2)]
    assert recent.fill_count == 2
    said = " ".join(caplog.messages)
    assert "was corrected to 100 @ 99" in said
    assert "was taken back by the exchange" in said


def test_a_fill_that_is_given_back_after_it_was_taken_back_counts_again() -> None:
    rig = Rig(listen=HEARD)
    rig.quote()
    rig.ask(buy(100))
    fill = rig.broker.fill(1, 100)
    gone = rig.broker.amend(fill, quantity=0)
    assert (len(shown(rig).fills), shown(rig).fill_count) == (0, 0)
    rig.broker.amend(gone, quantity=100)
    assert shown(rig).fill_count == 1
