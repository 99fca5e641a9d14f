"""Splits: what is chosen on never meets what judges."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.backtest.validation import splits
from ikbr.domain.errors import UsageError


@given(
    st.integers(2, 120), st.integers(1, 40), st.integers(1, 20), st.integers(0, 5), st.booleans()
)
def test_the_windows_judge_each_session_once_and_only_with_what_came_before(
    sessions: int, inside: int, outside: int, purge: int, anchored: bool
) -> None:
    scheme: splits.Scheme = "anchored" if anchored else "rolling"
    if sessions <= inside + purge:
        with pytest.raises(UsageError, match="too few"):
            splits.walk_forward(sessions, inside, outside, scheme=scheme, purge=purge)
        return
    windows = splits.walk_forward(sessions, inside, outside, scheme=scheme, purge=purge)
    judged = [session for window in windows for session in range(*window.test)]
    assert judged == list(range(inside + purge, sessions))
    for window in windows:
        assert window.train[1] + purge == window.test[0]
        if anchored:
            assert window.train[0] == 0
        else:
            assert window.train[1] - window.train[0] == inside
    assert [window.number for window in windows] == list(range(1, len(windows) + 1))


@given(st.integers(2, 60), st.integers(2, 8), st.data())
def test_no_session_near_a_tested_one_is_trained_on(
    sessions: int, count: int, data: st.DataObject
) -> None:
    count = min(count, sessions)
    tested = data.draw(st.integers(1, max(count - 1, 1)))
    purge, embargo = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))
    try:
        found = splits.combinatorial_purged(sessions, count, tested, purge=purge, embargo=embargo)
    except UsageError as error:
        assert "train" in str(error)  # noqa: PT017 - a refusal is one of the answers
        return
    assert len(found) == math.comb(count, tested)
    for split in found:
        for session in range(sessions):
            after = any(session - back in split.test for back in range(1, purge + embargo + 1))
            before = any(session + on in split.test for on in range(1, purge + 1))
            free = session not in split.test and not after and not before
            assert (session in split.train) == free


@given(st.integers(4, 60), st.integers(2, 8), st.integers(1, 7))
def test_every_session_is_judged_as_often_as_there_are_paths(
    sessions: int, count: int, tested: int
) -> None:
    count = min(count, sessions)
    tested = min(tested, count - 1)
    found = splits.combinatorial_purged(sessions, count, tested)
    for session in range(sessions):
        assert sum(session in split.test for split in found) == splits.paths(count, tested)


def test_a_fold_judges_each_session_once() -> None:
    folds = splits.purged_k_fold(11, 4, purge=1, embargo=1)
    assert sorted(s for fold in folds for s in fold.test) == list(range(11))
    assert folds[0] == splits.Split(train=(5, 6, 7, 8, 9, 10), test=(0, 1, 2))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: splits.walk_forward(5, 5, 1), "5 sessions are too few for 5 in-sample"),
        (lambda: splits.walk_forward(5, 0, 1), "in-sample 0"),
        (lambda: splits.walk_forward(5, 1, 0), "out-of-sample 0"),
        (lambda: splits.walk_forward(5, 3, 1, purge=2), "and 2 purged"),
        (lambda: splits.walk_forward(5, 1, 1, purge=-1), "purge -1"),
        (lambda: splits.walk_forward(5, 1, 1, scheme="sideways"), "'sideways'"),  # type: ignore[arg-type]
        (lambda: splits.groups(3, 4), "3 sessions are too few for 4 groups"),
        (lambda: splits.groups(3, 1), "groups 1"),
        (lambda: splits.purged_k_fold(4, 2, embargo=-1), "embargo -1"),
        (lambda: splits.combinatorial_purged(9, 3, 3), "test groups 3 of 3"),
        (lambda: splits.combinatorial_purged(99, 40, 20), "fewer groups"),
        (lambda: splits.purged_k_fold(4, 2, purge=2), "leave none of 4"),
    ],
)
def test_what_cannot_be_split_is_refused(call: object, words: str) -> None:
    assert callable(call)
    with pytest.raises(UsageError, match=words):
        call()
