"""Equal alerts are one with a count, and what is over is told once."""

from __future__ import annotations

import pytest

from ikbr.domain.events import Alert
from ikbr.ops.alerts.repeats import KEPT, Repeats

WINDOW_S = 600.0


def alert(words: str, severity: str = "warning", source: str = "link", over: bool = False) -> Alert:
    return Alert(1, severity, source, words, over)


OVER = alert("entries go on", "info", over=True)


class Story:
    """Tell alerts at times, and keep what people were told."""

    def __init__(self) -> None:
        self.repeats = Repeats(WINDOW_S)
        self.told: list[tuple[float, str, str]] = []

    def at(self, now_s: float, one: Alert | None = None) -> Story:
        for note in self.repeats.due(now_s):
            self.told.append((now_s, note.severity, note.words))
        note = self.repeats.take(one, now_s) if one is not None else None
        if note is not None:
            self.told.append((now_s, note.severity, note.words))
        return self


def test_the_same_alert_within_the_window_is_one_with_a_count() -> None:
    story = Story()
    for second in range(0, 60, 10):
        story.at(second, alert(f"late by {second * 7 + 250} ms"))
    story.at(599)
    assert story.told == [(0, "warning", "late by 250 ms")]
    story.at(600).at(5_000)
    assert story.told[1:] == [
        (600, "warning", "late by 600 ms (5 more times within 10 min)"),
    ]


def test_an_alert_that_never_stops_is_told_once_per_window() -> None:
    story = Story()
    for second in range(0, 3_600, 5):
        story.at(second, alert("late"))
    assert len(story.told) == 6


@pytest.mark.parametrize(
    "other",
    [alert("lost", severity="critical"), alert("lost", source="clock"), alert("found")],
)
def test_another_severity_source_or_sentence_is_another_alert(other: Alert) -> None:
    story = Story().at(0, alert("lost")).at(1, other)
    assert len(story.told) == 2


def test_the_same_alert_after_the_window_is_told_again() -> None:
    story = Story().at(0, alert("lost")).at(700, alert("lost"))
    assert [second for second, *_ in story.told] == [0, 700]


def test_what_is_over_is_told_once_and_as_seriously_as_it_was() -> None:
    story = Story().at(0, alert("lost")).at(60, alert("lost for long", "critical"))
    story.at(9_000, OVER).at(9_001, OVER).at(9_700)
    assert story.told[2:] == [(9_000, "critical", "entries go on")]


def test_what_comes_and_goes_again_and_again_is_told_with_its_end() -> None:
    story = Story()
    for second in range(0, 100, 10):
        story.at(second, alert("lost"))
        story.at(second + 5, OVER)
    story.at(600)
    assert [words for _, _, words in story.told] == [
        "lost",
        "entries go on",
        "lost (9 more times within 10 min; it is over)",
    ]
    assert Story().at(0, OVER).told == [(0, "info", "entries go on")]


def test_people_are_not_wrong_for_long_about_what_began_again() -> None:
    story = Story().at(0, alert("lost")).at(5, OVER).at(10, alert("lost")).at(69).at(70).at(71)
    assert story.told[2:] == [(70, "warning", "lost (once more within 1 min)")]
    story.at(700, OVER)
    assert story.told[3:] == [(700, "warning", "entries go on")]


def test_at_an_end_the_counts_are_told_at_once() -> None:
    story = Story().at(0, alert("lost")).at(1, alert("lost"))
    assert [note.words for note in story.repeats.due(2, ending=True)] == [
        "lost (once more within 1 min)"
    ]


def test_only_so_many_alerts_are_remembered() -> None:
    story = Story()
    for number in range(KEPT + 5):
        story.at(0, alert("x" * (number + 1)))
    assert len(story.repeats._known) == KEPT
