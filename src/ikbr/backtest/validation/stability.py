"""Parameter stability: how the objective falls around the best set of parameters.

A peak that stands alone is more likely luck than a plateau. Scores are such that more is better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from numbers import Real
from statistics import fmean, median
from typing import Any, cast

import msgspec

Point = Mapping[str, Any]
Scores = Sequence[float | None]

MOST_STEPS = 25
"""Parameters with more values than this were drawn, not laid out: they have no next value."""

NEAR = 0.1
"""How far from the best a drawn value still is a neighbour, as a part of the span tried."""


class Neighbourhood(msgspec.Struct, frozen=True, kw_only=True):
    """Say what was found around the best.

    Attributes:
        best: Its score.
        count: Neighbours with a score.
        unknown: Neighbours without one.
        mean, median, worst: Of the neighbours' scores; None without any.
        drop: How far their mean lies below the best, as a part of the best's distance from 0.
    """

    best: float
    count: int
    unknown: int
    mean: float | None
    median: float | None
    worst: float | None
    drop: float | None


class Heat(msgspec.Struct, frozen=True, kw_only=True):
    """Lay the scores out over two parameters.

    Attributes:
        x, y: Names of the parameters.
        xs, ys: Their values as text, rising.
        scores: One row per `ys`, one cell per `xs`; None where nothing was tried or reached.
        best: Row and column of the best, None if it is not on the map.
        pooled: Whether a cell is the mean over other parameters; else they are the best's.
    """

    x: str
    y: str
    xs: tuple[str, ...]
    ys: tuple[str, ...]
    scores: tuple[tuple[float | None, ...], ...]
    best: tuple[int, int] | None
    pooled: bool


def axes(points: Sequence[Point]) -> dict[str, list[Any]]:
    """Name the parameters that vary, with their values.

    Args:
        points: Sets of parameters.

    Returns:
        Values by name, numbers rising and before text.

    >>> axes([{"a": 2, "b": 1, "c": "x"}, {"a": 1, "b": 1, "c": "y"}])
    {'a': [1, 2], 'c': ['x', 'y']}
    """
    found: dict[str, list[Any]] = {}
    for point in points:
        for name, value in point.items():
            values = found.setdefault(name, [])
            if value not in values:
                values.append(value)
    return {name: sorted(v, key=_order) for name, v in found.items() if len(v) > 1}


def best_of(scores: Scores) -> int | None:
    """Give the place of the highest score, the first of equals; None without any.

    >>> best_of([None, 1.0, 3.0, 3.0]), best_of([None])
    (2, None)
    """
    known = [place for place, score in enumerate(scores) if _is_known(score)]
    return max(known, key=lambda place: (scores[place], -place), default=None)


def neighbourhood(points: Sequence[Point], scores: Scores, best: int) -> Neighbourhood:
    """Look at what lies around the best.

    A neighbour differs in one parameter or more, in each by at most one step of the values
    tried; in parameters with more than `MOST_STEPS` values by at most a tenth of their span.
    Text has no steps: any other value is one away.

    Args:
        points: Sets of parameters.
        scores: Of each; None where the objective was not reached.
        best: Place of the best, which has a score.

    Returns:
        What the neighbours scored.

    Source: R. Pardo, "The Evaluation and Optimization of Trading Strategies", 2nd ed. (2008),
    chapter 10, the optimisation profile: a robust set stands among others nearly as good.

    >>> tried = [{"n": n} for n in (5, 10, 15, 20)]
    >>> neighbourhood(tried, [1.0, 4.0, 3.0, 0.0], 1).drop
    0.5
    """
    varied = axes(points)
    centre, top = points[best], scores[best]
    assert top is not None
    found = [
        scores[place]
        for place, point in enumerate(points)
        if place != best
        and point != centre
        and all(_is_near(centre.get(n), point.get(n), values) for n, values in varied.items())
    ]
    known = [score for score in found if score is not None and _is_known(score)]
    mean = fmean(known) if known else None
    return Neighbourhood(
        best=top,
        count=len(known),
        unknown=len(found) - len(known),
        mean=mean,
        median=median(known) if known else None,
        worst=min(known, default=None),
        drop=(top - mean) / abs(top) if mean is not None and top else None,
    )


def heat_map(points: Sequence[Point], scores: Scores, x: str, y: str, best: int | None) -> Heat:
    """Lay the scores out over two parameters.

    Where every set that shares the best's other parameters makes a full map, it is that slice;
    otherwise a cell is the mean of all sets that fall into it. Parameters with more than
    `MOST_STEPS` values are shown in ten equal steps.

    Args:
        points: Sets of parameters.
        scores: Of each; None where the objective was not reached.
        x: Name of a parameter that varies, across.
        y: Another one, down.
        best: Place of the best, or None.

    Returns:
        The map.

    >>> tried = [{"a": a, "b": b} for a in (1, 2) for b in (3, 4)]
    >>> heat_map(tried, [1.0, 2.0, 3.0, None], "a", "b", 2).scores
    ((1.0, 3.0), (2.0, None))
    """
    varied = axes(points)
    columns, rows = _Steps(varied[x]), _Steps(varied[y])
    rest = [name for name in varied if name not in (x, y)]
    cells: dict[tuple[int, int], list[tuple[Point, float | None]]] = {}
    for point, score in zip(points, scores, strict=True):
        cell = rows.place(point[y]), columns.place(point[x])
        cells.setdefault(cell, []).append((point, score))
    centre = points[best] if best is not None else None
    own = {
        cell: [pair for pair in pairs if centre and all(pair[0][n] == centre[n] for n in rest)]
        for cell, pairs in cells.items()
    }
    pooled = not (centre and all(own.values())) and bool(rest)
    shown = cells if pooled or not centre else own
    return Heat(
        x=x,
        y=y,
        xs=columns.names,
        ys=rows.names,
        scores=tuple(
            tuple(_mean(shown.get((row, column), ())) for column in range(len(columns.names)))
            for row in range(len(rows.names))
        ),
        best=(rows.place(centre[y]), columns.place(centre[x])) if centre else None,
        pooled=pooled,
    )


def profile(points: Sequence[Point], scores: Scores, name: str) -> list[tuple[str, float | None]]:
    """Give the mean score for each value of one parameter, over all others.

    >>> profile([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}], [1.0, 3.0, None], "a")
    [('1', 2.0), ('2', None)]
    """
    steps = _Steps(axes(points)[name])
    found: list[list[tuple[Point, float | None]]] = [[] for _ in steps.names]
    for point, score in zip(points, scores, strict=True):
        found[steps.place(point[name])].append((point, score))
    return list(zip(steps.names, map(_mean, found), strict=True))


class _Steps:
    """Give values a place on an axis: one each, or one of ten equal steps."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = list(values)
        self._stepped = len(values) > MOST_STEPS and all(_is_number(v) for v in values)
        if self._stepped:
            self._low, high = float(values[0]), float(values[-1])
            self._width = (high - self._low) / 10
            edges = [self._low + n * self._width for n in range(11)]
            self.names = tuple(f"{_text(a)} – {_text(b)}" for a, b in pairwise(edges))
        else:
            self.names = tuple(_text(value) for value in values)

    def place(self, value: Any) -> int:
        if not self._stepped:
            return self._values.index(value)
        return min(int((float(value) - self._low) / self._width), 9)


def _mean(pairs: Sequence[tuple[Point, float | None]]) -> float | None:
    known = [score for _, score in pairs if score is not None and _is_known(score)]
    return fmean(known) if known else None


def _is_near(centre: Any, other: Any, values: Sequence[Any]) -> bool:
    if not (_is_number(centre) and _is_number(other)):
        return True
    if len(values) <= MOST_STEPS:
        return abs(values.index(centre) - values.index(other)) <= 1
    numbers = [float(value) for value in values if _is_number(value)]
    return abs(float(centre) - float(other)) <= NEAR * (max(numbers) - min(numbers))


def _is_known(score: float | None) -> bool:
    return score is not None and math.isfinite(score)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _order(value: Any) -> tuple[bool, float, str]:
    number = _is_number(value)
    return not number, float(cast(float, value)) if number else 0.0, str(value)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
