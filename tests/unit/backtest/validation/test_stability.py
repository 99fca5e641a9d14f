"""Parameter stability: neighbours and maps."""

from __future__ import annotations

from itertools import product

import pytest

from ikbr.backtest.validation.stability import axes, best_of, heat_map, neighbourhood, profile

GRID = [{"a": a, "b": b, "fixed": 1} for a, b in product((1, 2, 3, 4), (0.1, 0.2, 0.3))]


def test_the_neighbours_are_one_step_away_in_each_parameter() -> None:
    scores = [float(n) for n in range(12)]
    found = neighbourhood(GRID, scores, 4)  # a=2, b=0.2: its eight neighbours are 0…8 without 4
    assert (found.count, found.mean, found.worst, found.median) == (8, 4.0, 0.0, 4.0)
    assert found.drop == 0.0


def test_neighbours_without_a_score_are_counted_apart() -> None:
    scores: list[float | None] = [1.0] * 12
    scores[0], scores[1], scores[4] = None, float("nan"), 2.0
    found = neighbourhood(GRID, scores, 4)
    assert (found.count, found.unknown, found.drop) == (6, 2, 0.5)


def test_a_best_below_zero_drops_by_its_distance_from_zero() -> None:
    found = neighbourhood([{"n": 1}, {"n": 2}], [-2.0, -3.0], 0)
    assert found.drop == 0.5


def test_a_lone_point_has_no_neighbours() -> None:
    found = neighbourhood([{"n": 1}], [1.0], 0)
    assert (found.count, found.mean, found.worst, found.drop) == (0, None, None, None)


def test_drawn_values_are_near_within_a_tenth_of_their_span() -> None:
    points = [{"x": float(n)} for n in range(101)]
    found = neighbourhood(points, [float(n == 50) for n in range(101)], 50)
    assert found.count == 20


def test_any_other_text_is_a_neighbour() -> None:
    points = [{"side": s, "n": n} for s in ("long", "short") for n in (1, 2, 3)]
    assert neighbourhood(points, [1.0] * 6, 0).count == 3


def test_the_map_is_the_slice_of_the_best_when_it_is_full() -> None:
    points = [{"a": a, "b": b, "c": c} for a, b, c in product((1, 2), (3, 4), (5, 6))]
    scores = [float(n) for n in range(8)]
    found = heat_map(points, scores, "a", "b", 7)
    assert found.scores == ((1.0, 5.0), (3.0, 7.0))
    assert (found.best, found.pooled, found.xs, found.ys) == ((1, 1), False, ("1", "2"), ("3", "4"))


def test_the_map_is_a_mean_where_the_slice_has_holes() -> None:
    points = [{"a": 1, "b": 3, "c": 5}, {"a": 1, "b": 3, "c": 6}, {"a": 2, "b": 4, "c": 6}]
    found = heat_map(points, [1.0, 3.0, 7.0], "a", "b", 0)
    assert found.pooled
    assert found.scores == ((2.0, None), (None, 7.0))


def test_without_a_best_there_is_still_a_map() -> None:
    points = [{"a": a, "b": b} for a, b in product((1, 2), (3, 4))]
    found = heat_map(points, [None] * 4, "a", "b", None)
    assert found.scores == ((None, None), (None, None))
    assert found.best is None


def test_drawn_values_are_laid_out_in_ten_steps() -> None:
    points = [{"x": n / 100, "y": n % 2} for n in range(101)]
    found = heat_map(points, [1.0] * 101, "x", "y", 100)
    assert len(found.xs) == 10
    assert found.xs[0] == "0 – 0.1"
    assert found.best == (0, 9)


def test_a_profile_is_the_mean_over_everything_else() -> None:
    scores = [float(n) for n in range(12)]
    assert profile(GRID, scores, "a") == [("1", 1.0), ("2", 4.0), ("3", 7.0), ("4", 10.0)]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([{"a": 2}, {"a": 10}, {"a": 1}], {"a": [1, 2, 10]}),
        ([{"a": 1}, {"a": 1}], {}),
        ([{"a": True}, {"a": False}], {"a": [False, True]}),
    ],
)
def test_only_what_varies_is_an_axis(points: list[dict[str, object]], expected: object) -> None:
    assert axes(points) == expected


def test_the_first_of_equals_is_best() -> None:
    assert best_of([1.0, 2.0, 2.0, None]) == 1
