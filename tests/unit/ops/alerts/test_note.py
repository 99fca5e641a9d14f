"""One alert or several become one message that a person understands."""

from __future__ import annotations

from ikbr.ops.alerts.note import LONGEST, Note, message_of

HALF_PAST = 1_772_461_800_000_000_000


def test_a_message_of_one_alert_says_who_speaks_of_what_and_when() -> None:
    note = Note(HALF_PAST, "critical", "link", "the link is lost")
    message = message_of([note], "ikbr paper")
    assert message == ("ikbr paper: critical, link", "14:30:00Z the link is lost", "critical", 1)


def test_a_message_of_several_names_the_worst_and_each() -> None:
    notes = [
        Note(HALF_PAST, "critical", "link", "the link is back", over=True),
        Note(HALF_PAST, "warning", "clock", "off"),
        Note(HALF_PAST, "info", "reset", "comes"),
    ]
    message = message_of(notes, "bot")
    assert message.title == "bot: 3 alerts, the worst warning"
    assert message.body.splitlines() == [
        "over, link: 14:30:00Z the link is back",
        "warning, clock: 14:30:00Z off",
        "info, reset: 14:30:00Z comes",
    ]
    assert message_of(notes[:1], "bot").severity == "over"


def test_a_long_sentence_is_cut() -> None:
    body = message_of([Note(0, "info", "x", "y" * 5_000)], "bot").body
    assert len(body) < LONGEST + 20
    assert body.endswith("…")
