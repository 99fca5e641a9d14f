"""A lane gives a target what it is to be told, when it may be told."""

from __future__ import annotations

import pytest

from ikbr.domain.alerts import SUMMARY, AlertRoute
from ikbr.ops.alerts.lane import TOGETHER, WAITING, Lane
from ikbr.ops.alerts.note import Note

NOON = 12 * 60


def note(severity: str = "warning", source: str = "link", words: str = "lost") -> Note:
    return Note(1, severity, source, words)


def lane(per_hour: int = 60, **route: object) -> Lane:
    return Lane(AlertRoute(**route), per_hour)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("route", "offered", "wanted"),
    [
        ({}, note("warning"), True),
        ({}, note("info"), False),
        ({"severity": "info"}, note("info"), True),
        ({"severity": "critical"}, note("warning"), False),
        ({"sources": ("risk", "strategy *")}, note(source="strategy momentum"), True),
        ({"sources": ("risk",)}, note("critical", "link"), False),
        ({"severity": "critical", "sources": ("risk",)}, note("info", SUMMARY), True),
        ({"severity": "info", "summary": False}, note("info", SUMMARY), False),
    ],
)
def test_a_target_is_told_what_its_route_names(
    route: dict[str, object], offered: Note, wanted: bool
) -> None:
    one = lane(**route)
    one.offer(offered)
    assert one.take(0, NOON) == ([offered] if wanted else [])
    assert one.is_empty


@pytest.mark.parametrize(
    ("quiet", "hour", "minute", "waits"),
    [
        ("22:00-07:00", 23, 0, True),
        ("22:00-07:00", 3, 0, True),
        ("22:00-07:00", 7, 0, False),
        ("22:00-07:00", 21, 59, False),
        ("01:30-02:00", 1, 30, True),
        ("01:30-02:00", 2, 0, False),
        ("", 3, 0, False),
    ],
)
def test_in_quiet_hours_only_what_is_critical_comes(
    quiet: str, hour: int, minute: int, waits: bool
) -> None:
    one, critical, mild = lane(quiet=quiet), note("critical"), note()
    one.offer(mild)
    one.offer(critical)
    now = hour * 60 + minute
    assert one.take(0, now) == ([critical] if waits else [critical, mild])
    assert one.take(1, now) == []
    assert one.take(2, NOON) == ([mild] if waits else [])


def test_within_the_shortest_interval_alerts_wait_and_come_together() -> None:
    one = lane(min_interval_s=300)
    one.offer(note(words="1"))
    assert len(one.take(0, NOON)) == 1
    for words in "234":
        one.offer(note(words=words))
    assert one.take(299, NOON) == []
    assert [n.words for n in one.take(300, NOON)] == ["2", "3", "4"]


def test_what_is_critical_does_not_wait_for_the_interval() -> None:
    one = lane(min_interval_s=300)
    one.offer(note())
    one.take(0, NOON)
    one.offer(note("critical"))
    assert len(one.take(1, NOON)) == 1


def test_the_limit_of_an_hour_keeps_a_quarter_for_what_is_critical() -> None:
    one, sent = lane(per_hour=8), []
    for second in range(20):
        one.offer(note(words=f"mild {second}"))
        sent.append(bool(one.take(second, NOON)))
    assert sum(sent) == 6
    one.offer(note("critical"))
    assert one.take(20, NOON) == [note("critical")]
    assert one.take(21, NOON) == []
    one.offer(note("critical"))
    assert one.take(22, NOON) == [note("critical")]
    one.offer(note("critical"))
    assert one.take(23, NOON) == []
    assert one.take(3_700, NOON)[0] == note("critical")


def test_nothing_is_kept_without_end_and_what_is_left_out_is_told() -> None:
    one = lane()
    for number in range(WAITING + 30):
        one.offer(note(words=str(number)))
    taken = one.take(0, NOON)
    assert len(taken) == TOGETHER + 1
    assert taken[-1].words.startswith("30 more were left out")
    assert not one.is_empty


def test_at_an_end_nothing_waits_for_a_better_time() -> None:
    one = lane(quiet="00:00-23:59", min_interval_s=300)
    one.offer(note(words="1"))
    assert one.take(0, NOON) == []
    assert len(one.take(0, NOON, ending=True)) == 1


def test_what_is_critical_finds_room_where_mild_notes_wait() -> None:
    one = lane(quiet="00:00-23:59")
    for number in range(WAITING):
        one.offer(note(words=f"warning {number}"))
    one.offer(note("critical", words="the stop is lost"))
    told = one.take(0, NOON)
    assert [each.words for each in told] == [
        "the stop is lost", "1 more were left out; they are in the log and the journal",
    ]  # fmt: skip
    for number in range(WAITING + 1):
        one.offer(note("critical", words=f"critical {number}"))
    assert one.left_out == WAITING
