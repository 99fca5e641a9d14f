"""Comparing the records of runs."""

from __future__ import annotations

import pytest

from ikbr.backtest.validation.lookahead import choose_cuts, compare_start, first_difference
from ikbr.backtest.validation.run_events import Event


def told(*times: int, key: str = "mine SPY BUY") -> list[Event]:
    return [Event(ts, "decision", f"{ts} {key}", f"buys at {ts}", key) for ts in times]


@pytest.mark.parametrize(
    ("full", "other", "cut", "expected"),
    [
        (told(1, 5), told(1, 5, 9), 9, None),
        (told(1, 5), told(1, 6), 6, (5, "buys at 5", "")),
        (told(1, 5), told(1, 3), 9, (3, "", "buys at 3")),
        (told(1, 5), told(1), 5, None),
        (told(1), told(1, key="mine SPY SELL"), 2, (1, "buys at 1", "buys at 1")),
        ([], [], 9, None),
    ],
)
def test_the_first_event_before_the_cut_that_differs_is_told(
    full: list[Event], other: list[Event], cut: int, expected: tuple[int, str, str] | None
) -> None:
    found = first_difference(full, other, cut, "mirrored")
    assert (found and (found.ts_ns, found.full, found.other)) == expected


@pytest.mark.parametrize(
    ("full", "late", "expected"),
    [
        (told(1, 5, 9), told(5, 9), (2, 2, 2, 2, 4)),
        (told(1, 5, 9, 12), told(7, 9, 12), (3, 3, 2, 2, 8)),
        (told(1, 5, 9), told(5, 8), (2, 2, 1, 0, None)),
        (told(1, 9), [], (1, 0, 0, 0, None)),
    ],
)
def test_agreement_is_found_from_the_end(
    full: list[Event], late: list[Event], expected: tuple[int, ...]
) -> None:
    start = compare_start(full, late, 4)
    assert start is not None
    found = (start.full, start.late, start.shared, start.agreeing, start.agree_from_ns)
    assert found == expected


def test_nothing_decided_is_nothing_compared() -> None:
    assert compare_start(told(1), [], 4) is None


def test_the_other_way_is_another_decision() -> None:
    start = compare_start(told(5), told(5, key="mine SPY SELL"), 4)
    assert start is not None
    assert start.agree_from_ns is None


@pytest.mark.parametrize(
    ("decided", "moments", "count", "expected"),
    [
        ([5], [0, 5, 9], 6, (6,)),
        ([5, 7], [0, 3, 9], 6, (4, 6, 8)),
        ([], [0, 3, 6, 9], 2, (4, 7)),
        (list(range(0, 100, 2)), [], 4, (25, 75)),
    ],
)
def test_cuts_follow_decisions_and_fill_the_run(
    decided: list[int], moments: list[int], count: int, expected: tuple[int, ...]
) -> None:
    assert choose_cuts(decided, moments, count) == expected
