"""The inner loop hands rows over until somebody wants something."""

from __future__ import annotations

from typing import Any

import pytest

from ikbr.backtest.inner_loop import cut_off, feeds_of, inner_loop, left_in


class Seen:
    """A ticker that has whatever is stored on it."""

    def __init__(self) -> None:
        self.row = -1


class Follower:
    """A ticker that finds its row by the feed that it follows."""

    def __init__(self, feed: Any, end: int) -> None:
        self.feed, self.end = feed, end

    @property
    def row(self) -> int:
        return self.end - left_in(self.feed)


def run(
    answers: dict[int, Any], fields: tuple[str, ...], single: bool, idle: Any = None, rows: int = 6
) -> tuple[Any, list[Any]]:
    """Run a loop of rows 10, 11, … whose handler answers by row."""
    seen: list[Any] = []

    def handler(ticker: Any) -> Any:
        seen.append((ticker.row, *(getattr(ticker, f) for f in fields)))
        answer = answers.get(ticker.row)
        if isinstance(answer, Exception):
            raise answer
        return answer

    loop = inner_loop(fields, single=single)
    columns = feeds_of([[f"{f}{n}" for n in range(rows)] for f in fields], 0)
    tickers: Any = Seen() if single else [Seen(), Seen()]
    if single and fields:
        tickers = Follower(columns[0], 9 + rows)
    handlers = [(handler,)] if single else [(handler,), (lambda _: None, handler)]
    syms = None if single else [n % 2 for n in range(rows)]
    idle = idle or (lambda place, ticker, answer: False)
    return loop(range(10, 10 + rows), syms, columns, tickers, handlers, idle), seen


FIELDS = pytest.mark.parametrize("fields", [(), ("last",), ("bid", "ask", "last")], ids=len)
SINGLE = pytest.mark.parametrize("single", [True, False], ids=["one", "many"])


@SINGLE
@FIELDS
def test_without_answers_every_row_is_seen_with_its_fields(
    fields: tuple[str, ...], single: bool
) -> None:
    outcome, seen = run({}, fields, single)
    assert outcome == (-1, None, None)
    assert seen == [(10 + n, *(f"{f}{n}" for f in fields)) for n in range(6)]


@SINGLE
@FIELDS
def test_an_answer_ends_the_loop_with_the_place_of_who_gave_it(
    fields: tuple[str, ...], single: bool
) -> None:
    outcome, seen = run({13: "go"}, fields, single)
    assert outcome == (0 if single else 1, "go", None)
    assert seen[-1][0] == 13


@SINGLE
def test_an_answer_that_is_idle_is_dropped(single: bool) -> None:
    asked: list[Any] = []

    def idle(place: int, ticker: Any, answer: Any) -> bool:
        asked.append((place, ticker.row, answer))
        return answer == "again"

    outcome, _ = run({11: "again", 13: "again", 14: "new"}, ("last",), single, idle)
    assert outcome == (0, "new", None)
    assert [row for _, row, _ in asked] == [11, 13, 14]
    assert asked[0][0] == (0 if single else 1)


@SINGLE
def test_an_exception_comes_back_with_the_place_of_who_raised_it(single: bool) -> None:
    error = ValueError("x")
    outcome, seen = run({11: error}, ("last",), single)
    assert outcome == (0 if single else 1, None, error)
    assert len(seen) == 2


@SINGLE
@pytest.mark.parametrize("fields", [(), ("last",)], ids=len)
def test_cutting_off_the_leash_ends_the_loop_after_the_present_row(
    fields: tuple[str, ...], single: bool
) -> None:
    rows: Any = range(6) if fields else iter(list(range(6)))
    columns = feeds_of([[0.0] * 6 for _ in fields], 0)
    leash = columns[0] if columns else rows
    seen: list[int] = []

    def handler(ticker: Any) -> None:
        seen.append(ticker.row)
        if ticker.row == 2:
            cut_off(leash)

    loop = inner_loop(fields, single=single)
    tickers: Any = Seen() if single else [Seen()]
    if single and fields:
        tickers = Follower(columns[0], 5)
    assert loop(rows, [0] * 6, columns, tickers, [(handler,)], None) == (-1, None, None)
    assert seen == [0, 1, 2]


def test_feeds_begin_at_the_same_row() -> None:
    assert [list(feed) for feed in feeds_of([[1, 2, 3], [5, 6, 7]], 1)] == [[2, 3], [6, 7]]
    assert [list(feed) for feed in feeds_of([[1, 2, 3]], 3)] == [[]]
