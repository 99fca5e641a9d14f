"""Splits of sessions into those that parameters are chosen on and those that judge them.

Sessions are numbered from 0 in their order. Nothing here knows what happens in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Literal

import msgspec

from ikbr.domain.errors import UsageError

Scheme = Literal["anchored", "rolling"]
SCHEMES: tuple[Scheme, ...] = ("anchored", "rolling")

MOST_SPLITS = 100_000


class Window(msgspec.Struct, frozen=True):
    """Name one step of a walk-forward: half-open ranges of session numbers.

    Attributes:
        number: Of the window, from 1.
        train: First session of the in-sample part and the one after its last.
        test: The same of the out-of-sample part.
    """

    number: int
    train: tuple[int, int]
    test: tuple[int, int]


class Split(msgspec.Struct, frozen=True):
    """Name the sessions of one split; what is purged or embargoed is in neither part.

    Attributes:
        train: Sessions to choose on, rising.
        test: Sessions to judge on, rising.
    """

    train: tuple[int, ...]
    test: tuple[int, ...]


def walk_forward(
    sessions: int,
    in_sample: int,
    out_of_sample: int,
    *,
    scheme: Scheme = "rolling",
    purge: int = 0,
) -> tuple[Window, ...]:
    """Cut sessions into the windows of a walk-forward.

    The out-of-sample parts follow each other without gap or overlap. The last one is shorter
    when the sessions do not divide evenly.

    Args:
        sessions: How many there are.
        in_sample: Length of the first in-sample part; with "rolling" of every one.
        out_of_sample: Length of an out-of-sample part, and the step.
        scheme: "rolling" drops the oldest sessions at each step, "anchored" keeps them all.
        purge: Sessions left out between the parts, so that nothing held at the end of the one
            is known in the other.

    Returns:
        The windows, at least one.

    Raises:
        UsageError: When a length makes no sense, or there are too few sessions for one window.

    Source: R. Pardo, "The Evaluation and Optimization of Trading Strategies", 2nd ed. (2008),
    chapter 11; the gap: M. López de Prado, "Advances in Financial Machine Learning" (2018),
    section 7.4.1.

    >>> [(w.train, w.test) for w in walk_forward(6, 3, 2)]
    [((0, 3), (3, 5)), ((2, 5), (5, 6))]
    >>> [(w.train, w.test) for w in walk_forward(6, 3, 2, scheme="anchored", purge=1)]
    [((0, 3), (4, 6))]
    """
    _check_at_least("in-sample", in_sample, 1)
    _check_at_least("out-of-sample", out_of_sample, 1)
    _check_at_least("purge", purge, 0)
    if scheme not in SCHEMES:
        raise UsageError(f"walk-forward {scheme!r} is unknown; choose from: {', '.join(SCHEMES)}.")
    first = in_sample + purge
    if sessions <= first:
        gap = f" and {purge} purged" if purge else ""
        raise UsageError(
            f"{sessions} sessions are too few for {in_sample} in-sample{gap}: none is left to "
            f"judge on; give more data or a smaller in-sample."
        )
    starts = range(first, sessions, out_of_sample)
    return tuple(
        Window(
            number,
            (0 if scheme == "anchored" else start - first, start - purge),
            (start, min(start + out_of_sample, sessions)),
        )
        for number, start in enumerate(starts, 1)
    )


def groups(sessions: int, count: int) -> tuple[tuple[int, int], ...]:
    """Cut sessions into groups of as equal length as can be, the longer ones first.

    Args:
        sessions: How many there are.
        count: How many groups.

    Returns:
        Half-open ranges of session numbers.

    Raises:
        UsageError: When there are fewer than two groups, or fewer sessions than groups.

    >>> groups(7, 3)
    ((0, 3), (3, 5), (5, 7))
    """
    _check_at_least("groups", count, 2)
    if sessions < count:
        raise UsageError(f"{sessions} sessions are too few for {count} groups; give fewer groups.")
    size, longer = divmod(sessions, count)
    bounds = [number * size + min(number, longer) for number in range(count + 1)]
    return tuple((bounds[n], bounds[n + 1]) for n in range(count))


def purged_k_fold(
    sessions: int, folds: int, *, purge: int = 0, embargo: int = 0
) -> tuple[Split, ...]:
    """Let every fold judge once what was chosen on the others.

    Args:
        sessions: How many there are.
        folds: How many folds.
        purge: Sessions left out of training on both sides of the test: something may be held
            across the border.
        embargo: Further sessions left out after the test: they still echo it.

    Returns:
        One split per fold.

    Raises:
        UsageError: When a number makes no sense, or nothing is left to train on.

    Source: M. López de Prado, "Advances in Financial Machine Learning" (2018), section 7.4.

    >>> purged_k_fold(6, 3, purge=1)[1]
    Split(train=(0, 5), test=(2, 3))
    """
    return combinatorial_purged(sessions, folds, 1, purge=purge, embargo=embargo)


def combinatorial_purged(
    sessions: int, count: int, test_groups: int, *, purge: int = 0, embargo: int = 0
) -> tuple[Split, ...]:
    """Let every choice of groups judge what was chosen on the others.

    Args:
        sessions: How many there are.
        count: How many groups (N).
        test_groups: How many of them judge in each split (k).
        purge: Sessions left out of training on both sides of each tested stretch.
        embargo: Further sessions left out after each tested stretch.

    Returns:
        One split for each of the N over k choices; `paths` tells how many whole histories
        they add up to.

    Raises:
        UsageError: When a number makes no sense, there would be too many splits, or nothing is
            left to train on.

    Source: M. López de Prado, "Advances in Financial Machine Learning" (2018), section 12.4.

    >>> len(combinatorial_purged(12, 6, 2)), combinatorial_purged(4, 4, 2)[0]
    (15, Split(train=(2, 3), test=(0, 1)))
    """
    parts = groups(sessions, count)
    _check_at_least("purge", purge, 0)
    _check_at_least("embargo", embargo, 0)
    if not 0 < test_groups < count:
        raise UsageError(
            f"test groups {test_groups} of {count} cannot be; leave at least one to train on."
        )
    if math.comb(count, test_groups) > MOST_SPLITS:
        raise UsageError(
            f"{count} groups with {test_groups} tested make {math.comb(count, test_groups):,} "
            f"splits; give fewer groups."
        )
    return tuple(
        _split(sessions, [parts[n] for n in chosen], purge, embargo)
        for chosen in combinations(range(count), test_groups)
    )


def paths(count: int, test_groups: int) -> int:
    """Count the whole histories that combinatorial splits add up to.

    Each group is tested in this many splits.

    Source: M. López de Prado, "Advances in Financial Machine Learning" (2018), section 12.4.1:
    `k / N × (N over k)`.

    >>> paths(6, 2), paths(5, 1)
    (5, 1)
    """
    return math.comb(count - 1, test_groups - 1)


def _split(sessions: int, tested: Sequence[tuple[int, int]], purge: int, embargo: int) -> Split:
    test = [session for start, stop in tested for session in range(start, stop)]
    lost = set(test)
    for start, stop in _joined(tested):
        lost.update(range(start - purge, start))
        lost.update(range(stop, stop + purge + embargo))
    train = tuple(session for session in range(sessions) if session not in lost)
    if not train:
        raise UsageError(
            f"purge {purge} and embargo {embargo} leave none of {sessions} sessions to train on; "
            f"give smaller ones or fewer groups."
        )
    return Split(train, tuple(test))


def _joined(ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join neighbours: between two tested groups there is nothing to purge."""
    start, stop = ranges[0]
    for following, end in ranges[1:]:
        if following == stop:
            stop = end
        else:
            yield start, stop
            start, stop = following, end
    yield start, stop


def _check_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"{name} {value} is too few; give {least} or more.")
